import type { Alert, Incident } from "../model/findings.js";
import { unixMs, type UnixMs } from "../model/time.js";
import {
  caseKey,
  MAX_CASE_INCIDENTS,
  noticeOf,
  shortened,
  type AlertCase,
  type AlertEvent,
  type AlertNotice,
  type CloseReason,
} from "./alert-case.js";
import type { AlertGuard, AlertSettings } from "./alert-settings.js";
import { grownPlaces } from "./case-places.js";
import { countedAsNow } from "./incident-counts.js";
import { numberFits, quietedBy } from "./quiet-times.js";
import { isAtLeast, worstOf } from "./severity-order.js";

/** What became of a case, and what routes are to be told of it. */
export interface CaseStep {
  readonly after: AlertCase;
  readonly notice?: AlertNotice;
  /** An escalation: told to these routes, whatever they are told otherwise. */
  readonly onlyRoutes?: readonly string[];
}

export interface AlertContext {
  readonly settings: AlertSettings;
  readonly guards: readonly AlertGuard[];
  readonly now: UnixMs;
}

/** A case whose escalation is due while something keeps routes from being told is looked at again so often, ms. */
const QUIET_LOOK_MS = 60_000;

/**
 * Puts an alert into its case. An alert within `groupMs` of the case's latest one, before or after it, is an update of it; any
 * other opens a case of its own. A case that was marked as false speaks for its own incidents only.
 * @param current Of the cases of the alert's key the one that is likeliest to be its own, if there is one.
 * @param newId Of the case that is opened.
 */
export function takeAlert(
  current: AlertCase | undefined,
  alert: Alert,
  incident: Incident | undefined,
  context: AlertContext,
  newId: string,
): CaseStep {
  const { settings, now } = context;
  const joins =
    current !== undefined &&
    (current.incidentIds.includes(alert.incidentId) ||
      (current.state !== "false-positive" && Math.abs(alert.detectedAt - current.updatedAt) <= settings.groupMs));
  const grown = joins ? grow(current, alert, incident, now) : open(alert, incident, newId, now);
  return told(withTeam(countedAsNow(grown, incident), settings), context);
}

/**
 * What call records say further of an incident that is known: it has grown, or goes on after its case was closed, which is then
 * opened again.
 * @param alert As it would be raised now.
 * @returns Undefined: nothing new, or a person has said that it is no fraud.
 */
export function followFinding(of: AlertCase, alert: Alert, context: AlertContext): CaseStep | undefined {
  const isNew = alert.detectedAt > of.updatedAt || !isAtLeast(of.severity, alert.severity);
  if (!isNew || of.state === "false-positive") return undefined;
  const grown = { ...grow(of, alert, undefined, context.now), alertCount: of.alertCount };
  return told(grown, context);
}

/**
 * An incident that goes on without an alert: it is no worse, but there are more calls of it. A case that was closed is opened again
 * by calls that came after that; what comes to light of the time before, or once it is over, is counted and not told.
 * @param incident As it is now.
 * @returns Undefined: the case says all that already, or speaks of another incident.
 */
export function followIncident(
  of: AlertCase,
  incident: Incident | undefined,
  context: AlertContext,
): CaseStep | undefined {
  const counted = countedAsNow(of, incident);
  if (counted === of) return undefined;
  const seen = { ...counted, seenAt: context.now };
  const { closedAt } = of;
  const goesOn = closedAt === undefined || (incident?.state === "open" && incident.updatedAt > closedAt);
  if (!goesOn || of.state === "false-positive") return { after: seen };
  const { seenAt } = seen;
  return told(withTeam(closedAt === undefined ? seen : { ...anew(seen), seenAt }, context.settings), context);
}

function open(alert: Alert, incident: Incident | undefined, id: string, now: UnixMs): AlertCase {
  return {
    id,
    key: caseKey(alert),
    rule: alert.rule,
    called: alert.called,
    state: "open",
    severity: alert.severity,
    openedAt: alert.detectedAt,
    updatedAt: alert.detectedAt,
    seenAt: now,
    incidentIds: [alert.incidentId],
    trunks: incident?.trunks ?? [],
    ...grownPlaces(undefined, alert),
    alertCount: 1,
    latest: shortened(alert),
    escalated: [],
    sequence: 0,
  };
}

