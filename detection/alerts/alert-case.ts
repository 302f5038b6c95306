import type { FindingPlace } from "../cdr/cdr-finding.js";
import type { Alert, AlertFinding, AlertThreat, Incident, Severity } from "../model/findings.js";
import type { UnixMs } from "../model/time.js";

/** What a route is told about. `test` comes from a person who tries the route. */
export const ALERT_EVENTS = [
  "opened",
  "updated",
  "escalated",
  "acknowledged",
  "closed",
  "false-positive",
  "test",
] as const;
export type AlertEvent = (typeof ALERT_EVENTS)[number];

export const CASE_STATES = ["open", "acknowledged", "closed", "false-positive"] as const;
export type CaseState = (typeof CASE_STATES)[number];

/** Why a case is over: its incidents are, nothing more was found for so long, or a person said so. */
export const CLOSE_REASONS = ["incidents-over", "quiet", "by-hand"] as const;
export type CloseReason = (typeof CLOSE_REASONS)[number];

/** Incidents that a case names; more are counted in `alertCount` only. */
export const MAX_CASE_INCIDENTS = 50;
/** Callers and calls that people are shown. */
export const MAX_SHOWN = 20;

/** Where records of a finding belong, as they say it; empty: nobody said it. */
export type CasePlace = Omit<FindingPlace, "records">;

/** All alerts about one incident, and about those that follow it closely: what a person works on. */
export interface AlertCase {
  readonly id: string;
  /** `rule called`: what makes two alerts speak of the same. */
  readonly key: string;
  readonly rule: Alert["rule"];
  readonly called: string;
  readonly state: CaseState;
  /** The worst so far. */
  readonly severity: Severity;
  readonly openedAt: UnixMs;
  /** When the latest alert of it was raised, or the latest call came that its counts have. */
  readonly updatedAt: UnixMs;
  /** When the gateway learnt of that: call records may come days late. */
  readonly seenAt?: UnixMs;
  readonly closedAt?: UnixMs;
  readonly closedWhy?: CloseReason;
  /** Who said that it is over, or that it was false. Absent: nobody, or it was before this was kept. */
  readonly closedBy?: string;
  readonly incidentIds: readonly string[];
  readonly trunks: readonly string[];
  /** Where the records of all its findings belong, not of the latest only. Absent: it is of an attack, or of before this was kept. */
  readonly places?: readonly CasePlace[];
  readonly team?: string;
  readonly alertCount: number;
  /** Its latest alert, with at most `MAX_SHOWN` callers and calls; the counts are exact, and those of its incident as that is now. */
  readonly latest: Alert;
  readonly acknowledgedBy?: string;
  readonly acknowledgedAt?: UnixMs;
  /** Why routes are not told: name of a maintenance window or of a suppression. */
  readonly suppressedBy?: string;
  /** When routes were told first, last, and of which severity. */
  readonly toldFirstAt?: UnixMs;
  readonly toldAt?: UnixMs;
  readonly toldSeverity?: Severity;
  /** Escalation steps that are done, by what they are and not by their place: a reload may bring others. */
  readonly escalated: readonly string[];
  /** Notices so far. */
  readonly sequence: number;
}

/** What a route is given: everything a message may say. Numbers are whole; each route's mask comes later. */
export interface AlertNotice {
  readonly event: AlertEvent;
  readonly caseId: string;
  readonly sequence: number;
  /** When it was made. */
  readonly at: UnixMs;
  readonly state: CaseState;
  readonly severity: Severity;
  readonly rule: Alert["rule"];
  readonly called: string;
  readonly callers: readonly string[];
  readonly callerCount: number;
  readonly callIds: readonly string[];
  readonly callCount: number;
  readonly alertCount: number;
  readonly openedAt: UnixMs;
  readonly updatedAt: UnixMs;
  readonly incidentId: string;
  readonly alertId: string;
  readonly disposition: Alert["disposition"];
  readonly trunks: readonly string[];
  readonly team?: string;
  readonly message: string;
  readonly explanation: string;
  readonly recommended: string;
  readonly threat?: Pick<AlertThreat, "state" | "score" | "kind" | "stage" | "cues">;
  /** Rules of call records: the figures that were compared. `called` is then who or what it is about. */
  readonly evidence?: Readonly<Record<string, number>>;
  /** Words that belong to them: country, range, where calls are sent on to. */
  readonly detail?: Readonly<Record<string, string>>;
  readonly site?: string;
  /** What honest traffic looks like it. */
  readonly falsePositives?: string;
  /** Who acknowledged, closed, or marked it as false. */
  readonly by?: string;
  /** Of `closed`. */
  readonly closedWhy?: CloseReason;
  /** For `webhook.alertUrl`, which is told of alerts and not of cases: the alert as it was raised, and its incident by then. */
  readonly raised?: { readonly alert: Alert; readonly incident?: Incident };
}

