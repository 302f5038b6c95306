import { powerOfTwo } from "./string-hasher.js";

const WAYS = 8;
const WORDS = 2;

/**
 * Remembers which caller reached which number and when (seconds), so that a regular caller of an attacked number is not taken
 * for an attacker. Preallocated; in a full bucket the pair seen longest ago is forgotten. Two pairs are taken for one with a
 * chance of about 2^-29, which lets one stranger pass.
 */
export class KnownCallers {
  readonly #words: Int32Array;
  readonly #mask: number;

  constructor(pairs: number) {
    const buckets = Math.max(1, powerOfTwo(pairs) / WAYS);
    this.#mask = buckets - 1;
    this.#words = new Int32Array(buckets * WAYS * WORDS);
  }

  get bytes(): number {
    return this.#words.byteLength;
  }

  /** Notes a call at `second` (since any fixed moment, above 0). */
  note(pairHigh: number, pairLow: number, second: number): void {
    const tag = pairHigh === 0 ? 1 : pairHigh;
    const start = (pairLow & this.#mask) * WAYS * WORDS;
    let room = start;
    let oldest = Infinity;
    for (let at = start; at < start + WAYS * WORDS; at += WORDS) {
      if (this.#words[at] === tag) {
        this.#words[at + 1] = second;
        return;
      }
      const seen = this.#words[at] === 0 ? -1 : (this.#words[at + 1] as number);
      if (seen < oldest) {
        oldest = seen;
        room = at;
      }
    }
    this.#words[room] = tag;
    this.#words[room + 1] = second;
  }

  /** Reads the pair's bucket, so that the memory is on its way while other tables are asked. */
  prefetch(pairLow: number): number {
    return this.#words[(pairLow & this.#mask) * WAYS * WORDS] as number;
  }

  /** @returns The second of the latest call noted, 0 when there is none. */
  lastSeen(pairHigh: number, pairLow: number): number {
    const tag = pairHigh === 0 ? 1 : pairHigh;
    const start = (pairLow & this.#mask) * WAYS * WORDS;
    for (let at = start; at < start + WAYS * WORDS; at += WORDS) {
      if (this.#words[at] === tag) return this.#words[at + 1] as number;
    }
    return 0;
  }

  /** An attacker is no acquaintance. */
  forget(pairHigh: number, pairLow: number): void {
    const tag = pairHigh === 0 ? 1 : pairHigh;
    const start = (pairLow & this.#mask) * WAYS * WORDS;
    for (let at = start; at < start + WAYS * WORDS; at += WORDS) {
      if (this.#words[at] === tag) this.#words[at] = 0;
    }
  }
}
