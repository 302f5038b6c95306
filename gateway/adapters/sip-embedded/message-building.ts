import type { HeaderEntries, ResponseSpec } from "../../ports/sip-endpoint.js";
import { withTag } from "../../sip/message/name-addr.js";
import { addHeaders, carriesContact } from "../../sip/message/endpoint-headers.js";
import { SipHeaders } from "../../sip/message/sip-headers.js";
import { NO_BODY, type SipRequest, type SipResponse } from "../../sip/message/sip-message.js";
import { reasonPhrase } from "../../sip/message/reason-phrases.js";
import { oneLine } from "../../sip/message/text.js";
import type { Listener } from "./transport/transport.js";

export { carriesContact };

export interface RequestParts {
  readonly method: string;
  readonly uri: string;
  readonly routes: readonly string[];
  readonly maxForwards: number;
  /** With its tag. */
  readonly from: string;
  /** With its tag, if it has one. */
  readonly to: string;
  readonly callId: string;
  readonly cseq: number;
  readonly headers?: HeaderEntries | undefined;
  readonly body?: Uint8Array | undefined;
  /** Our Contact is to be written: its value follows with the Via. */
  readonly withContact: boolean;
  /** A whole Contact instead of ours (REGISTER). */
  readonly contact?: string | undefined;
}

/** A request whose Via and Contact are still empty: they depend on where it leaves (`address`). RFC 3261 §8.1.1 */
export function buildRequest(parts: RequestParts): SipRequest {
  const headers = new SipHeaders();
  headers.addKnown("via", "Via", "");
  for (const route of parts.routes) headers.addKnown("route", "Route", route);
  headers.addKnown("max-forwards", "Max-Forwards", String(parts.maxForwards));
  headers.addKnown("from", "From", parts.from);
  headers.addKnown("to", "To", parts.to);
  headers.addKnown("call-id", "Call-ID", parts.callId);
  headers.addKnown("cseq", "CSeq", `${parts.cseq} ${parts.method}`);
  if (parts.withContact) headers.addKnown("contact", "Contact", "");
  else if (parts.contact !== undefined) headers.addKnown("contact", "Contact", oneLine(parts.contact));
  addHeaders(headers, parts.headers);
  return { kind: "request", method: parts.method, uri: oneLine(parts.uri), headers, body: parts.body ?? NO_BODY };
}

/** What a target refresh request may move. RFC 3261 §12.2, RFC 3311 §5.1, RFC 6665 §4.4 */
export const refreshesTarget = carriesContact;

/** How others reach us at this listener: `<sip:user@host:port;transport=tcp>`. */
export function contactAt(
  listener: Listener,
  secure: boolean,
  user: string | undefined,
  params: string | undefined,
): string {
  const scheme = secure ? "sips" : "sip";
  const transport = listener.protocol === "udp" || secure ? "" : `;transport=${listener.protocol}`;
  const at = user === undefined || user === "" ? "" : `${user}@`;
  return `<${scheme}:${at}${listener.sentByHost}:${listener.sentByPort}${transport}>${params ?? ""}`;
}

/** `Via` of a request that leaves by this listener. RFC 3261 §18.1.1, RFC 3581 §3 */
export function viaAt(listener: Listener, branch: string): string {
  return `SIP/2.0/${listener.protocol.toUpperCase()} ${listener.sentByHost}:${listener.sentByPort};rport;branch=${branch}`;
}

/** RFC 3261 §8.2.6. `toTag` empty: To is copied as it is. */
export function buildResponse(
  request: SipRequest,
  spec: ResponseSpec,
  toTag: string,
  contact: string | undefined,
  copyRecordRoute: boolean,
): SipResponse {
  const from = request.headers;
  const headers = new SipHeaders();
  copyLines(from, headers, "via", "Via");
  if (copyRecordRoute) copyLines(from, headers, "record-route", "Record-Route");
  headers.addKnown("from", "From", from.get("from") ?? "");
  const to = from.get("to") ?? "";
  headers.addKnown("to", "To", toTag === "" ? to : withTag(to, toTag));
  headers.addKnown("call-id", "Call-ID", from.get("call-id") ?? "");
  headers.addKnown("cseq", "CSeq", from.get("cseq") ?? "");
  if (contact !== undefined) headers.addKnown("contact", "Contact", contact);
  addHeaders(headers, spec.headers);
  const reason = spec.reason === undefined ? reasonPhrase(spec.status) : oneLine(spec.reason);
  return { kind: "response", status: spec.status, reason, headers, body: spec.body ?? NO_BODY };
}

function copyLines(from: SipHeaders, to: SipHeaders, key: string, name: string): void {
  for (let i = 0; i < from.size; i++) if (from.keyAt(i) === key) to.addKnown(key, name, from.valueAt(i));
}

/** The final response that no peer sent: 408 or 503. */
export function buildLocalResponse(request: SipRequest, status: number, reason: string): SipResponse {
  return buildResponse(request, { status, reason }, "", undefined, false);
}
