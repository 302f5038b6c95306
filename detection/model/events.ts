import type { UnixMs } from "./time.js";

/**
 * A caller as the detectors see it: a canonical number (`+12025550101`), an opaque id kept as it is (`A001`),
 * or `anonymous@TRUNK` where the caller withheld the number. Made by the number plan, never by hand.
 */
export type CallerId = string & { readonly __id: "CallerId" };
/** A called number in canonical form, or kept as it is where the plan cannot read it. */
export type CalledId = string & { readonly __id: "CalledId" };
/** The name of the trunk that a call came in by, `default` where none was configured. */
export type TrunkId = string & { readonly __id: "TrunkId" };

/** Where a fact came from. `hop`: the gateway carries the call. `switch`: reported over HTTP. `siprec`: recorded to us. */
export type EventSource = "hop" | "switch" | "asterisk" | "siprec";

/** One call attempt. What is told of one call again carries the same `callId`. */
export interface CallStarted {
  readonly kind: "call.started";
  /** The name under which the hop carries it: no other live call of the hop has it. Or the `call_id` that the switch reported. */
  readonly callId: string;
  /** It begins just now, and whatever had this id before was another call: callers choose Call-IDs, and use them again. */
  readonly isNew?: boolean;
  readonly caller: CallerId;
  readonly called: CalledId;
  readonly trunk: TrunkId;
  /** The event's own time. Detection trusts it within ±30 s of arrival. */
  readonly at: UnixMs;
  /** When the fact reached us. */
  readonly arrivedAt: UnixMs;
  readonly source: EventSource;
  /** An emergency number, `urn:service:sos`, or an RFC 7090 call-back from a trusted trunk: never acted upon. */
  readonly emergency: boolean;
}

export interface CallAnswered {
  readonly kind: "call.answered";
  readonly callId: string;
  /** With `called`: of calls that had this id one after the other, theirs is meant. */
  readonly caller?: CallerId;
  readonly called?: CalledId;
  readonly at: UnixMs;
}

export interface CallEnded {
  readonly kind: "call.ended";
  readonly callId: string;
  /** As in `CallAnswered`. */
  readonly caller?: CallerId;
  readonly called?: CalledId;
  readonly at: UnixMs;
}
