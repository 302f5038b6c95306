import type { Cdr, CdrMedia } from "../../detection/index.js";
import type { UnixMs } from "../core/time.js";
import type { CallFacts, EndReason, LiveCall } from "./contracts.js";

/** What has happened to a call so far, for its Cdr. */
export interface CallRecord {
  ringingAt: UnixMs | undefined;
  answeredAt: UnixMs | undefined;
  endedAt: UnixMs | undefined;
  endedBy: Cdr["endedBy"];
  /** The final status sent to the caller. */
  status: number;
  cause: Cdr["cause"] | undefined;
  q850: number | undefined;
  incidentId: string | undefined;
  blockId: string | undefined;
  nextHop: string | undefined;
  bCallId: string | undefined;
  media: CdrMedia | undefined;
  encrypted: boolean | undefined;
}

export function newRecord(): CallRecord {
  return {
    ringingAt: undefined,
    answeredAt: undefined,
    endedAt: undefined,
    endedBy: "gateway",
    status: 0,
    cause: undefined,
    q850: undefined,
    incidentId: undefined,
    blockId: undefined,
    nextHop: undefined,
    bCallId: undefined,
    media: undefined,
    encrypted: undefined,
  };
}

/** Why the gateway ends it. */
export function noteReason(record: CallRecord, { cause, q850, incidentId }: EndReason): void {
  record.cause = cause;
  record.q850 = q850;
  record.incidentId = incidentId;
}

export function factsOf(
  call: Pick<
    LiveCall,
    "callId" | "sipCallId" | "identity" | "startedAt" | "signedIdentity" | "hadCredentials" | "origin"
  >,
  record: CallRecord,
  endedAt: UnixMs,
): CallFacts {
  const { callId, sipCallId, identity, startedAt, signedIdentity, hadCredentials } = call;
  const origin = callId === sipCallId ? call.origin : { related: sipCallId, ...call.origin };
  return { ...record, callId, identity, startedAt, signedIdentity, hadCredentials, origin, endedAt };
}
