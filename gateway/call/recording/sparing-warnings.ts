import type { MonoMs } from "../../core/time.js";

/** Between two warnings of one reason. */
const PAUSE_MS = 10_000;

/** Warnings that a stranger can cause as often as he likes: few of each reason are told, so that he cannot fill the disk. */
export class SparingWarnings {
  /** By reason: as many as there are reasons. */
  readonly #told = new Map<string, { until: number; untold: number }>();

  /** @returns How many were not told since the last one; undefined: this one is not told either. */
  take(why: string, now: MonoMs): number | undefined {
    const last = this.#told.get(why);
    if (last !== undefined && now < last.until) {
      last.untold++;
      return undefined;
    }
    this.#told.set(why, { until: now + PAUSE_MS, untold: 0 });
    return last?.untold ?? 0;
  }
}
