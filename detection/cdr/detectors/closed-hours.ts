import type { CallContext } from "../call-context.js";
import type { Suspicion } from "../incident-book.js";

const COSTLY_CALLS = 3;
const INTERNATIONAL_CALLS = 4;

/** Calls made while the site is closed: more than that user is used to make then, or to where it costs. */
export function afterHours({ record, activity, history, day, isOpen, thresholds }: CallContext): Suspicion | undefined {
  if (record.direction !== "out" || isOpen) return undefined;
  const at = record.startedAt;
  const calls = activity.closed.sum(at);
  const international = activity.closedInternational.sum(at);
  const costly = activity.closedPremium.sum(at);
  if (calls < Math.min(thresholds.closedCalls, COSTLY_CALLS, INTERNATIONAL_CALLS)) return undefined;
  const usual = history.baseline(day, "closedCalls");
  const usualInternational = history.baseline(day, "closedInternational");
  const isKnown = usual.days >= thresholds.learnDays;
  const isMany = isKnown && calls >= thresholds.closedCalls && calls > 2 * usual.most + 4;
  const isFar = international >= INTERNATIONAL_CALLS && international > 2 * usualInternational.most + 2;
  const isCostly = costly >= COSTLY_CALLS;
  if (!isMany && !isFar && !isCostly) return undefined;
  return {
    subject: record.user,
    severity: isCostly ? "critical" : isFar ? "high" : "medium",
    score: Math.min(1, 0.5 + calls / (6 * thresholds.closedCalls) + (isFar ? 0.2 : 0) + (isCostly ? 0.3 : 0)),
    evidence: {
      closedCalls: calls,
      closedInternational: international,
      closedPremium: costly,
      mostBefore: usual.most,
    },
    ...(record.site === undefined ? {} : { detail: { site: record.site } }),
  };
}
