import type { CalledId, CallerId, TrunkId } from "../../../../detection/index.js";
import type { EventVerdict, SwitchEvent } from "../../../ports/gateway-control.js";

/** Who calls whom, as the trunk's number plan reads it. */
export interface CallParties {
  readonly caller: CallerId;
  readonly called: CalledId;
  readonly trunk: TrunkId;
  readonly emergency: boolean;
}

/** The gateway's side of calls that are watched. On the thread on which calls are decided. */
export interface CallDesk {
  /** Decided in the same turn, unless much waits. Never rejects. */
  report(event: SwitchEvent): Promise<EventVerdict>;
  parties(call: Pick<SwitchEvent, "aNumber" | "bNumber" | "trunk" | "switchId">): CallParties;
  /** It is refused, and its dialplan ends it: it asked, or is about to. Whoever leaves it to that ends it when it does not. */
  leftToDialplan(callId: string): boolean;
  /** The number that its dialplan has asked about, as it came; undefined: it did not ask, or its end was reported. */
  askedNumber(callId: string): string | undefined;
}
