import type { AlertCase } from "../alerts/alert-case.js";
import type { EventRow } from "./event-figures.js";
import type { ReportRules } from "./report-rules.js";

export const isTakenCase = ({ acknowledgedAt, closedWhy, state }: AlertCase): boolean =>
  acknowledgedAt !== undefined || closedWhy === "by-hand" || state === "false-positive";

/** Whose word its state is. */
const actorOf = ({ state, closedBy, acknowledgedBy }: AlertCase): string | undefined =>
  state === "acknowledged" ? acknowledgedBy : closedBy;

export function caseRow(of: AlertCase, rules: ReportRules): EventRow {
  const by = actorOf(of);
  return {
    kind: "case",
    id: of.id,
    at: of.openedAt,
    name: of.rule,
    severity: of.severity,
    isShadow: of.latest.disposition === "shadow",
    ...(by === undefined ? {} : { actor: by }),
    outcome: of.state,
    subject: rules.showNumber(of.called),
    isOpen: rules.siteOf(of.latest.finding?.site).isOpen(of.openedAt),
    recordCount: of.alertCount,
    detail: [
      of.state,
      of.alertCount > 1 ? `${of.alertCount} alerts` : "",
      by === undefined ? "" : `by ${by}`,
      of.escalated.length > 0 ? "escalated" : "",
    ]
      .filter((part) => part !== "")
      .join(" · "),
    records: of.incidentIds,
    isTaken: isTakenCase(of),
    ...(of.acknowledgedAt === undefined ? {} : { acknowledgedMs: Math.max(0, of.acknowledgedAt - knownFrom(of)) }),
  };
}

/** Call records come late, imported ones by weeks: nobody can look after what he has not been told of. */
const knownFrom = ({ openedAt, toldFirstAt }: AlertCase): number => Math.max(openedAt, toldFirstAt ?? openedAt);
