import type { SipResponse } from "../message/sip-message.js";

/**
 * What a client transaction asks of its driver. One object serves every transaction of an endpoint: `owner` says which one, so
 * an event allocates nothing. Calls come in the order in which they must be carried out.
 */
export interface ClientSink<O> {
  /** Send the request, or send it again. */
  sendRequest(owner: O): void;
  /** INVITE only: the ACK of a 300–699 (RFC 3261 §17.1.1.3); again for each repeat of it. */
  sendAck(owner: O, response: SipResponse): void;
  /** For the transaction user: 1xx, a final response, each 2xx to an INVITE (repeats and forks included). */
  deliver(owner: O, response: SipResponse): void;
  /** Timer B or F: no final response came. `terminated` follows. */
  timedOut(owner: O): void;
  /** The request could not be sent. `terminated` follows. */
  transportFailed(owner: O): void;
  /** Exactly once, last: nothing will ever come of it again. */
  terminated(owner: O): void;
}
