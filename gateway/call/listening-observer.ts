import type { Listening } from "../ports/listening.js";
import type { CallMediaEvent, CallObserver, LiveCall } from "./contracts.js";

/**
 * Tells the listening side of the calls that it may hear: from the moment at which their streams may open (early media, or the
 * answer) until the call is over. Calls that share a Call-ID are told apart by their names; one that passes the gateway twice is heard
 * once (`MediaAnchors`). Emergency calls never are.
 */
export class ListeningObserver implements CallObserver {
  readonly #listening: Pick<Listening, "open" | "close">;
  /** By name; as many as the calls that are heard. */
  readonly #heard = new Map<string, LiveCall>();

  constructor(listening: Pick<Listening, "open" | "close">) {
    this.#listening = listening;
  }

  onMedia(call: LiveCall, event: CallMediaEvent): void {
    if (event.kind !== "settling" || !event.listen || call.identity.emergency) return;
    const { caller, called, trunk } = call.identity;
    const calledSide = call.policy.media?.calledSide ?? "callee";
    if ((this.#heard.get(call.callId) ?? call) !== call) return;
    this.#heard.set(call.callId, call);
    this.#listening.open({ callId: call.callId, risk: call.risk, calledSide, parties: { caller, called, trunk } });
  }

  onEnded(call: LiveCall): void {
    this.stop(call);
  }

  /** It is not heard any more, though it goes on. Safe to call twice. */
  stop(call: LiveCall): void {
    const { callId } = call;
    if (this.#heard.get(callId) !== call) return;
    this.#heard.delete(callId);
    this.#listening.close(callId);
  }
}
