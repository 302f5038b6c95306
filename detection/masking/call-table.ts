import { powerOfTwo } from "./string-hasher.js";

const WAYS = 4;
/** Hash of the Call-ID, check of caller and called number, time in ms (wraps), state bits. */
const WORDS = 4;

export const CALL_ANSWERED = 1;
export const CALL_ENDED = 2;
export const CALL_REFUSED = 4;
export const CALL_DETECTED = 8;

/**
 * What is known of each recent call, so that a call that is told of again counts once and a finding knows which calls are answered
 * or over. One call is one call id with one caller and one called number: who sends many callers under one id does not hide. An id
 * that comes again after its call was over, or as that of a new call, is a new call's: its caller chose it.
 * Preallocated; when a bucket is full, an ended call makes room first, then the oldest.
 */
export class CallTable {
  readonly #words: Int32Array;
  readonly #mask: number;
  /** State of the call just observed, when it was known. */
  knownState = 0;

  constructor(calls: number) {
    const buckets = Math.max(1, powerOfTwo(calls) / WAYS);
    this.#mask = buckets - 1;
    this.#words = new Int32Array(buckets * WAYS * WORDS);
  }

  get bytes(): number {
    return this.#words.byteLength;
  }

  /** Reads a call's bucket early: see NumberTable.prefetch. */
  prefetch(low: number): number {
    return this.#words[(low & this.#mask) * WAYS * WORDS] as number;
  }

  /**
   * @param isNew Whoever carries the call says that it begins now.
   * @returns True when this call was seen before; its state is in `knownState`. Otherwise it is remembered.
   */
  observe(high: number, low: number, check: number, time: number, isNew: boolean): boolean {
    const tag = high === 0 ? 1 : high;
    const start = (low & this.#mask) * WAYS * WORDS;
    let room = start;
    let roomScore = -Infinity;
    for (let at = start; at < start + WAYS * WORDS; at += WORDS) {
      const entry = this.#words[at] as number;
      const age = (time - (this.#words[at + 2] as number)) | 0;
      const state = this.#words[at + 3] as number;
      if (entry === tag && this.#words[at + 1] === check) {
        if (isNew || isEnded(state)) {
          room = at;
          break;
        }
        this.knownState = state;
        return true;
      }
      const score = entry === 0 ? Infinity : isEnded(state) ? 4_294_967_296 + age : age;
      if (score > roomScore) {
        room = at;
        roomScore = score;
      }
    }
    this.#words[room] = tag;
    this.#words[room + 1] = check;
    this.#words[room + 2] = time;
    this.#words[room + 3] = 0;
    return false;
  }

  /** Adds state bits to one call: as `observe` was told of it. */
  markOne(high: number, low: number, check: number, bits: number): void {
    const tag = high === 0 ? 1 : high;
    const start = (low & this.#mask) * WAYS * WORDS;
    for (let at = start; at < start + WAYS * WORDS; at += WORDS) {
      if (this.#words[at] !== tag || this.#words[at + 1] !== check) continue;
      this.#words[at + 3] = (this.#words[at + 3] as number) | bits;
    }
  }

  /**
   * Adds a state bit to every call of this id, where nobody says whose it is. Several calls under one id are not over when one of
   * them is, and a sender who hangs up one must not hide the others.
   */
  mark(high: number, low: number, bit: number): void {
    const tag = high === 0 ? 1 : high;
    const start = (low & this.#mask) * WAYS * WORDS;
    let first = -1;
    for (let at = start; at < start + WAYS * WORDS; at += WORDS) {
      if (this.#words[at] !== tag) continue;
      if (first >= 0 && bit === CALL_ENDED) {
        this.#words[first + 3] = (this.#words[first + 3] as number) & ~CALL_ENDED;
        return;
      }
      this.#words[at + 3] = (this.#words[at + 3] as number) | bit;
      if (first < 0) first = at;
    }
  }

  /** @returns The state bits of one call, undefined when it is not remembered. */
  state(high: number, low: number, check: number): number | undefined {
    const tag = high === 0 ? 1 : high;
    const start = (low & this.#mask) * WAYS * WORDS;
    for (let at = start; at < start + WAYS * WORDS; at += WORDS)
      if (this.#words[at] === tag && this.#words[at + 1] === check) return this.#words[at + 3];
    return undefined;
  }
}

const isEnded = (state: number): boolean => (state & CALL_ENDED) !== 0;
