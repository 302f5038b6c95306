import type { CueCounts } from "./features.js";
import type { WordTables } from "./threat-model.js";
import { wordHash } from "./text/word-hash.js";
import type { Token } from "./text/tokens.js";

/** Words count by their first letters: inflections fall together. */
const STEM = 6;
const PAIR_SALT = 0x5bd1e995;

/** Buckets of the words and word pairs of a turn; numbers all count as one word. */
export function wordBuckets(tokens: readonly Token[], mask: number): number[] {
  if (mask === 0) return [];
  const buckets: number[] = [];
  let before = 0;
  for (const { word } of tokens) {
    const first = word.charCodeAt(0);
    const hash = first >= 0x30 && first <= 0x39 ? 1 : wordHash(word.slice(0, STEM));
    buckets.push(hash & mask);
    if (before !== 0) buckets.push((Math.imul(before, 31) ^ hash ^ PAIR_SALT) & mask);
    before = hash;
  }
  return buckets;
}

/** What one side has shown so far: how often each cue, and which words. Can take back what it was told. */
export class SideTally {
  readonly counts: CueCounts;
  readonly #tables: WordTables;
  readonly #buckets: Uint16Array;
  #different = 0;
  #asSuspect = 0;
  #asOther = 0;

  constructor(cues: number, tables: WordTables) {
    this.counts = new Uint16Array(cues);
    this.#tables = tables;
    this.#buckets = new Uint16Array(tables.mask + 1);
  }

  add(cues: readonly number[], buckets: readonly number[]): void {
    for (const cue of cues) this.counts[cue] = Math.min(0xffff, (this.counts[cue] ?? 0) + 1);
    for (const bucket of buckets) {
      const before = this.#buckets[bucket] ?? 0;
      this.#buckets[bucket] = Math.min(0xffff, before + 1);
      if (before === 0) this.#change(bucket, 1);
    }
  }

  remove(cues: readonly number[], buckets: readonly number[]): void {
    for (const cue of cues) this.counts[cue] = Math.max(0, (this.counts[cue] ?? 0) - 1);
    for (const bucket of buckets) {
      const before = this.#buckets[bucket] ?? 0;
      this.#buckets[bucket] = Math.max(0, before - 1);
      if (before === 1) this.#change(bucket, -1);
    }
  }

  /** The buckets of the words that were said, rising. */
  present(): Int32Array {
    const found: number[] = [];
    if (this.#buckets.length > 1) this.#buckets.forEach((count, bucket) => count > 0 && found.push(bucket));
    return Int32Array.from(found);
  }

  #change(bucket: number, sign: 1 | -1): void {
    this.#different += sign;
    this.#asSuspect += sign * (this.#tables.suspect[bucket] ?? 0);
    this.#asOther += sign * (this.#tables.other[bucket] ?? 0);
  }

  /** What this side's words add to the sum. Grows with the root of their number, so that long calls are not judged by length. */
  wordSum(suspected: boolean): number {
    if (this.#different === 0) return 0;
    return (suspected ? this.#asSuspect : this.#asOther) / Math.sqrt(this.#different);
  }
}
