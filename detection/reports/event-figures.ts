import { caseKey } from "../alerts/alert-case.js";
import type { SettingChange } from "../cdr/call-record.js";
import { CDR_RULES, type CdrFinding } from "../cdr/cdr-finding.js";
import { RULE_NOTES } from "../cdr/rule-notes.js";
import type { Alert, Incident, Severity } from "../model/findings.js";
import type { UnixMs } from "../model/time.js";
import type { ReportTrace } from "./report-document.js";
import type { ReportRules } from "./report-rules.js";
import { numbersShown } from "./numbers-shown.js";
import { firstDifference } from "./first-difference.js";

/** One line of the audit log, as far as reports read it. */
export interface AuditRow {
  readonly id: string;
  readonly at: UnixMs;
  readonly actor: string;
  readonly role: string;
  readonly action: string;
  readonly target: string;
  readonly outcome: "done" | "refused" | "failed";
}

/** Whatever happened beside calls, in one shape. */
export interface EventRow {
  readonly kind: "finding" | "alert" | "incident" | "case" | "audit" | "change";
  readonly id: string;
  readonly at: UnixMs;
  /** Rule, action or setting. */
  readonly name: string;
  readonly severity?: Severity;
  readonly isShadow: boolean;
  readonly actor?: string;
  readonly outcome?: string;
  readonly subject: string;
  /** People work then, at the row's site or, where it has none, at the default one. */
  readonly isOpen: boolean;
  readonly recordCount: number;
  readonly recommended?: string;
  readonly detail: string;
  /** Ids of call records behind it. */
  readonly records: readonly string[];
  /** Cases: from when people were told of it, or else from the first alert, until somebody said that they look after it. */
  readonly acknowledgedMs?: number;
  /** Cases: a person acknowledged it, closed it, or marked it as false. */
  readonly isTaken?: boolean;
  /** Findings and alerts: what their case names, and what cases are kept by where it names no more. */
  readonly incidentId?: string;
  readonly about?: string;
}

export const isSevere = ({ severity }: { readonly severity?: Severity }): boolean =>
  severity === "high" || severity === "critical";

export const findingRow = (finding: CdrFinding, rules: ReportRules): EventRow => ({
  kind: "finding",
  id: finding.id,
  at: finding.firstAt,
  name: finding.rule,
  severity: finding.severity,
  isShadow: finding.mode === "shadow",
  subject: finding.subject === finding.user ? numbersShown(finding.subject, rules) : rules.showNumber(finding.subject),
  isOpen: rules.siteOf(finding.site).isOpen(finding.firstAt),
  recordCount: finding.recordCount,
  recommended: RULE_NOTES[finding.rule].recommended,
  detail: Object.entries(finding.evidence)
    .filter(([, value]) => value !== 0)
    .slice(0, 4)
    .map(([name, value]) => `${words(name)} ${Math.round(value * 100) / 100}`)
    .join(" · "),
  records: finding.records,
  incidentId: finding.id,
  about: caseKey({ rule: finding.rule, called: finding.subject as Alert["called"] }),
});

export const alertRow = (alert: Alert, rules: ReportRules): EventRow => ({
  kind: "alert",
  id: alert.id,
  at: alert.detectedAt,
  name: alert.rule,
  severity: alert.severity,
  isShadow: alert.disposition === "shadow",
  outcome: alert.disposition,
  subject: rules.showNumber(alert.called),
  isOpen: rules.siteOf(undefined).isOpen(alert.detectedAt),
  recordCount: alert.callCount,
  detail: `${alert.callerCount} callers · ${alert.callCount} calls`,
  records: alert.callIds,
  incidentId: alert.incidentId,
  about: caseKey(alert),
});

export const incidentRow = (incident: Incident, rules: ReportRules): EventRow => ({
  kind: "incident",
  id: incident.id,
  at: incident.openedAt,
  name: incident.rule,
  severity: incident.severity,
  isShadow: incident.disposition === "shadow",
  outcome: incident.disposition,
  subject: rules.showNumber(incident.called),
  isOpen: rules.siteOf(undefined).isOpen(incident.openedAt),
  recordCount: incident.callCount,
  detail: `${incident.callerCount} callers · ${incident.callCount} calls · ${incident.state}`,
  records: incident.calls.map(({ callId }) => callId),
});

export const auditRow = (entry: AuditRow, rules: ReportRules): EventRow => ({
  kind: "audit",
  id: entry.id,
  at: entry.at,
  name: entry.action,
  isShadow: false,
  actor: entry.actor,
  outcome: entry.outcome,
  subject: numbersShown(entry.target, rules),
  isOpen: rules.siteOf(undefined).isOpen(entry.at),
  recordCount: 1,
  detail: entry.role,
  records: [],
});