function grow(before: AlertCase, alert: Alert, incident: Incident | undefined, now: UnixMs): AlertCase {
  const reopens = before.state === "closed";
  const kept = reopens ? anew(before) : before;
  const isNewer = alert.detectedAt >= before.latest.detectedAt;
  const incidentIds = before.incidentIds.includes(alert.incidentId)
    ? before.incidentIds
    : [...before.incidentIds, alert.incidentId].slice(-MAX_CASE_INCIDENTS);
  return {
    ...kept,
    seenAt: now,
    severity: worstOf(before.severity, alert.severity),
    openedAt: unixMs(Math.min(before.openedAt, alert.detectedAt)),
    updatedAt: unixMs(Math.max(before.updatedAt, alert.detectedAt)),
    incidentIds,
    trunks: [...new Set([...before.trunks, ...(incident?.trunks ?? [])])].slice(0, MAX_CASE_INCIDENTS),
    ...grownPlaces(before, alert),
    alertCount: before.alertCount + 1,
    latest: isNewer ? shortened(alert) : before.latest,
  };
}

/** A closed case as it begins again: people believe that it is over, so they are told as if it were new, and it is escalated as that. */
function anew(closed: AlertCase): AlertCase {
  const { id, key, rule, called, severity, openedAt, updatedAt, incidentIds, trunks, team, alertCount } = closed;
  const { places } = closed;
  return {
    ...{ id, key, rule, called, severity, openedAt, updatedAt, incidentIds, trunks, alertCount },
    ...(places === undefined ? {} : { places }),
    ...(team === undefined ? {} : { team }),
    latest: closed.latest,
    sequence: closed.sequence,
    state: "open",
    escalated: [],
  };
}

function withTeam(of: AlertCase, settings: AlertSettings): AlertCase {
  const team = of.team ?? teamOf(settings, of);
  return team === undefined ? of : { ...of, team };
}

const teamOf = ({ teams }: AlertSettings, of: AlertCase): string | undefined =>
  teams.find(
    ({ trunks, called }) =>
      trunks.some((trunk) => of.trunks.includes(trunk)) || called.some((pattern) => numberFits(pattern, of.called)),
  )?.name;

/** Whether routes are told of a case that has just changed, and as what. */
function told(of: AlertCase, context: AlertContext): CaseStep {
  const { settings, now } = context;
  const quiet = of.state === "false-positive" ? "false-positive" : (quietOf(of, context) ?? historyOf(of));
  if (quiet !== undefined) return { after: { ...of, suppressedBy: quiet } };
  const kept = withoutSuppression(of);
  const isWorse = of.toldSeverity !== undefined && !isAtLeast(of.toldSeverity, of.severity);
  // Where the clock was ahead and was set right, the last notice lies in the future.
  const isDue = of.toldAt === undefined || isWorse || Math.abs(now - of.toldAt) >= settings.updateEveryMs;
  return isDue ? tell(kept, of.toldAt === undefined ? "opened" : "updated", now) : { after: kept };
}

/** Nobody has to be woken up by what was read of old files. What goes on until today is no history. */
const historyOf = ({ toldFirstAt, latest }: AlertCase): string | undefined =>
  toldFirstAt === undefined && latest.finding?.isPast === true ? "history" : undefined;

function quietOf(of: AlertCase, { settings, guards, now }: AlertContext): string | undefined {
  const { callers, callerCount } = of.latest;
  return quietedBy({ ...of, callers, callerCount }, settings, guards, now);
}

function withoutSuppression(of: AlertCase): AlertCase {
  const { suppressedBy, ...kept } = of;
  return suppressedBy === undefined ? of : kept;
}

function tell(of: AlertCase, event: AlertEvent, now: UnixMs, by?: string): CaseStep {
  const after: AlertCase = {
    ...of,
    toldFirstAt: of.toldFirstAt ?? now,
    toldAt: now,
    toldSeverity: of.severity,
    sequence: of.sequence + 1,
  };
  return { after, notice: noticeOf(after, event, now, by) };
}

