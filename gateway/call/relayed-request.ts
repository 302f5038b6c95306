import type {
  HeaderEntries,
  IncomingRequest,
  OutgoingRequest,
  OutgoingUser,
  ResponseSpec,
} from "../ports/sip-endpoint.js";
import type { SipRequest, SipResponse } from "../sip/message/sip-message.js";
import { passResponse } from "./answers.js";
import type { PassRules } from "./pass-headers.js";

/** The leg that asks. */
export interface AskingLeg {
  readonly rules: PassRules;
  /** Who answers. */
  readonly peer: { readonly dialog: { ack(): void }; owes(invite: SipRequest): void } | undefined;
  /** It has been answered. */
  closed(relayed: RelayedRequest): void;
  awaitAck(invite: SipRequest): void;
  /** The session lives on. */
  refreshed(): void;
  refused(request: SipRequest): void;
}

/** A request of one leg that waits for the other leg's answer. */
export class RelayedRequest implements OutgoingUser {
  readonly isInvite: boolean;
  readonly #from: AskingLeg;
  readonly #incoming: IncomingRequest;
  #outgoing: OutgoingRequest | undefined;
  #cancel: { readonly headers: HeaderEntries } | undefined;
  #terminated = false;

  constructor(from: AskingLeg, incoming: IncomingRequest, isInvite: boolean) {
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
    const { request } = this.#incoming;
    if (response.status >= 300) this.#from.refused(request);
    else if (request.method === "UPDATE") this.#from.refreshed();
  }
}
