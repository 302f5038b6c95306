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
  /** `normal`, `refused`, `fraud`, `operator`, `max-duration`, `dead`, `no-hop`, `cancelled`, `failed`, `drain`, `restart`. */
  readonly cause: CdrCause;
  /** Q.850 cause value where one was sent or received in a Reason header. */
  readonly q850?: number;
  readonly incidentId?: string;
  readonly blockId?: string;
  readonly emergency: boolean;
}

export type CdrCause =
  | "normal"
  | "refused"
  | "fraud"
  | "operator"
  | "max-duration"
  | "dead"
  | "no-hop"
  | "cancelled"
  | "failed"
  | "drain"
  | "restart";
