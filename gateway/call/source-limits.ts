import { senderKey } from "../core/cidr.js";
import type { MonoMs } from "../core/time.js";

export interface SourceLimitOptions {
  /** Requests a second of one source; 0: no limit. */
  readonly perSecond: number;
  /** Requests that a source may send at once. */
  readonly burst: number;
  /** Suspicious acts within `strikeWindowMs` that get a source shut out. */
  readonly strikes: number;
  readonly strikeWindowMs: number;
  /** For how long it is shut out, ms. */
  readonly shutOutMs: number;
  /** Sources that are remembered; rounded up to a power of two, at least 64. */
  readonly sources: number;
}

export const DEFAULT_SOURCE_LIMITS: SourceLimitOptions = {
  perSecond: 0,
  burst: 200,
  strikes: 30,
  strikeWindowMs: 60_000,
  shutOutMs: 300_000,
  sources: 16_384,
};

/** Places that one source may be remembered in; of a full set the one seen longest ago makes room. */
const WAYS = 8;

/**
 * A token bucket and a count of strikes for each source, in arrays made once: a flood of forged addresses can make it forget
 * others (those seen longest ago, in the same set of eight; one that is shut out goes last) but not grow. IPv6 sources count by /64.
 * Two sources are confused when two seeded 32-bit hashes of them agree.
 */
export class SourceLimits {
  readonly #options: SourceLimitOptions;
  readonly #seed: number;
  readonly #sets: number;
  readonly #check: Uint32Array;
  readonly #seenAt: Float64Array;
  readonly #tokens: Float64Array;
  readonly #strikes: Uint16Array;
  readonly #strikesFrom: Float64Array;
  readonly #shutUntil: Float64Array;

  /** @param seed 32 bits that a sender cannot know, so that it cannot choose addresses which fall into one set. */
  constructor(options: SourceLimitOptions, seed: number) {
    this.#options = options;
    this.#seed = seed >>> 0;
    let places = 64;
    while (places < options.sources) places *= 2;
    this.#sets = places / WAYS;
    this.#check = new Uint32Array(places);
    this.#seenAt = new Float64Array(places).fill(Number.NEGATIVE_INFINITY);
    this.#tokens = new Float64Array(places);
    this.#strikes = new Uint16Array(places);
    this.#strikesFrom = new Float64Array(places);
    this.#shutUntil = new Float64Array(places);
  }

  /** Counts one request. @param source An address, or `trunk:NAME`. @returns False: more than the source may send. */
  take(source: string, now: MonoMs): boolean {
    const { perSecond, burst } = this.#options;
    if (perSecond === 0) return true;
    const at = this.#place(source, now);
    const sinceMs = Math.max(0, now - (this.#seenAt[at] ?? now));
    const tokens = Math.min(burst, (this.#tokens[at] ?? 0) + (sinceMs * perSecond) / 1000);
    this.#seenAt[at] = now;
    this.#tokens[at] = tokens >= 1 ? tokens - 1 : tokens;
    return tokens >= 1;
  }

  /** Counts a suspicious act. @returns True when this one got the source shut out. */
  strike(source: string, now: MonoMs, weight = 1): boolean {
    const at = this.#place(source, now);
    if (now - (this.#strikesFrom[at] ?? 0) > this.#options.strikeWindowMs) {
      this.#strikesFrom[at] = now;
      this.#strikes[at] = 0;
    }
    this.#strikes[at] = Math.min(65_535, (this.#strikes[at] ?? 0) + weight);
    if ((this.#strikes[at] ?? 0) < this.#options.strikes || (this.#shutUntil[at] ?? 0) > now) return false;
    this.#shutUntil[at] = now + this.#options.shutOutMs;
    return true;
  }

  isShutOut(source: string, now: MonoMs): boolean {
    const at = this.#find(source);
    return at >= 0 && (this.#shutUntil[at] ?? 0) > now;
  }

  #find(source: string): number {
    const key = senderKey(source);
    const check = Math.max(1, hash(key, this.#seed ^ 0x9e3779b9));
    const first = (hash(key, this.#seed) % this.#sets) * WAYS;
    for (let at = first; at < first + WAYS; at++) if (this.#check[at] === check) return at;
    return -1;
  }

  /** Where the source is kept; makes room for one that is new. */
  #place(source: string, now: MonoMs): number {
    const key = senderKey(source);
    const check = Math.max(1, hash(key, this.#seed ^ 0x9e3779b9));
    const first = (hash(key, this.#seed) % this.#sets) * WAYS;
    let oldest = first;
    let oldestAge = Number.POSITIVE_INFINITY;
    for (let at = first; at < first + WAYS; at++) {
      if (this.#check[at] === check) return at;
      const lastUse = Math.max(this.#seenAt[at] ?? 0, this.#shutUntil[at] ?? 0);
      if (this.#check[at] === 0) {
        oldest = at;
        oldestAge = Number.NEGATIVE_INFINITY;
      } else if (lastUse < oldestAge) {
        oldest = at;
        oldestAge = lastUse;
      }
    }
    this.#check[oldest] = check;
    this.#seenAt[oldest] = now;
    this.#tokens[oldest] = this.#options.burst;
    this.#strikes[oldest] = 0;
    this.#strikesFrom[oldest] = now;
    this.#shutUntil[oldest] = 0;
    return oldest;
  }
}

/** FNV-1a with a seed and a last mixing (murmur3's), 32 bits. */
function hash(text: string, seed: number): number {
  let h = seed ^ 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
