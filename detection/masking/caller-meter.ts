import { ENTRY_WORDS, touchRing, type RingCount } from "./caller-ring.js";

const MIN_CALLERS = 16;
const MAX_CALLERS = 8_192;

/** Words that all meters together may hold; who finds none left counts no further than it has room. */
export class MeterBudget {
  #left: number;
  constructor(words: number) {
    this.#left = words;
  }
  take(words: number): boolean {
    if (words > this.#left) return false;
    this.#left -= words;
    return true;
  }
  giveBack(words: number): void {
    this.#left += words;
  }
}

/** Distinct callers in the sliding window of one number that is watched closely: grows with the crowd, up to 8,192 callers. */
export class CallerMeter {
  readonly #budget: MeterBudget;
  readonly #found: RingCount = { count: 0, overflowed: false };
  #words = new Int32Array(MIN_CALLERS * ENTRY_WORDS);
  #latest = 0;
  #empty = true;

  constructor(budget: MeterBudget) {
    this.#budget = budget;
  }

  /** @returns Distinct callers within the window, this one included; exact up to the meter's size. */
  observe(caller: number, time: number, windowMs: number): number {
    const behind = (this.#latest - time) | 0;
    if (this.#empty || behind < 0) this.#latest = time;
    else if (behind > 61_000) {
      this.#words.fill(0);
      this.#latest = time;
    }
    this.#empty = false;
    if (this.#wouldOverflow(caller, time, windowMs)) this.#grow();
    const capacity = this.#words.length / ENTRY_WORDS;
    touchRing(this.#words, 0, capacity, caller === 0 ? 1 : caller, time, this.#latest, windowMs, this.#found);
    return this.#found.count;
  }

  /** Gives back room that the last hour did not need. */
  shrink(callers: number): void {
    if (this.#words.length <= MIN_CALLERS * ENTRY_WORDS || callers * 4 * ENTRY_WORDS > this.#words.length) return;
    this.release();
    this.#words = new Int32Array(MIN_CALLERS * ENTRY_WORDS);
  }

  release(): void {
    this.#budget.giveBack(this.#words.length - MIN_CALLERS * ENTRY_WORDS);
    this.#words = new Int32Array(MIN_CALLERS * ENTRY_WORDS);
    this.#empty = true;
  }

  #wouldOverflow(caller: number, time: number, windowMs: number): boolean {
    const id = caller === 0 ? 1 : caller;
    for (let at = 0; at < this.#words.length; at += ENTRY_WORDS) {
      const entry = this.#words[at];
      if (entry === 0 || entry === id) return false;
      if (((time - (this.#words[at + 1] as number)) | 0) >= windowMs) return false;
    }
    return true;
  }

  #grow(): void {
    const size = this.#words.length;
    if (size >= MAX_CALLERS * ENTRY_WORDS || !this.#budget.take(size)) return;
    const larger = new Int32Array(size * 2);
    larger.set(this.#words);
    this.#words = larger;
  }
}
