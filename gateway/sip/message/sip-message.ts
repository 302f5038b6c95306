import type { SipHeaders } from "./sip-headers.js";

/**
 * SIP text is held byte for byte: every string that came off the wire is latin1-decoded (one character a byte),
 * so that what passes through leaves exactly as it came, UTF-8 and escapes included. Use `utf8Text` to show it to people.
 */
export interface SipRequest {
  readonly kind: "request";
  /** As received; methods are case-sensitive. RFC 3261 §7.1 */
  method: string;
  /** The Request-URI, as received. */
  uri: string;
  readonly headers: SipHeaders;
  body: Uint8Array;
}

export interface SipResponse {
  readonly kind: "response";
  /** 100–699 */
  status: number;
  reason: string;
  readonly headers: SipHeaders;
  body: Uint8Array;
}

export type SipMessage = SipRequest | SipResponse;

export const NO_BODY: Uint8Array = new Uint8Array(0);
