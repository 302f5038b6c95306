import type { CallerProof, UnixMs, Verdict, VerdictReason } from "../../detection/index.js";

export type { Verdict, VerdictReason } from "../../detection/index.js";

/** A call about which another system asks before it lets it through. Raw numbers: the trunk's number plan reads them. */
export interface AskedCall {
  /** The same under which that system reports the call otherwise: it counts once. */
  readonly callId: string;
  /** Empty or a word such as `anonymous`: withheld. */
  readonly caller: string;
  readonly called: string;
  /** The caller asked that the number be withheld; the trunk says whether it counts all the same. */
  readonly withheld?: boolean;
  readonly trunk?: string;
  /** The system's id: `asterisk.servers[].id`. */
  readonly server?: string;
  /** Call-ID of the SIP dialog by which it reached that system: a call that came through the hop is the hop's. */
  readonly sipCallId?: string;
  /** What that INVITE bore as `LEG_HEADER` (hop-legs.ts): anybody may choose a Call-ID that the hop's leg has. */
  readonly legMark?: string;
  /** The system itself knows the caller, or knows that it does not. Absent: what the gateway remembers counts. */
  readonly known?: boolean;
  /** Absent: nobody looked for a signature. */
  readonly proof?: CallerProof;
  readonly at?: UnixMs;
}

export interface CallVerdict {
  /** What the call is called from now on: the hop's Call-ID where the hop carries it. */
  readonly callId: string;
  readonly verdict: Verdict;
  /** How much stands against it, 0–1. */
  readonly score: number;
  readonly reason: VerdictReason;
  readonly alertId?: string;
  readonly incidentId?: string;
}

/** A call that is over, as the system that carried it says. */
export interface EndedCall {
  readonly callId: string;
  /** Q.850 cause, 1–127. */
  readonly cause?: number;
  /** From the first INVITE to the end, ms. */
  readonly durationMs?: number;
  /** From answer to end, ms; 0: it was never answered. */
  readonly talkedMs?: number;
}

/** Decides in the same turn, on the SIP thread. Never throws. */
export interface CallVerdicts {
  ask(call: AskedCall): CallVerdict;
  ended(call: EndedCall): void;
}
