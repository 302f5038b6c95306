import type { Random } from "../../gateway/core/random.js";

/** Mulberry32: the same seed gives the same run. */
export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** 0 ≤ n < limit */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  token(bytes: number): string {
    let text = "";
    for (let i = 0; i < bytes; i++) text += this.below(256).toString(16).padStart(2, "0");
    return text;
  }
}
