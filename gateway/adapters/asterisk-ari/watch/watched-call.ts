import type { UnixMs } from "../../../core/time.js";
import { EndOrders } from "./end-orders.js";
import type { CallParties } from "./watch-contracts.js";

/** One call of an Asterisk: the channel that called in, and whatever legs were made for it. */
export class WatchedCall {
  /** Of the channel that called in. */
  readonly uniqueId: string;
  readonly callId: string;
  /** As Asterisk has it; empty: withheld. */
  readonly callerNumber: string;
  readonly startedAt: UnixMs;
  /** It was under way before we heard of it. */
  readonly resumed: boolean;
  /** Asterisk called both sides: the caller is who was rung first. */
  readonly originated: boolean;
  /** Channels that are there now, by id, with their names. */
  readonly channels = new Map<string, string>();
  /** Undefined: not known yet, as the dialplan began without one. */
  calledNumber: string | undefined;
  parties: CallParties | undefined;
  /** Detection knows of it. */
  told = false;
  ringingAt: UnixMs | undefined;
  answeredAt: UnixMs | undefined;
  endedAt: UnixMs | undefined;
  /** SIP Call-ID of the leg that answered. */
  answeredLeg: string | undefined;
  /** Q.850 */
  q850: number | undefined;
  hungUpBy: "caller" | "called" | undefined;
  /** A party's own end came (BYE), not only Asterisk's order to a channel. */
  partyHungUp = false;
  /** Nobody told its end: it was not there any more when Asterisk was asked anew (a crash, a lost connection). */
  endUnseen = false;
  /** Detection has refused it. */
  refused = false;
  readonly orders = new EndOrders();
  incidentId: string | undefined;
  readonly #onGone = new Set<() => void>();

  constructor(
    facts: Pick<WatchedCall, "uniqueId" | "callId" | "callerNumber" | "calledNumber" | "startedAt" | "resumed"> & {
      readonly originated?: boolean;
    },
  ) {
    this.uniqueId = facts.uniqueId;
    this.callId = facts.callId;
    this.callerNumber = facts.callerNumber;
    this.calledNumber = facts.calledNumber;
    this.startedAt = facts.startedAt;
    this.resumed = facts.resumed;
    this.originated = facts.originated ?? false;
  }

  /** No channel of it is left. */
  get gone(): boolean {
    return this.channels.size === 0;
  }

  /** @returns Stops it. */
  onGone(listener: () => void): () => void {
    this.#onGone.add(listener);
    return () => void this.#onGone.delete(listener);
  }

  tellGone(): void {
    for (const listener of this.#onGone) listener();
    this.#onGone.clear();
  }
}
