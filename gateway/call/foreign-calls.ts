import type { Cdr } from "../../detection/index.js";
import type { ForeignCall } from "../ports/outward-teardown.js";
import type { CallObserver, LiveCall } from "./contracts.js";

/**
 * The calls that switches reported and that the hop does not carry: only those may be ended through another system. The last
 * `limit` reported ones are remembered, as long as they have not ended.
 */
export class ForeignCalls implements CallObserver {
  readonly #calls = new Map<string, ForeignCall>();
  /** In the order of their reports, round and round. A Map alone would be slow to tell its oldest entry. */
  readonly #ring: (ForeignCall | undefined)[];
  #next = 0;

  /** @param limit At least 1. */
  constructor(limit: number) {
    this.#ring = new Array<ForeignCall | undefined>(limit).fill(undefined);
  }

  get size(): number {
    return this.#calls.size;
  }

  get(callId: string): ForeignCall | undefined {
    return this.#calls.get(callId);
  }

  /** @returns False when it was known. */
  add(call: ForeignCall): boolean {
    if (this.#calls.has(call.callId)) return false;
    const oldest = this.#ring[this.#next];
    if (oldest !== undefined && this.#calls.get(oldest.callId) === oldest) this.#calls.delete(oldest.callId);
    this.#ring[this.#next] = call;
    this.#next = (this.#next + 1) % this.#ring.length;
    this.#calls.set(call.callId, call);
    return true;
  }

  delete(callId: string): void {
    this.#calls.delete(callId);
  }

  /** A call that a switch reported has come to the hop: from now on it is ended here. */
  onStarted(call: LiveCall): void {
    this.#calls.delete(call.callId);
  }

  /** A call that a trunk in redirect mode asked about goes on elsewhere. */
  onEnded(call: LiveCall, cdr: Cdr): void {
    if (call.policy.mode === "redirect" && cdr.cause === "normal") this.add({ callId: call.callId });
  }
}
