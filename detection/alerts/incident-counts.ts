import type { Alert, Incident } from "../model/findings.js";
import { unixMs } from "../model/time.js";
import { MAX_CASE_INCIDENTS, shortened, type AlertCase } from "./alert-case.js";

/** How the text of an attack's alert begins. */
const COUNTED = /^\d+ callers /;

/**
 * The case with the counts, callers and trunks of its latest alert's incident as that is now: an alert says how many there were when
 * it was raised, and an attack that gets no worse raises no other. They only grow: what the database has of an incident may be older
 * than the alert.
 * @returns `of` itself when it says all that already, or the incident is another one.
 */
export function countedAsNow(of: AlertCase, incident: Incident | undefined): AlertCase {
  const { latest } = of;
  if (incident?.id !== latest.incidentId) return of;
  if (incident.callCount <= latest.callCount && incident.callerCount <= latest.callerCount) return of;
  return {
    ...of,
    updatedAt: unixMs(Math.max(of.updatedAt, incident.updatedAt)),
    // Who may see the case goes by these: of calls by whichever trunks it speaks now.
    trunks: [...new Set([...of.trunks, ...incident.trunks])].slice(0, MAX_CASE_INCIDENTS),
    latest: shortened(grown(latest, incident)),
  };
}

function grown(alert: Alert, { callers, callerCount, calls, callCount }: Incident): Alert {
  const count = Math.max(alert.callerCount, callerCount);
  return {
    ...alert,
    callers: callers.length >= alert.callers.length ? callers : alert.callers,
    callerCount: count,
    callIds: calls.length >= alert.callIds.length ? calls.map(({ callId }) => callId) : alert.callIds,
    callCount: Math.max(alert.callCount, callCount),
    message: alert.message.replace(COUNTED, `${count} callers `),
  };
}
