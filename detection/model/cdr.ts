import type { ForwardKind } from "../cdr/call-record.js";
import type { CalledId, CallerId, TrunkId } from "./events.js";
import type { UnixMs } from "./time.js";

/** What became of one call. One per call attempt, written when it is over. Durations in ms. */
export interface Cdr {
  /** Ours, unique for ever. */
  readonly id: string;
  /** The A-leg's Call-ID, with a suffix where another call was up under it: that one is `origin.related` then. */
  readonly callId: string;
  /** The B-leg's Call-ID; absent when the call never left. */
  readonly bCallId?: string;
  readonly caller: CallerId;
  readonly called: CalledId;
  readonly trunk: TrunkId;
  /** The next hop that took the call, as configured. */
  readonly nextHop?: string;
  readonly startedAt: UnixMs;
  readonly ringingAt?: UnixMs;
  readonly answeredAt?: UnixMs;
  readonly endedAt: UnixMs;
  /** From answer to end; 0 when it was never answered. */
  readonly durationMs: number;
  /** The final status sent to the caller; 200 when answered. */
  readonly status: number;
  /** The INVITE had credentials: challenged all the same, they were wrong. Not stored. */
  readonly hadCredentials?: true;
  readonly endedBy: "caller" | "called" | "gateway";
  /** `no-media`: no packet of either side came for as long as the operator says, or what carried its media died; `dead`: a peer does not answer. */
  readonly cause: CdrCause;
  /** Q.850 cause value where one was sent or received in a Reason header. */
  readonly q850?: number;
  readonly incidentId?: string;
  readonly blockId?: string;
  readonly emergency: boolean;
  /** Present where the trunk's media was to be anchored. */
  readonly media?: CdrMedia;
  /** Present where the trunk's signed caller identities are verified. */
  readonly identity?: CdrIdentity;
  /** What was said was kept from who carries it, on both legs; absent: not known. Not stored here: the call record has it. */
  readonly encrypted?: boolean;
  /** What led to it, where signalling tells. Not stored here: the call record has it. */
  readonly origin?: CdrOrigin;
}

/** How a call came about that another one led to: by Call-IDs of A legs, as `callId` is. */
export interface CdrOrigin {
  /** The call whose transfer made this one, or whose place this one takes. RFC 3515, RFC 3891 */
  readonly transfer?: string;
  /** A call that has to do with it otherwise: it was sent on, or is the one that was asked back in. */
  readonly related?: string;
  /** It exists because a call was sent on. */
  readonly forwarded?: { readonly kind: ForwardKind; readonly by?: string };
}

/** What a signed caller identity (STIR/SHAKEN, RFC 8224) was worth. */
export interface CdrIdentity {
  /** `absent`: there was none; `unverified`: it could not be judged in time. */
  readonly verdict: "verified" | "failed" | "absent" | "unverified";
  /** What the signer knows of the caller, RFC 8588 §4; only where it is verified. */
  readonly attest?: "A" | "B" | "C";
  /** The signer's own name for where the call began. RFC 8588 §5 */
  readonly origid?: string;
  /** Why it failed or was not judged. */
  readonly reason?: string;
  /** The call was sent on, and whoever did says so. RFC 8946 */
  readonly diverted?: boolean;
}

/** What passed through us of a call's media. */
export interface CdrMedia {
  /** Who carried it, or a part of it. Absent: all of it passed us by. */
  readonly anchor?: "relay" | "rtpengine";
  /** Why it, or a part of it, passed us by or could not be heard; the first reason. Absent: all of it was heard. */
  readonly notHeard?: string;
  /** From the caller; absent with `b`: nothing was anchored, or its figures could not be had. */
  readonly a?: CdrMediaSide;
  /** From the called side. */
  readonly b?: CdrMediaSide;
}

/** RTP from one side, over the whole call. */
export interface CdrMediaSide {
  readonly packets: number;
  /** Missing by sequence number, RFC 3550 §A.3. */
  readonly lost: number;
  /** RFC 3550 §6.4.1, ms. */
  readonly jitterMs: number;
  /** Estimate by the E-model, 1–4.5; absent: too little was heard. */
  readonly mos?: number;
}

export type CdrCause =
  | "normal"
  | "refused"
  | "fraud"
  | "operator"
  | "max-duration"
  | "dead"
  | "no-media"
  | "no-hop"
  | "cancelled"
  | "failed"
  | "drain"
  | "restart";
