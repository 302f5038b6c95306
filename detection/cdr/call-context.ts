import type { CallRecord } from "./call-record.js";
import type { CdrThresholds } from "./cdr-options.js";
import type { UserActivity } from "./user-activity.js";
import type { UserHistory } from "./user-history.js";

/** One record with all that the detectors read beside it; made once, counted already. */
export interface CallContext {
  readonly record: CallRecord;
  readonly thresholds: CdrThresholds;
  readonly history: UserHistory;
  readonly activity: UserActivity;
  /** By the clock of the user's site: days since 1970, hour 0–23. */
  readonly day: number;
  readonly hour: number;
  /** People work at the site then. */
  readonly isOpen: boolean;
  /** The far end's number, see `numericOf`. */
  readonly number: number;
  /** Premium, satellite or international network: what fraud earns from. */
  readonly isCostly: boolean;
  /** First call of the user to that country in thirty days. */
  readonly isNewCountry: boolean;
  /** Calls of the user at the same time. */
  readonly concurrent: number;
}

export const COSTLY: ReadonlySet<CallRecord["numberClass"]> = new Set([
  "premium",
  "satellite",
  "international-network",
]);

/** The number without its last `digits`: a range. What is no E.164 number is its own range. */
export function rangeOf(number: string, digits: number): string {
  return /^\+\d{7,}$/.test(number) ? number.slice(0, Math.max(5, number.length - digits)) : number;
}
