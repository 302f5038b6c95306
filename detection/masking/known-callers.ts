import { powerOfTwo } from "./string-hasher.js";

const WAYS = 8;
const WORDS = 2;
const NOTES = 32;

/**
 * Remembers which caller reached which number and when (seconds), so that a regular caller of an attacked number is not taken
 * for an attacker. Preallocated; in a full bucket the pair seen longest ago is forgotten. Two pairs are taken for one with a
 * chance of about 2^-29, which lets one stranger pass.
 */
export class KnownCallers {
  readonly #words: Int32Array;
  readonly #mask: number;
  /** Notes not yet written: high, low, second. */
  readonly #notes = new Int32Array(3 * NOTES);
  #waiting = 0;
  /** Keeps the early reads of `#flush` from being left out. */
  #read = 0;

  constructor(pairs: number) {
    const buckets = Math.max(1, powerOfTwo(pairs) / WAYS);
    this.#mask = buckets - 1;
    this.#words = new Int32Array(buckets * WAYS * WORDS);
  }

  /** Of no meaning. */
  get lastRead(): number {
    return this.#read;
  }
  get bytes(): number {
    return this.#words.byteLength;
  }

  /** Notes a call at `second` (since any fixed moment, above 0). */
  note(pairHigh: number, pairLow: number, second: number): void {
    const at = this.#waiting * 3;
    this.#notes[at] = pairHigh;
    this.#notes[at + 1] = pairLow;
    this.#notes[at + 2] = second;
    if (++this.#waiting >= NOTES) this.#flush();
  }

  /** Many at once: their buckets are far apart in memory, and fetched together. */
  #flush(): void {
    const end = this.#waiting * 3;
    let read = 0;
    for (let at = 1; at < end; at += 3) {
      read ^= this.#words[((this.#notes[at] as number) & this.#mask) * WAYS * WORDS] as number;
    }
    this.#read = read;
    for (let at = 0; at < end; at += 3) {
      this.#write(this.#notes[at] as number, this.#notes[at + 1] as number, this.#notes[at + 2] as number);
    }
    this.#waiting = 0;
  }

  #write(pairHigh: number, pairLow: number, second: number): void {
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

  /** @returns The second of the latest call noted, 0 when there is none. */
  lastSeen(pairHigh: number, pairLow: number): number {
    this.#flush();
    const tag = pairHigh === 0 ? 1 : pairHigh;
    const start = (pairLow & this.#mask) * WAYS * WORDS;
    for (let at = start; at < start + WAYS * WORDS; at += WORDS) {
      if (this.#words[at] === tag) return this.#words[at + 1] as number;
    }
    return 0;
  }

  /** An attacker is no acquaintance. */
  forget(pairHigh: number, pairLow: number): void {
    this.#flush();
    const tag = pairHigh === 0 ? 1 : pairHigh;
    const start = (pairLow & this.#mask) * WAYS * WORDS;
    for (let at = start; at < start + WAYS * WORDS; at += WORDS) {
      if (this.#words[at] === tag) this.#words[at] = 0;
    }
  }
}
