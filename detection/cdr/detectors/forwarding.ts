import type { CallContext } from "../call-context.js";
import { COSTLY } from "../call-context.js";
import type { SettingChange } from "../call-record.js";
import type { Suspicion } from "../incident-book.js";

/** A setting that sends calls on to where it costs, or away from us while nobody works. */
export function forwardingSet(change: SettingChange, isOpen: boolean): Suspicion | undefined {
  if (!change.enabled || !change.external) return undefined;
  const isCostly = COSTLY.has(change.numberClass);
  if (!isCostly && !change.international && isOpen) return undefined;
  return {
    subject: change.user,
    severity: isCostly ? "critical" : change.international ? "high" : "medium",
    score: isCostly ? 0.95 : change.international ? (isOpen ? 0.75 : 0.85) : 0.55,
    evidence: {
      international: Number(change.international),
      costly: Number(isCostly),
      closed: Number(!isOpen),
    },
    detail: {
      kind: change.kind,
      numberClass: change.numberClass,
      ...(change.country === undefined ? {} : { country: change.country }),
      ...(change.by === undefined ? {} : { by: change.by }),
    },
  };
}

/** What a call costs little or nothing to, or does not leave the house with. */
const HARMLESS: ReadonlySet<CallContext["record"]["numberClass"]> = new Set([
  "internal",
  "short-code",
  "toll-free",
  "emergency",
]);

/** A call that was sent on abroad or to a costly number, or, while nobody works, out of the house to where none was before. */
export function forwardedCall(context: CallContext): Suspicion | undefined {
  const { record, history, day, isCostly, isOpen, isNewCountry } = context;
  const { forwarded, international } = record;
  if (forwarded === undefined || forwarded.kind === "transfer" || record.direction !== "out") return undefined;
  const isFar = international && (isNewCountry || !isOpen);
  const isAway = !isOpen && !HARMLESS.has(record.numberClass) && history.sendOn(record.called, day);
  if (!isCostly && !isFar && !isAway) return undefined;
  return {
    subject: forwarded.by ?? record.user,
    severity: isCostly ? "critical" : isFar && !isOpen ? "high" : "medium",
    score: isCostly ? 0.9 : !isFar ? 0.55 : isOpen ? 0.6 : 0.75,
    evidence: { costly: Number(isCostly), closed: Number(!isOpen), minutes: Math.round(record.durationMs / 60_000) },
    detail: { kind: forwarded.kind, ...(record.country === undefined ? {} : { country: record.country }) },
  };
}
