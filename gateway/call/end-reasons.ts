import type { EndReason, TrunkPolicy } from "./contracts.js";

/** Q.850 causes that we send. ITU-T Q.850 table 1 */
const CALL_REJECTED = 21;
const TEMPORARY_FAILURE = 41;
const RECOVERY_ON_TIMER_EXPIRY = 102;

/** An attack was found. 603 for a call that is not answered yet, unless its trunk says 607 or 608. */
export function fraudReason(text: string, incidentId: string, alertId: string): EndReason {
  return { cause: "fraud", q850: CALL_REJECTED, text: reasonText(text), refusalStatus: 603, incidentId, alertId };
}

/** A call that detection refuses, and that went on. */
export function refusedCallReason({ incidentId, alertId }: Pick<EndReason, "incidentId" | "alertId">): EndReason {
  return {
    cause: "fraud",
    q850: CALL_REJECTED,
    text: "refused",
    refusalStatus: 603,
    ...(incidentId === undefined ? {} : { incidentId }),
    ...(alertId === undefined ? {} : { alertId }),
  };
}

/** A person or the switch's API wants it gone. */
export function operatorReason(text: string, alertId: string | undefined): EndReason {
  return {
    cause: "operator",
    q850: CALL_REJECTED,
    text: reasonText(text),
    refusalStatus: 603,
    ...(alertId === undefined ? {} : { alertId }),
  };
}

export const maxDurationReason: EndReason = {
  cause: "max-duration",
  q850: RECOVERY_ON_TIMER_EXPIRY,
  text: "maximum call duration",
  refusalStatus: 480,
};
export const deadReason: EndReason = {
  cause: "dead",
  q850: TEMPORARY_FAILURE,
  text: "peer does not answer",
  refusalStatus: 480,
};
/** No packet of either side has come for as long as the operator says: nobody is there any more. */
export const noMediaReason: EndReason = {
  cause: "no-media",
  q850: RECOVERY_ON_TIMER_EXPIRY,
  text: "no media",
  refusalStatus: 480,
};
/** What carried its media is gone: its ends hear nothing any more. One that still rings may be tried again elsewhere. */
export const mediaLostReason: EndReason = {
  cause: "no-media",
  q850: TEMPORARY_FAILURE,
  text: "media lost",
  refusalStatus: 503,
};
export const drainReason: EndReason = {
  cause: "drain",
  q850: TEMPORARY_FAILURE,
  text: "shutting down",
  refusalStatus: 503,
};
export const restartReason: EndReason = {
  cause: "restart",
  q850: TEMPORARY_FAILURE,
  text: "restarted",
  refusalStatus: 503,
};

const NORMAL_UNSPECIFIED = 31;

/** Reasons that the B2BUA itself has. A 2xx of ours was never ACKed, RFC 3261 §13.3.1.4. */
export const ACK_MISSING: EndReason = {
  cause: "dead",
  q850: RECOVERY_ON_TIMER_EXPIRY,
  text: "ACK missing",
  refusalStatus: 480,
};
/** A reliable provisional response was never PRACKed, RFC 3262 §3. */
export const PRACK_MISSING: EndReason = {
  cause: "dead",
  q850: RECOVERY_ON_TIMER_EXPIRY,
  text: "PRACK missing",
  refusalStatus: 504,
};
/** The called side answered when the caller's transaction was gone. */
export const CALLER_LOST: EndReason = {
  cause: "failed",
  q850: NORMAL_UNSPECIFIED,
  text: "caller gone",
  refusalStatus: 408,
};
/** A bug of ours. */
export const INTERNAL_FAULT: EndReason = {
  cause: "failed",
  q850: TEMPORARY_FAILURE,
  text: "internal error",
  refusalStatus: 500,
};
/** Nobody answered and nobody gave up. RFC 3261 §16.6 step 11, timer C */
export const SETUP_TIMEOUT: EndReason = {
  cause: "failed",
  q850: RECOVERY_ON_TIMER_EXPIRY,
  text: "no final answer",
  refusalStatus: 408,
};
/** A new call that is blocked or belongs to an attack. */
export function refusedReason(
  policy: Pick<TrunkPolicy, "refusalStatus">,
  cause: "refused" | "fraud",
  incidentId: string | undefined,
): EndReason {
  const reason = { cause, q850: CALL_REJECTED, text: "refused", refusalStatus: policy.refusalStatus };
  return incidentId === undefined ? reason : { ...reason, incidentId };
}

/** Causes for which an emergency call is never ended; the others say that it is dead already or that we are going. */
export const NEVER_FOR_EMERGENCY: ReadonlySet<EndReason["cause"]> = new Set([
  "fraud",
  "operator",
  "max-duration",
  "refused",
]);

/** Header-safe: printable ASCII without quote and backslash, at most 64 characters. */
export function reasonText(text: string): string {
  return text
    .replace(/[^ -~]|["\\]/g, " ")
    .trim()
    .slice(0, 64);
}

/** The value of a Reason header, RFC 3326: `Q.850;cause=21;text="…"`. */
export function reasonHeader(reason: Pick<EndReason, "q850" | "text">): string {
  return `Q.850;cause=${reason.q850};text="${reasonText(reason.text)}"`;
}