export const changeRow = (change: SettingChange, rules: ReportRules): EventRow => ({
  kind: "change",
  id: change.id,
  at: change.at,
  name: change.setting,
  isShadow: false,
  ...(change.by === undefined ? {} : { actor: change.by }),
  outcome: change.enabled ? "on" : "off",
  subject: numbersShown(change.user, rules),
  isOpen: rules.siteOf(change.site).isOpen(change.at),
  recordCount: 1,
  detail: [
    change.kind,
    change.target === undefined ? "" : `to ${rules.showNumber(change.target)}`,
    change.country ?? "",
    change.external ? "outside the house" : "",
  ]
    .filter((part) => part !== "")
    .join(" · "),
  records: [],
});

/** Who did it was no person, or it changes nothing. */
const UNATTENDED = new Set(["policy", "system", "signal"]);
const READING = /\.(read|list|hear|export|analyze|verify)$|^(auth|rate|record)\.|^report\.(make|journey)$/;

/** An alert of the detectors of call records is told by its finding already. */
const isLiveAlert = ({ kind, name }: EventRow): boolean =>
  kind === "alert" && !(CDR_RULES as readonly string[]).includes(name);
const isCase = ({ kind }: EventRow): boolean => kind === "case";
const isAudit = (row: EventRow): boolean => row.kind === "audit";
const READS: ReadonlySet<string> = new Set(["call.hear", "recording.read", "audio.export", "cdr.export"]);
const isRead = ({ name, outcome }: EventRow): boolean =>
  outcome === "done" && (name.startsWith("transcript.read") || READS.has(name));
const isAdministration = (row: EventRow): boolean =>
  isAudit(row) && row.outcome === "done" && !UNATTENDED.has(row.actor ?? "") && !READING.test(row.name);

export interface EventFigure {
  readonly id: string;
  readonly title: string;
  readonly definition: string;
  readonly counts: (row: EventRow) => boolean;
}

/** Every number that reports count from what is no call. */
export const EVENT_FIGURES = {
  findings: figure(
    "findings",
    "Findings",
    "incidents in call records that the detectors told of and that began in the period, without those of detectors in shadow mode",
    (row) => row.kind === "finding" && !row.isShadow,
  ),
  shadowFindings: figure(
    "findings.shadow",
    "Findings in shadow mode",
    "incidents in call records by detectors in shadow mode",
    (row) => row.kind === "finding" && row.isShadow,
  ),
  severe: figure(
    "findings.severe",
    "High and critical findings",
    "findings, and alerts of live calls, of severity high or critical, without those in shadow mode",
    (row) => (row.kind === "finding" || isLiveAlert(row)) && !row.isShadow && isSevere(row),
  ),
  alerts: figure("alerts", "Alerts of live calls", "alerts raised while calls were up", isLiveAlert),
  incidents: figure(
    "incidents",
    "Incidents of live calls",
    "incidents that were opened while calls were up",
    (row) => row.kind === "incident" && !(CDR_RULES as readonly string[]).includes(row.name),
  ),
  enforced: figure(
    "incidents.enforced",
    "Incidents in which calls were ended",
    "incidents of live calls with disposition `enforced`",
    (row) => row.kind === "incident" && row.outcome === "enforced",
  ),
  cases: figure(
    "cases",
    "Alerts by incident",
    "cases of alerts, as people work on them, that were opened in the period",
    isCase,
  ),
  casesOpen: figure(
    "cases.open",
    "Waiting for somebody",
    "cases of alerts that nobody has acknowledged and that are not over",
    (row) => isCase(row) && row.outcome === "open",
  ),
  casesSevereOpen: figure(
    "cases.severe-open",
    "High and critical ones that wait",
    "cases of severity high or critical that nobody has acknowledged and that are not over",
    (row) => isCase(row) && row.outcome === "open" && isSevere(row),
  ),
  casesInWork: figure(
    "cases.in-work",
    "In work",
    "cases of alerts that somebody has acknowledged and that are not over",
    (row) => isCase(row) && row.outcome === "acknowledged",
  ),
  casesClosed: figure(
    "cases.closed",
    "Over",
    "cases of alerts that are closed",
    (row) => isCase(row) && row.outcome === "closed",
  ),
  casesFalse: figure(
    "cases.false-positive",
    "False positives",
    "cases of alerts that somebody has marked as false",
    (row) => isCase(row) && row.outcome === "false-positive",
  ),
  casesTaken: figure(
    "cases.acknowledged",
    "Acknowledged",
    "cases of alerts that somebody has acknowledged, whatever became of them",
    (row) => isCase(row) && row.acknowledgedMs !== undefined,
  ),
  casesSevereUntaken: figure(
    "cases.severe-unacknowledged",
    "High and critical ones that nobody acknowledged",
    "cases of severity high or critical that nobody has acknowledged, closed or marked as false, also those that closed by themselves",
    (row) => isCase(row) && isSevere(row) && row.isTaken !== true,
  ),
  audit: figure("audit", "Audit entries", "entries of the audit log", isAudit),
  refusedAccess: figure(
    "audit.refused-access",
    "Refused accesses",
    "audit entries with action `auth.refused`",
    (row) => isAudit(row) && row.name === "auth.refused",
  ),
  refused: figure(
    "audit.refused",
    "Refused actions",
    "audit entries with outcome `refused`",
    (row) => isAudit(row) && row.outcome === "refused",
  ),
  administration: figure(
    "audit.administration",
    "Administrative actions",
    "audit entries of people with outcome `done` that change something",
    isAdministration,
  ),
  administrationClosed: figure(
    "audit.administration-after-hours",
    "Administrative actions after hours",
    "administrative actions while the default site was closed",
    (row) => isAdministration(row) && !row.isOpen,
  ),
  reads: figure(
    "audit.reads",
    "Reads of protected content",
    "audit entries of transcripts and recordings read, calls heard, audio or call records exported",
    (row) => isAudit(row) && isRead(row),
  ),
  lists: figure(
    "audit.lists",
    "Lists read",
    "audit entries of call records, CDRs, findings, transcripts, recordings or the audit log listed, one a request",
    (row) => isAudit(row) && row.outcome === "done" && row.name.endsWith(".list"),
  ),
  deletions: figure(
    "audit.deletions",
    "Deletions by subject",
    "audit entries with action `subject.forget`",
    (row) => isAudit(row) && row.name === "subject.forget",
  ),
  changes: figure("changes", "Changed settings", "changed call settings of users", (row) => row.kind === "change"),
  changesClosed: figure(
    "changes.after-hours",
    "Settings changed after hours",
    "changed call settings while the user's site was closed",
    (row) => row.kind === "change" && !row.isOpen,
  ),
} as const satisfies Record<string, EventFigure>;
export type EventFigureName = keyof typeof EVENT_FIGURES;

