import type { MonoMs } from "./time.js";

export interface FaultBudgetOptions {
  /** Faults that may be lived with within the window; one more is too many. */
  readonly most: number;
  readonly windowMs: number;
}

/** Ten a minute: one broken call in a while is lived with, a process that keeps failing is not. */
export const DEFAULT_FAULT_BUDGET: FaultBudgetOptions = { most: 10, windowMs: 60_000 };

/** Tells when bugs that nobody caught come so often that the process had better be started anew. */
export class FaultBudget {
  readonly #options: FaultBudgetOptions;
  /** Times of the last `most` faults, oldest first. */
  readonly #times: MonoMs[] = [];

  constructor(options: FaultBudgetOptions = DEFAULT_FAULT_BUDGET) {
    this.#options = options;
  }

  /** @returns False when there have been more than `most` within any `windowMs`. */
  spend(now: MonoMs): boolean {
    const { most, windowMs } = this.#options;
    const times = this.#times;
    const isWithin = times.length < most || now - (times[0] ?? now) >= windowMs;
    if (times.length >= most) times.shift();
    if (most > 0) times.push(now);
    return isWithin && most > 0;
  }
}
