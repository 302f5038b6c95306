import type { MonoMs } from "../../core/time.js";

/** Dialogs made of stray answers, a second and at once. Each costs an ACK and a BYE; an honest answer comes again (§13.3.1.4). */
const MOST_PER_SECOND = 100;

/** A token bucket for stray answers: who has seen a branch of ours could answer it with any number of To tags. */
export class StrayBudget {
  #tokens = MOST_PER_SECOND;
  #at = Number.NEGATIVE_INFINITY;

  /** @returns False: too many. */
  take(now: MonoMs): boolean {
    const sinceMs = Math.max(0, now - this.#at);
    this.#at = now;
    this.#tokens = Math.min(MOST_PER_SECOND, this.#tokens + (sinceMs * MOST_PER_SECOND) / 1_000);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
