import type { IncomingRequest, SipProtocol, SipSource } from "../../ports/sip-endpoint.js";
import type { SipRequest } from "../../sip/message/sip-message.js";

/** A BYE that nobody waits to be answered: the server has sent it to the peer itself, or nobody has. */
export class ServerBye implements IncomingRequest {
  readonly request: SipRequest;
  readonly source: SipSource;
  #answered = false;

  constructor(request: SipRequest, protocol: SipProtocol) {
    this.request = request;
    this.source = { protocol, address: "", port: 0, listener: "" };
  }

  respond({ status }: { readonly status: number }): boolean {
    if (this.#answered) return false;
    if (status >= 200) this.#answered = true;
    return true;
  }
}
