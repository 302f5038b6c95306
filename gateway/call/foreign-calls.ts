import type { Cdr } from "../../detection/index.js";
import type { ForeignCall } from "../ports/outward-teardown.js";
import type { CallIdentity, CallObserver, LiveCall } from "./contracts.js";
import { mayBeOne } from "./same-call.js";

type Parties = Pick<CallIdentity, "caller" | "called">;

interface Remembered {
  readonly call: ForeignCall;
  /** Where whoever reported it said so. */
  parties: Parties | undefined;
  readonly reported: boolean;
}

/**
 * The calls that switches reported and that the hop does not carry: only those may be ended through another system. The last
 * `limit` reported ones are remembered, as long as they have not ended.
 */
export class ForeignCalls implements CallObserver {
  readonly #calls = new Map<string, Remembered>();
  /** In the order of their reports, round and round. A Map alone would be slow to tell its oldest entry. */
  readonly #ring: (Remembered | undefined)[];
  #next = 0;
  #reported = 0;

  /** @param limit At least 1. */
  constructor(limit: number) {
    this.#ring = new Array<Remembered | undefined>(limit).fill(undefined);
  }

  /** Calls that a switch says are up. Those that it only asked about (redirect mode) are not among them: nobody tells their end. */
  get reported(): number {
    return this.#reported;
  }

  get(callId: string): ForeignCall | undefined {
    return this.#calls.get(callId)?.call;
  }

  /** A call that a trunk in redirect mode asked about, and that no switch reported. */
  askedAbout(callId: string): ForeignCall | undefined {
    const known = this.#calls.get(callId);
    return known?.reported === false ? known.call : undefined;
  }

  /** @returns False when it was known. */
  add(call: ForeignCall, parties?: Parties): boolean {
    const known = this.#calls.get(call.callId);
    if (known?.reported === true) return false;
    this.delete(call.callId);
    this.#keep({ call, parties, reported: true });
    this.#reported++;
    return known === undefined;
  }

  /** Who calls whom in a call that was added before that was known. */
  identify(callId: string, parties: Parties): void {
    const known = this.#calls.get(callId);
    if (known !== undefined) known.parties = parties;
  }

  delete(callId: string): void {
    const known = this.#calls.get(callId);
    if (known === undefined) return;
    this.#calls.delete(callId);
    if (known.reported) this.#reported--;
  }

  /**
   * A call that a switch reported has come to the hop: from now on it is ended here. One from somebody else to somebody else is
   * another call, whatever its Call-ID: it must not hide that of the switch.
   */
  onStarted({ sipCallId, identity }: LiveCall): void {
    const known = this.#calls.get(sipCallId);
    if (known?.parties === undefined || mayBeOne(identity, known.parties)) this.delete(sipCallId);
  }

  /** A call that a trunk in redirect mode asked about goes on elsewhere. */
  onEnded(call: LiveCall, cdr: Cdr): void {
    if (call.policy.mode !== "redirect" || cdr.cause !== "normal" || this.#calls.has(call.callId)) return;
    this.#keep({ call: { callId: call.callId }, parties: call.identity, reported: false });
  }

  #keep(entry: Remembered): void {
    const oldest = this.#ring[this.#next];
    if (oldest !== undefined && this.#calls.get(oldest.call.callId) === oldest) this.delete(oldest.call.callId);
    this.#ring[this.#next] = entry;
    this.#next = (this.#next + 1) % this.#ring.length;
    this.#calls.set(entry.call.callId, entry);
  }
}
