import { RULE_NOTES, type Alert, type CdrFinding } from "../../../detection/index.js";

/** Of an alert: more are in the finding, which has all that was kept. */
const MAX_CALLS = 20;

/**
 * The alert of an incident in call records: one, when it opens. How it grows is in the finding of the same id.
 * `called` is who or what it is about: a user, a number, a range.
 */
export function alertOfFinding(finding: CdrFinding): Alert {
  const notes = RULE_NOTES[finding.rule];
  const figures = Object.entries(finding.evidence).map(([name, value]) => `${name} ${Math.round(value * 100) / 100}`);
  return {
    id: finding.id,
    incidentId: finding.id,
    rule: finding.rule,
    called: finding.subject as Alert["called"],
    callers: finding.user === undefined ? [] : [finding.user as Alert["callers"][number]],
    callerCount: finding.user === undefined ? 0 : 1,
    callIds: finding.records.slice(0, MAX_CALLS),
    callCount: finding.recordCount,
    severity: finding.severity,
    detectedAt: finding.at,
    disposition: "reported",
    message: `${notes.title}: ${figures.join(", ")}`,
    finding: {
      id: finding.id,
      score: finding.score,
      firstAt: finding.firstAt,
      ...(finding.site === undefined ? {} : { site: finding.site }),
      ...(finding.places === undefined ? {} : { places: finding.places }),
      ...(finding.isWide === undefined ? {} : { isWide: finding.isWide }),
      evidence: finding.evidence,
      detail: finding.detail,
      explanation: notes.explanation,
      recommended: notes.recommended,
      falsePositives: notes.falsePositives,
      ...(finding.isPast === undefined ? {} : { isPast: finding.isPast }),
    },
  };
}
