import { rangeOf, type CallContext } from "../call-context.js";
import type { RangeBook } from "../range-book.js";
import type { Suspicion } from "../incident-book.js";

/** Digits that are cut off a number to get its range. */
const RANGE_DIGITS = 4;
const RUNG_DIGITS = 3;
const COSTLY_WEIGHT = 3;
const OVER_USUAL = 4;

/**
 * International revenue share: answered calls and minutes to one foreign or costly range within an hour, by all users together, far
 * more than that range ever gets.
 */
export function revenueShare(
  { record, isCostly, isOpen, thresholds }: CallContext,
  ranges: RangeBook,
): Suspicion | undefined {
  if (record.direction !== "out" || (!isCostly && !record.international)) return undefined;
  const range = rangeOf(record.called, RANGE_DIGITS);
  const activity = ranges.of(range);
  activity.add(record.startedAt, record.durationMs / 60_000);
  const users = activity.reach(record.user, record.startedAt);
  const weight = isCostly ? COSTLY_WEIGHT : 1;
  const calls = activity.calls.sum(record.startedAt);
  const minutes = activity.minutes.sum(record.startedAt);
  if (calls * weight < thresholds.rangeCalls && minutes * weight < thresholds.rangeMinutes) return undefined;
  if (calls < 3 || calls <= OVER_USUAL * activity.usualCalls) return undefined;
  activity.found(record.startedAt, { calls, users, isOrdinary: isOpen && !isCostly });
  return {
    subject: range,
    severity: isCostly || users > 1 ? "critical" : "high",
    score: Math.min(1, 0.6 + (weight * calls) / (10 * thresholds.rangeCalls)),
    evidence: {
      callsInAnHour: calls,
      minutesInAnHour: Math.round(minutes),
      usualCalls: Math.round(activity.usualCalls * 10) / 10,
      users,
      costly: Number(isCostly),
    },
    detail: {
      numberClass: record.numberClass,
      user: record.user,
      ...(record.country === undefined ? {} : { country: record.country }),
    },
  };
}

/** Days on which costly calls were found: from so many on they are what the user does. */
const DAYS_FOUND = 3;
/** While they go on without a pause, from so many on. */
const DAYS_GOING_ON = 7;

/** One user who calls costly numbers, whatever their ranges, more than ever. What goes on at midnight goes on, though the day's count begins anew. */
export function costlyCalls(
  { record, history, activity, day, isCostly, thresholds }: CallContext,
  quietMs: number,
): Suspicion | undefined {
  if (record.direction !== "out" || !isCostly) return undefined;
  const calls = history.value(day, "premiumCalls");
  const usual = history.usualCostly(day, DAYS_FOUND);
  const goesOn = Math.abs(record.startedAt - activity.costlyFoundAt) <= quietMs && usual.daysFound < DAYS_GOING_ON;
  if (!goesOn && (calls < thresholds.costlyCalls || calls <= 2 * usual.most + 1)) return undefined;
  history.raise(day, "costlyFound", calls);
  activity.costlyFoundAt = Math.max(activity.costlyFoundAt, record.startedAt);
  return {
    subject: record.user,
    severity: calls >= 3 * thresholds.costlyCalls ? "critical" : "high",
    score: Math.min(1, 0.6 + calls / (10 * thresholds.costlyCalls)),
    evidence: { costlyCallsToday: calls, mostBefore: usual.most },
    detail: { numberClass: record.numberClass },
  };
}

/** Long calls to one domestic range, far more than it ever gets: somebody is paid for their length. */
export function trafficPumping({ record, isOpen, thresholds }: CallContext, ranges: RangeBook): Suspicion | undefined {
  const isDomestic = record.direction === "out" && !record.international && record.called.startsWith("+");
  if (!isDomestic || record.outcome !== "answered") return undefined;
  const range = rangeOf(record.called, RANGE_DIGITS);
  const activity = ranges.of(range);
  activity.add(record.startedAt, record.durationMs / 60_000);
  const calls = activity.calls.sum(record.startedAt);
  if (calls < thresholds.pumpedCalls || calls <= OVER_USUAL * activity.usualCalls) return undefined;
  const meanMinutes = activity.minutes.sum(record.startedAt) / calls;
  if (meanMinutes < thresholds.pumpedMinutes) return undefined;
  // Of nearly all ranges nobody asks by how many they are called.
  const users = activity.reach(record.user, record.startedAt);
  activity.found(record.startedAt, { calls, users, isOrdinary: isOpen });
  return {
    subject: range,
    severity: "high",
    score: Math.min(1, 0.6 + calls / (10 * thresholds.pumpedCalls)),
    evidence: {
      callsInAnHour: calls,
      meanMinutes: Math.round(meanMinutes * 10) / 10,
      usualCalls: Math.round(activity.usualCalls * 10) / 10,
    },
  };
}

