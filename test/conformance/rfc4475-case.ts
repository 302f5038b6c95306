import assert from "node:assert/strict";
import type { SipMessage, SipRequest } from "../../gateway/sip/message/sip-message.js";
import type { RequestFacts } from "../../gateway/sip/message/validate-request.js";

export interface TortureCase {
  readonly file: string;
  readonly section: string;
  /** Our behaviour, in our words; with the reason where the RFC leaves a choice. */
  readonly title: string;
  readonly expect: "accepted" | "dropped" | number;
  /** Code of a refusal. */
  readonly code?: string;
  /** Facts of an accepted message. */
  readonly check?: (message: SipMessage, facts: RequestFacts | undefined) => void;
}

export const bodyText = (message: SipMessage): string => Buffer.from(message.body).toString("latin1");
export const one = (message: SipMessage, key: string): string => message.headers.get(key) ?? "";
export const asRequest = (message: SipMessage): SipRequest => {
  assert.ok(message.kind === "request");
  return message;
};
