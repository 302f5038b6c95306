import type { Severity } from "../model/findings.js";

const LEVELS: readonly Severity[] = ["low", "medium", "high", "critical"];

export interface AttackSize {
  /** Distinct attackers so far. */
  readonly callers: number;
  /** What an incident needs on this number. */
  readonly threshold: number;
  /** From the first call of the window that reached the threshold to the last, ms. */
  readonly reachedInMs: number;
  readonly windowMs: number;
  /** Earlier incidents on the same number within a day. */
  readonly repeats: number;
}

/**
 * How bad an attack is: one step for twice the threshold, two for four times; one for reaching it within half the window; one for a
 * repeat. `low` took the whole window and stopped at the threshold; five callers in two seconds are `medium` + speed = `high`.
 */
export function severityOf(size: AttackSize): Severity {
  const ratio = size.callers / size.threshold;
  const bySize = ratio >= 4 ? 2 : ratio >= 2 ? 1 : 0;
  const share = size.reachedInMs / size.windowMs;
  const bySpeed = share <= 0.5 ? 1 : share > 0.8 && bySize === 0 ? -1 : 0;
  const level = 1 + bySize + bySpeed + (size.repeats > 0 ? 1 : 0);
  return LEVELS[Math.min(3, Math.max(0, level))] as Severity;
}

export const isWorse = (now: Severity, before: Severity): boolean => LEVELS.indexOf(now) > LEVELS.indexOf(before);
