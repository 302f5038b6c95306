import type { CueCounts } from "./features.js";
import { wordHash } from "./text/word-hash.js";
import type { Token } from "./text/tokens.js";

/** Weights of words and word pairs; index: hash bucket, of which the mask leaves what the tables have. */
export interface WordTables {
  readonly mask: number;
  readonly suspect: Float32Array;
  readonly other: Float32Array;
}

/** Words count by their first letters: inflections fall together. */
const STEM = 6;
const PAIR_SALT = 0x5bd1e995;

/** Buckets of the words and word pairs of a turn: one of its first word, two of each other. Numbers all count as one word. */
export function wordBuckets(tokens: readonly Token[], mask: number): number[] {
  if (mask === 0) return [];
  const buckets: number[] = [];
  let before = 0;
  tokens.forEach(({ word }, at) => {
    const first = word.charCodeAt(0);
    const hash = first >= 0x30 && first <= 0x39 ? 1 : wordHash(word.slice(0, STEM));
    buckets.push(hash & mask);
    if (at > 0) buckets.push((Math.imul(before, 31) ^ hash ^ PAIR_SALT) & mask);
    before = hash;
  });
  return buckets;
}

interface WordSums {
  readonly tables: WordTables;
  asSuspect: number;
  asOther: number;
}

/** What one side has shown so far: how often each cue, and which words. Can take back what it was told. */
export class SideTally {
  readonly counts: CueCounts;
  readonly #sums: readonly WordSums[];
  /** How often each was said; as many as there are words that still count, so bounded by the window. */
  readonly #buckets = new Map<number, number>();

  /** @param tables The sums of words are kept for each of them. */
  constructor(cues: number, tables: readonly WordTables[]) {
    this.counts = new Uint16Array(cues);
    this.#sums = tables.map((one) => ({ tables: one, asSuspect: 0, asOther: 0 }));
  }

  add(cues: readonly number[], buckets: readonly number[]): void {
    for (const cue of cues) this.counts[cue] = Math.min(0xffff, (this.counts[cue] ?? 0) + 1);
    for (const bucket of buckets) {
      const before = this.#buckets.get(bucket) ?? 0;
      this.#buckets.set(bucket, before + 1);
      if (before === 0) this.#change(bucket, 1);
    }
  }

  remove(cues: readonly number[], buckets: readonly number[]): void {
    for (const cue of cues) this.counts[cue] = Math.max(0, (this.counts[cue] ?? 0) - 1);
    for (const bucket of buckets) {
      const before = this.#buckets.get(bucket) ?? 0;
      if (before > 1) this.#buckets.set(bucket, before - 1);
      else if (this.#buckets.delete(bucket)) this.#change(bucket, -1);
    }
  }

  /** How many different words and word pairs were said. */
  get words(): number {
    return this.#buckets.size;
  }

  /** The buckets of the words that were said, rising. */
  present(): Int32Array {
    return Int32Array.from(this.#buckets.keys()).sort();
  }

  #change(bucket: number, sign: 1 | -1): void {
    for (const sums of this.#sums) {
      const { mask, suspect, other } = sums.tables;
      sums.asSuspect += sign * (suspect[bucket & mask] ?? 0);
      sums.asOther += sign * (other[bucket & mask] ?? 0);
    }
  }

  /**
   * What this side's words add to the sum. Grows with the root of their number, so that long calls are not judged by length.
   * @param tables Those that sums are kept for cost nothing; others a look at each word.
   */
  wordSum(tables: WordTables, suspected: boolean): number {
    const kept = this.#sums.find((one) => one.tables === tables);
    if (kept !== undefined) return (suspected ? kept.asSuspect : kept.asOther) * this.#perWord();
    const weights = suspected ? tables.suspect : tables.other;
    let sum = 0;
    for (const bucket of this.#buckets.keys()) sum += weights[bucket & tables.mask] ?? 0;
    return sum * this.#perWord();
  }

  /** What one of the words that were said adds. */
  wordWeight({ mask, suspect, other }: WordTables, bucket: number, suspected: boolean): number {
    return ((suspected ? suspect : other)[bucket & mask] ?? 0) * this.#perWord();
  }

  #perWord(): number {
    return 1 / Math.sqrt(Math.max(1, this.#buckets.size));
  }
}