/** The alert as a case keeps it. */
export const shortened = (alert: Alert): Alert => ({
  ...alert,
  callers: alert.callers.slice(0, MAX_SHOWN),
  callIds: alert.callIds.slice(0, MAX_SHOWN),
});

export const caseKey = ({ rule, called }: Pick<Alert, "rule" | "called">): string => `${rule} ${called}`;

export function noticeOf(of: AlertCase, event: AlertEvent, at: UnixMs, by?: string): AlertNotice {
  const { latest } = of;
  const { threat } = latest;
  const words = wordsOf(latest);
  return {
    event,
    caseId: of.id,
    sequence: of.sequence,
    at,
    state: of.state,
    severity: of.severity,
    rule: of.rule,
    called: of.called,
    callers: latest.callers,
    callerCount: latest.callerCount,
    callIds: latest.callIds,
    callCount: latest.callCount,
    alertCount: of.alertCount,
    openedAt: of.openedAt,
    updatedAt: of.updatedAt,
    incidentId: latest.incidentId,
    alertId: latest.id,
    disposition: latest.disposition,
    trunks: of.trunks,
    ...(of.team === undefined ? {} : { team: of.team }),
    message: latest.message,
    ...words,
    ...(threat === undefined ? {} : { threat: pickThreat(threat) }),
    ...(latest.finding === undefined ? {} : factsOf(latest.finding)),
    ...(by === undefined ? {} : { by }),
    ...(event === "closed" && of.closedWhy !== undefined ? { closedWhy: of.closedWhy } : {}),
  };
}

const factsOf = ({ evidence, detail, site, falsePositives }: AlertFinding): Partial<AlertNotice> => ({
  ...{ evidence, detail, falsePositives },
  ...(site === undefined ? {} : { site }),
});

const pickThreat = ({ state, score, kind, stage, cues }: AlertThreat): NonNullable<AlertNotice["threat"]> => ({
  state,
  score,
  kind,
  stage,
  cues,
});

/** The desk of threats has words of the judge or of its own template; for the others they are made here. */
function wordsOf(alert: Alert): { readonly explanation: string; readonly recommended: string } {
  if (alert.threat !== undefined)
    return { explanation: alert.threat.explanation, recommended: alert.threat.recommended };
  if (alert.finding !== undefined)
    return { explanation: alert.finding.explanation, recommended: alert.finding.recommended };
  return { explanation: alert.message, recommended: RECOMMENDED[alert.disposition] };
}

const RECOMMENDED: Readonly<Record<Alert["disposition"], string>> = {
  enforced: "Calls of it are ended and refused. Look at the callers; undo the incident if they are honest.",
  shadow: "Nothing was cut. If this is fraud, block the callers, and set the rule to enforce.",
  guarded:
    "Nothing was cut, as the guard list protects the number. Look at the calls, and end them by hand if need be.",
  baseline: "Nothing was cut, as this is usual there. Look whether it still is.",
  canary: "Nothing was cut, as the number is outside the canary share. End the calls by hand if need be.",
  reported: "Call records show it; no call was touched. Look at the user and at the calls of it.",
  "rate-limited": "The limit of disconnects a minute is reached: look at once, and end the other calls by hand.",
};