/** Nobody has to do anything any more. Told to those who were told that it began. @returns Undefined: it is over already. */
export function closeCase(of: AlertCase, closedWhy: CloseReason, now: UnixMs, by?: string): CaseStep | undefined {
  if (of.closedAt !== undefined) return undefined;
  const state = of.state === "false-positive" ? of.state : "closed";
  const closed: AlertCase = { ...of, state, closedAt: now, closedWhy, ...(by === undefined ? {} : { closedBy: by }) };
  return of.toldFirstAt === undefined || of.state === "false-positive"
    ? { after: closed }
    : tell(closed, "closed", now, by);
}

/**
 * Closes a case of call records in which nothing more was found, by the time of the records, for `closeAfterQuietMs`, and which
 * people could see for so long.
 */
export function closeQuiet(of: AlertCase, { closeAfterQuietMs }: AlertSettings, now: UnixMs): CaseStep | undefined {
  const since = Math.max(of.updatedAt, of.seenAt ?? of.updatedAt);
  const isQuiet = closeAfterQuietMs > 0 && of.latest.finding !== undefined && now - since >= closeAfterQuietMs;
  return isQuiet ? closeCase(of, "quiet", now) : undefined;
}

/** @returns Undefined when it is acknowledged or over already. */
export function acknowledge(of: AlertCase, by: string, now: UnixMs): CaseStep | undefined {
  if (of.state !== "open") return undefined;
  const after: AlertCase = { ...of, state: "acknowledged", acknowledgedBy: by, acknowledgedAt: now };
  return of.toldFirstAt === undefined ? { after } : tell(after, "acknowledged", now, by);
}

/** A person says that there was no fraud. Nobody is told of this case again. */
export function markFalse(of: AlertCase, by: string, now: UnixMs): CaseStep | undefined {
  if (of.state === "false-positive") return undefined;
  const after: AlertCase = { ...of, state: "false-positive", closedAt: of.closedAt ?? now, closedBy: by };
  return of.toldFirstAt === undefined ? { after } : tell(after, "false-positive", now, by);
}

/**
 * The step that is due for a case that nobody has acknowledged; undefined: none is. One step at a time. While routes are kept from
 * being told the step waits, and the case says why.
 */
export function escalate(of: AlertCase, context: AlertContext): CaseStep | undefined {
  const { settings, now } = context;
  const told = notAhead(of, now);
  const next = nextStep(told, settings);
  if (next === undefined || next.at > now) return told === of ? undefined : { after: told };
  const quiet = quietOf(told, context);
  if (quiet !== undefined) return { after: { ...told, suppressedBy: quiet } };
  const kept = withoutSuppression(told);
  const after: AlertCase = { ...kept, escalated: [...kept.escalated, next.id], sequence: kept.sequence + 1 };
  return { after, notice: noticeOf(after, "escalated", now), onlyRoutes: next.routes };
}

/** When `escalate` has to be asked again. */
export function escalationDeadline(of: AlertCase, context: AlertContext): UnixMs | undefined {
  const { settings, now } = context;
  const at = nextStep(of, settings)?.at;
  if (at === undefined || at > now || quietOf(of, context) === undefined) return at;
  return unixMs(now + QUIET_LOOK_MS);
}

/** Told by a clock that was ahead, and was set right since: what is left to wait counts from now. */
const notAhead = (of: AlertCase, now: UnixMs): AlertCase =>
  of.toldFirstAt === undefined || of.toldFirstAt <= now ? of : { ...of, toldFirstAt: now };

function nextStep(of: AlertCase, { escalation }: Pick<AlertSettings, "escalation">) {
  const { toldFirstAt, state, severity, escalated } = of;
  if (toldFirstAt === undefined || state !== "open") return undefined;
  return escalation
    .map((step) => ({ ...step, id: stepId(step), at: unixMs(toldFirstAt + step.afterMs) }))
    .filter(({ id, minSeverity }) => !escalated.includes(id) && isAtLeast(severity, minSeverity))
    .sort((a, b) => a.at - b.at)[0];
}

const stepId = ({ afterMs, routes, minSeverity }: AlertSettings["escalation"][number]): string =>
  [afterMs, minSeverity, ...routes].join(" ");
