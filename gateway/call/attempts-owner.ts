import type { OutgoingRequest, SipDialog } from "../ports/sip-endpoint.js";
import type { SipResponse } from "../sip/message/sip-message.js";
import type { EndReason } from "./contracts.js";

/** What the attempts at hops tell their call. */
export interface AttemptsOwner {
  onInvited(outgoing: OutgoingRequest, hop: string): void;
  onProvisional(response: SipResponse, dialog: SipDialog | undefined): void;
  onAnswer(response: SipResponse, dialog: SipDialog): void;
  /** The called side is over: its final answer, or the best that all hops had; undefined: there was no hop at all. */
  onFailed(response: SipResponse | undefined, local: boolean): void;
  end(reason: EndReason): unknown;
}
