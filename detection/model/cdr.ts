import type { CalledId, CallerId, TrunkId } from "./events.js";
import type { UnixMs } from "./time.js";

/** What became of one call. One per call attempt, written when it is over. Durations in ms. */
export interface Cdr {
  /** Ours, unique for ever. */
  readonly id: string;
  /** The A-leg's Call-ID. */
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
}

/** What passed through us of a call's media. */
export interface CdrMedia {
  readonly anchor: "relay" | "rtpengine";
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
