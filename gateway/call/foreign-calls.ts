import type { Cdr } from "../../detection/index.js";
import type { ForeignCall } from "../ports/outward-teardown.js";
import type { CallObserver, LiveCall } from "./contracts.js";

/**
 * The calls that switches reported and that the hop does not carry: only those may be ended through another system. The one that
 * was reported longest ago is forgotten when there are too many.
 */
export class ForeignCalls implements CallObserver {
  readonly #limit: number;
  readonly #calls = new Map<string, ForeignCall>();

  /** @param limit Calls that are remembered, at most. */
  constructor(limit: number) {
    this.#limit = limit;
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
    if (this.#calls.size >= this.#limit) {
      const oldest = this.#calls.keys().next();
      if (oldest.done !== true) this.#calls.delete(oldest.value);
    }
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
