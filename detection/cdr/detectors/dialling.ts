import type { UnixMs } from "../../model/time.js";
import type { AddressActivity } from "../address-book.js";
import type { CallContext } from "../call-context.js";
import type { Suspicion } from "../incident-book.js";

const TEN_MINUTES_MS = 600_000;
/** Of different numbers among the last calls. */
const DISTINCT = 0.6;
/** Median length below which it looks like a machine, ms. */
const SHORT_MS = 15_000;
const MACHINE_GAPS = 0.35;

/** Mass dialling and autodiallers: many calls to many numbers in ten minutes, far more than that user ever makes. */
export function massDialling({ record, activity, history, day, thresholds }: CallContext): Suspicion | undefined {
  if (record.direction !== "out") return undefined;
  const calls = activity.dialled.sum(record.startedAt, 10);
  if (calls < thresholds.dialledPerTenMinutes) return undefined;
  const usual = history.baseline(day, "peakCalls");
  if (calls <= thresholds.overUsual * usual.most) return undefined;
  const { calls: seen, distinct, medianMs, gapVariation } = activity.recent.summary(record.startedAt - TEN_MINUTES_MS);
  if (distinct < DISTINCT * seen) return undefined;
  const isMachine = medianMs <= SHORT_MS || gapVariation <= MACHINE_GAPS || activity.run >= thresholds.scanRun;
  return {
    subject: record.user,
    severity: isMachine ? "critical" : "high",
    score: Math.min(1, 0.6 + calls / (10 * thresholds.dialledPerTenMinutes)),
    evidence: {
      callsInTenMinutes: calls,
      usualPeak: usual.most,
      distinct,
      ofLast: seen,
      medianSeconds: Math.round(medianMs / 1_000),
      gapVariation: Math.round(gapVariation * 100) / 100,
    },
    detail: { pattern: isMachine ? "autodialler" : "many-calls" },
  };
}

const RUN_MS = 600_000;
const NEIGHBOURS = 3;

/** Neighbouring numbers called one after the other. Keeps the count; call it once a call made. */
export function numberScan({ record, activity, number, thresholds }: CallContext): Suspicion | undefined {
  if (record.direction !== "out") return undefined;
  const before = activity.recent.previous();
  const step = before === undefined ? 0 : Math.abs(number - before.number);
  const isNext = before !== undefined && number >= 0 && step > 0 && step <= NEIGHBOURS;
  const isSoon = before !== undefined && Math.abs(record.startedAt - before.at) <= RUN_MS;
  if (!isNext || !isSoon) {
    activity.run = 1;
    activity.runSince = record.startedAt;
    return undefined;
  }
  activity.run++;
  if (activity.run < thresholds.scanRun) return undefined;
  return {
    subject: record.user,
    severity: activity.run >= 3 * thresholds.scanRun ? "high" : "medium",
    score: Math.min(1, 0.5 + activity.run / (6 * thresholds.scanRun)),
    evidence: { numbersInARow: activity.run, seconds: Math.round((record.startedAt - activity.runSince) / 1_000) },
  };
}

/** More calls of one user at a time than one person can have, and than that user ever had. */
export function concurrentCalls(context: CallContext): Suspicion | undefined {
  const { record, history, day, concurrent, thresholds } = context;
  if (record.direction !== "out" || concurrent < thresholds.concurrent) return undefined;
  const usual = history.baseline(day, "peakConcurrent");
  if (concurrent <= usual.most + 2) return undefined;
  return {
    subject: record.user,
    severity: concurrent >= 3 * thresholds.concurrent || context.isCostly ? "high" : "medium",
    score: Math.min(1, 0.5 + concurrent / (6 * thresholds.concurrent)),
    evidence: { atATime: concurrent, mostBefore: usual.most },
  };
}

const MIN_CALLS_FOR_CHANGE = 30;
const EVERY = 8;
const MIN_DAYS = 14;
const LEAST_DEVIATION = 0.35;

