import { Seeded } from "../../detection/index.js";
import type { Random } from "../../gateway/core/random.js";

/** The same seed gives the same run. */
export class SeededRandom implements Random {
  readonly #numbers: Seeded;

  constructor(seed: number) {
    this.#numbers = new Seeded(seed);
  }

  next(): number {
    return this.#numbers.next();
  }

  /** 0 ≤ n < limit */
  below(limit: number): number {
    return this.#numbers.below(limit);
  }

  token(bytes: number): string {
    let text = "";
    for (let i = 0; i < bytes; i++) text += this.below(256).toString(16).padStart(2, "0");
    return text;
  }
}
