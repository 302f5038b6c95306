import type { IncomingRequest, ResponseSpec, SipSource } from "../../ports/sip-endpoint.js";
import type { SipRequest } from "../../sip/message/sip-message.js";
import { ownAnswer } from "../answers.js";

/** A request inside a dialog whose description is being rewritten, or that waits behind one. Until it goes on, its CANCEL is answered here. */
export class GatedRequest implements IncomingRequest {
  request: SipRequest;
  readonly source: SipSource;
  onCancel?: (cancel: SipRequest) => void;
  readonly #incoming: IncomingRequest;
  readonly #serverName: string;
  readonly #onRefused: (status: number) => void;
  #waits = true;
  #cancelled = false;

  /** @param onRefused Told of every final answer of 300 and more, whoever gives it. */
  constructor(incoming: IncomingRequest, serverName: string, onRefused: (status: number) => void) {
    this.#incoming = incoming;
    this.#serverName = serverName;
    this.#onRefused = onRefused;
    this.request = incoming.request;
    this.source = incoming.source;
    if (incoming.request.method === "INVITE") incoming.onCancel = (cancel) => this.#cancel(cancel);
  }

  respond(response: ResponseSpec): boolean {
    if (response.status >= 300) this.#onRefused(response.status);
    return this.#incoming.respond(response);
  }

  /** It goes on, in this form. @returns False: it was cancelled and answered before. */
  leaves(request: SipRequest): boolean {
    this.#waits = false;
    this.request = request;
    return !this.#cancelled;
  }

  #cancel(cancel: SipRequest): void {
    if (!this.#waits) {
      this.onCancel?.(cancel);
      return;
    }
    this.#cancelled = true;
    this.respond(ownAnswer(487, this.#serverName));
  }
}