/** A user who suddenly makes far more calls than ever before. */
export function behaviourChange({ record, history, day, thresholds }: CallContext): Suspicion | undefined {
  const calls = history.value(day, "outCalls");
  if (record.direction !== "out" || calls < MIN_CALLS_FOR_CHANGE || calls % EVERY !== 0) return undefined;
  const usual = history.baseline(day, "outCalls");
  if (usual.days < MIN_DAYS || calls <= thresholds.overUsual * usual.most) return undefined;
  const deviations = (Math.log1p(calls) - usual.mean) / Math.max(LEAST_DEVIATION, usual.deviation);
  if (deviations < thresholds.deviations) return undefined;
  return {
    subject: record.user,
    severity: deviations >= 1.5 * thresholds.deviations ? "high" : "medium",
    score: Math.min(1, deviations / (2 * thresholds.deviations)),
    evidence: {
      callsToday: calls,
      mostBefore: usual.most,
      usual: Math.round(Math.expm1(usual.mean)),
      deviations: Math.round(deviations * 10) / 10,
    },
  };
}

const SIM_DISTINCT = 0.85;
const SIM_INCOMING = 0.05;
const SIM_MEAN_MINUTES = 4;

/** Many destinations, short calls, hardly ever called itself, at all hours: a line that terminates other people's calls. */
export function simBox({ record, history, activity, day, thresholds }: CallContext): Suspicion | undefined {
  if (record.direction !== "out") return undefined;
  const calls = history.value(day, "outCalls");
  if (calls < thresholds.simCalls || calls % EVERY !== 0) return undefined;
  const hours = activity.hoursOf(day);
  const distinct = activity.distinctOf(day);
  const incoming = history.value(day, "inCalls");
  const meanMinutes = history.value(day, "outMinutes") / calls;
  const isSpread = hours >= thresholds.simHours && distinct >= SIM_DISTINCT * calls;
  if (!isSpread || incoming > SIM_INCOMING * calls || meanMinutes > SIM_MEAN_MINUTES) return undefined;
  return {
    subject: record.user,
    severity: "high",
    score: Math.min(1, 0.6 + calls / (10 * thresholds.simCalls)),
    evidence: { callsToday: calls, distinct, hours, incoming, meanMinutes: Math.round(meanMinutes * 10) / 10 },
  };
}

const HALF_HOUR_MS = 1_800_000;

/** A burst of failed authentications, of one user or of one address; worse where a call that goes through follows it. */
export function failedAuthentication(
  { record, activity, thresholds }: CallContext,
  address: AddressActivity | undefined,
): Suspicion | undefined {
  const at: UnixMs = record.startedAt;
  const subject = record.address ?? record.user;
  if (record.failure === "authentication") {
    const ofUser = activity.failures.sum(at);
    const ofAddress = address?.failures.sum(at) ?? 0;
    if (ofUser >= thresholds.failures) activity.lastFailureBurstAt = at;
    if (address !== undefined && ofAddress >= thresholds.failures) address.lastFailureBurstAt = at;
    const failures = Math.max(ofUser, ofAddress);
    if (failures < thresholds.failures) return undefined;
    return {
      subject,
      severity: "high",
      score: Math.min(1, 0.5 + failures / (6 * thresholds.failures)),
      evidence: { failuresInFiveMinutes: failures },
    };
  }
  const burstAt = [activity.lastFailureBurstAt, address?.lastFailureBurstAt ?? Number.NEGATIVE_INFINITY];
  const sinceBurst = Math.min(...burstAt.map((each) => at - each).filter((each) => each >= 0));
  if (record.direction !== "out" || record.outcome !== "answered" || sinceBurst > HALF_HOUR_MS) return undefined;
  return {
    subject,
    severity: "critical",
    score: 0.9,
    evidence: { secondsAfterBurst: Math.round(sinceBurst / 1_000) },
    detail: { pattern: "call-after-burst" },
  };
}
