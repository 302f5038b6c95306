import type {
  HeaderEntries,
  IncomingRequest,
  OutgoingRequest,
  OutgoingUser,
  ResponseSpec,
} from "../ports/sip-endpoint.js";
import type { SipResponse } from "../sip/message/sip-message.js";
import { passResponse } from "./answers.js";
import type { Leg } from "./leg.js";

/** A request of one leg that waits for the other leg's answer. */
export class RelayedRequest implements OutgoingUser {
  readonly isInvite: boolean;
  readonly #from: Leg;
  readonly #incoming: IncomingRequest;
  #outgoing: OutgoingRequest | undefined;
  #cancel: { readonly headers: HeaderEntries } | undefined;
  #terminated = false;

  constructor(from: Leg, incoming: IncomingRequest, isInvite: boolean) {
    this.#from = from;
    this.#incoming = incoming;
    this.isInvite = isInvite;
  }

  sent(outgoing: OutgoingRequest): void {
    this.#outgoing = outgoing;
    if (this.#cancel !== undefined) outgoing.cancel(this.#cancel.headers);
  }

  /** Whoever cancels a re-INVITE learns from the other side's final answer whether it came in time. RFC 3261 §9.2 */
  cancel(headers: HeaderEntries): void {
    if (this.#cancel !== undefined) return;
    this.#cancel = { headers };
    this.#outgoing?.cancel(headers);
  }

  /** The call ended first. What the other side still answers reaches nobody. */
  terminate(answer: ResponseSpec): void {
    this.#terminated = true;
    this.#incoming.respond(answer);
  }

  onProvisional(response: SipResponse): void {
    if (this.isInvite && !this.#terminated) this.#incoming.respond(passResponse(response, this.#from.rules));
  }

  onAnswer(response: SipResponse): void {
    const { peer } = this.#from;
    if (this.#terminated) {
      peer?.dialog.ack();
      return;
    }
    this.#from.closed(this);
    this.#from.awaitAck(this.#incoming.request);
    peer?.owes(this.#incoming.request);
    this.#incoming.respond(passResponse(response, this.#from.rules));
    this.#from.refreshed();
  }

  onFinal(response: SipResponse): void {
    if (this.#terminated) return;
    this.#from.closed(this);
    this.#incoming.respond(passResponse(response, this.#from.rules));
    if (response.status < 300 && this.#incoming.request.method === "UPDATE") this.#from.refreshed();
  }
}