/** A day in which a call back counts. */
const CALL_BACK_MS = 86_400_000;
/** Without a ring for so long the wave is over: calls back to it say nothing of the next. */
const WAVE_MS = 6 * 3_600_000;
const MAX_SUSPECTS = 10_000;

export interface SavedWangiri {
  readonly suspects: readonly (readonly [range: string, at: number])[];
  readonly callBacks: readonly (readonly [range: string, count: number])[];
  readonly waves?: readonly (readonly [range: string, from: number])[];
}

/** Short rings from one far range to many of our users, so that they call back; worse once they do. */
export class WangiriDetector {
  readonly #rung: RangeBook;
  readonly #suspects = new Map<string, number>();
  readonly #callBacks = new Map<string, number>();
  /** When the first ring of it was suspicious. */
  readonly #waveFrom = new Map<string, number>();

  constructor(rung: RangeBook) {
    this.#rung = rung;
  }

  observe({ record, isCostly, thresholds }: CallContext): Suspicion | undefined {
    if (record.direction === "out") return this.#callBack(record);
    const ringMs = record.ringMs ?? record.endedAt - record.startedAt;
    const isFar = record.international || isCostly;
    const isShort = record.outcome !== "answered" && ringMs <= thresholds.shortRingMs;
    if (record.direction !== "in" || !isFar || !isShort || !record.caller.startsWith("+")) return undefined;
    const range = rangeOf(record.caller, RUNG_DIGITS);
    const activity = this.#rung.of(range);
    activity.add(record.startedAt, 0);
    const users = activity.reach(record.user, record.startedAt);
    if (users < thresholds.rungUsers) return undefined;
    this.#suspect(range, record.startedAt);
    return {
      subject: range,
      severity: isCostly ? "high" : "medium",
      score: Math.min(1, 0.5 + users / (8 * thresholds.rungUsers)),
      evidence: { usersInAnHour: users, ringsInAnHour: activity.calls.sum(record.startedAt) },
      detail: { ...(record.country === undefined ? {} : { country: record.country }) },
    };
  }

  #callBack({ called, startedAt, durationMs }: CallContext["record"]): Suspicion | undefined {
    const range = rangeOf(called, RUNG_DIGITS);
    const since = this.#suspects.get(range);
    if (since === undefined || startedAt - since > CALL_BACK_MS) return undefined;
    // Records come out of order: a call from before the first ring is none back.
    if (startedAt < (this.#waveFrom.get(range) ?? since)) return undefined;
    const callBacks = (this.#callBacks.get(range) ?? 0) + 1;
    this.#callBacks.set(range, callBacks);
    return {
      subject: range,
      severity: callBacks >= 3 ? "critical" : "high",
      score: 0.9,
      evidence: { callBacks, minutes: Math.round(durationMs / 60_000) },
      detail: { pattern: "call-back" },
    };
  }

  save(): SavedWangiri {
    return { suspects: [...this.#suspects], callBacks: [...this.#callBacks], waves: [...this.#waveFrom] };
  }

  load({ suspects, callBacks, waves = [] }: SavedWangiri): void {
    for (const [range, at] of suspects.slice(-MAX_SUSPECTS)) this.#suspects.set(range, at);
    for (const [range, count] of callBacks.slice(-MAX_SUSPECTS)) this.#callBacks.set(range, count);
    for (const [range, from] of waves.slice(-MAX_SUSPECTS)) this.#waveFrom.set(range, from);
  }

  #suspect(range: string, at: number): void {
    const before = this.#suspects.get(range);
    if (before === undefined || at - before > WAVE_MS) {
      this.#callBacks.delete(range);
      this.#waveFrom.set(range, at);
    }
    this.#suspects.delete(range);
    this.#suspects.set(range, Math.max(at, before ?? at));
    if (this.#suspects.size <= MAX_SUSPECTS) return;
    const [oldest] = this.#suspects.keys();
    if (oldest === undefined) return;
    this.#suspects.delete(oldest);
    this.#callBacks.delete(oldest);
    this.#waveFrom.delete(oldest);
  }
}