export const EVENT_GROUPINGS = {
  rule: ({ name }: EventRow): string => name,
  action: ({ name }: EventRow): string => name,
  severity: ({ severity }: EventRow): string => severity ?? "none",
  actor: ({ actor }: EventRow): string => actor ?? "unknown",
  outcome: ({ outcome }: EventRow): string => outcome ?? "none",
} as const;
export type EventGrouping = keyof typeof EVENT_GROUPINGS;

const SAMPLE = 20;

export function eventTrace(figureName: EventFigureName, rows: readonly EventRow[]): ReportTrace {
  const { id, definition, counts } = EVENT_FIGURES[figureName];
  const behind = rows.filter(counts);
  return { id, definition, rows: behind.length, sample: behind.slice(0, SAMPLE).map((row) => row.id) };
}

export interface EventGroup {
  readonly key: string;
  readonly rows: readonly EventRow[];
  readonly trace: ReportTrace;
}

/** Largest group first. */
export function eventGroups(
  figureName: EventFigureName,
  by: EventGrouping,
  rows: readonly EventRow[],
): readonly EventGroup[] {
  const { id, definition, counts } = EVENT_FIGURES[figureName];
  const groups = new Map<string, EventRow[]>();
  for (const row of rows) {
    if (!counts(row)) continue;
    const key = EVENT_GROUPINGS[by](row);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups]
    .sort(([a, x], [b, y]) => firstDifference(y.length - x.length, a < b ? -1 : 1))
    .map(([key, group]) => ({
      key,
      rows: group,
      trace: {
        id: `${id}/${by}/${key}`,
        definition: `${definition}; ${by} ${key}`,
        rows: group.length,
        sample: group.slice(0, SAMPLE).map((row) => row.id),
      },
    }));
}

/** @returns Whether an event belongs to what a trace names, or undefined: there is no such figure. */
export function tracedEvent(id: string): ((row: EventRow) => boolean) | undefined {
  const [name = "", by, ...rest] = id.split("/");
  const found = Object.values(EVENT_FIGURES).find((each) => each.id === name);
  if (found === undefined || by === undefined) return found?.counts;
  if (!Object.hasOwn(EVENT_GROUPINGS, by) || rest.length === 0) return undefined;
  const keyOf = EVENT_GROUPINGS[by as EventGrouping];
  const key = rest.join("/");
  return (row) => found.counts(row) && keyOf(row) === key;
}

/** `callsPerHour` as `calls per hour`. */
const words = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function figure(id: string, title: string, definition: string, counts: EventFigure["counts"]): EventFigure {
  return { id, title, definition, counts };
}
