import type { HeaderEntries, RequestSpec, ResponseSpec, SipTarget } from "../../ports/sip-endpoint.js";
import { addHeaders } from "../../sip/message/endpoint-headers.js";
import { withTag } from "../../sip/message/name-addr.js";
import { reasonPhrase } from "../../sip/message/reason-phrases.js";
import { serializeRequest, serializeResponse } from "../../sip/message/serialize-message.js";
import { SipHeaders } from "../../sip/message/sip-headers.js";
import { NO_BODY, type SipRequest, type SipResponse } from "../../sip/message/sip-message.js";
import { oneLine } from "../../sip/message/text.js";

/** Any Request-URI that holds this word stands for the dialog's remote target. */
const REMOTE_TARGET = "sip:placeholder";

export interface OutgoingText {
  readonly method: string;
  readonly uri: string;
  /** With tags. */
  readonly from: string;
  readonly to: string;
  readonly callId: string;
  readonly cseq: number;
  readonly contact: string | undefined;
  readonly spec: RequestSpec;
}

/** Via and Route are the server's affair: it takes none from us. */
export function buildRequest(text: OutgoingText): SipRequest {
  const { method, spec, contact } = text;
  const headers = new SipHeaders();
  headers.addKnown("max-forwards", "Max-Forwards", String(spec.maxForwards ?? 70));
  headers.addKnown("from", "From", oneLine(text.from));
  headers.addKnown("to", "To", oneLine(text.to));
  headers.addKnown("call-id", "Call-ID", oneLine(text.callId));
  headers.addKnown("cseq", "CSeq", `${text.cseq} ${method}`);
  if (contact !== undefined) headers.addKnown("contact", "Contact", oneLine(contact));
  addHeaders(headers, spec.headers);
  return { kind: "request", method, uri: oneLine(text.uri), headers, body: spec.body ?? NO_BODY };
}

/** Inside a dialog the server writes what names it; ACK and CANCEL too are only what we add to them. */
export function insideDialog(method: string, headers: SipHeaders, body: Uint8Array): Buffer {
  const rest = headers.clone();
  for (const key of ["from", "to", "call-id", "cseq"]) rest.delete(key);
  return serializeRequest({ kind: "request", method, uri: REMOTE_TARGET, headers: rest, body });
}

export function ackBytes(spec: { readonly headers?: HeaderEntries; readonly body?: Uint8Array }): Buffer {
  return insideDialog("ACK", added(spec.headers), spec.body ?? NO_BODY);
}

export function cancelBytes(uri: string, entries: HeaderEntries | undefined): Buffer {
  return serializeRequest({ kind: "request", method: "CANCEL", uri, headers: added(entries), body: NO_BODY });
}

function added(entries: HeaderEntries | undefined): SipHeaders {
  const headers = new SipHeaders();
  addHeaders(headers, entries);
  return headers;
}

/**
 * An answer as the server wants it: it copies Via, From, Call-ID and Record-Route itself. CSeq tells it the answer to an early
 * UPDATE from that to its INVITE; a tag in To is taken from the first answer.
 */
export function responseBytes(
  request: SipRequest,
  spec: ResponseSpec,
  toTag: string,
  contact: string | undefined,
): Buffer {
  const headers = new SipHeaders();
  const to = request.headers.get("to") ?? "";
  headers.addKnown("to", "To", toTag === "" ? to : withTag(to, toTag));
  headers.addKnown("cseq", "CSeq", request.headers.get("cseq") ?? "");
  if (contact !== undefined) headers.addKnown("contact", "Contact", oneLine(contact));
  addHeaders(headers, spec.headers);
  return serializeResponse(response(spec.status, spec.reason, headers, spec.body));
}

/** The final response that nobody sent. */
export function localResponse(request: SipRequest, status: number): SipResponse {
  const headers = new SipHeaders();
  for (const key of ["via", "from", "to", "call-id", "cseq"]) {
    const value = request.headers.get(key);
    if (value !== undefined) headers.add(key, value);
  }
  return response(status, undefined, headers, undefined);
}

function response(
  status: number,
  reason: string | undefined,
  headers: SipHeaders,
  body: Uint8Array | undefined,
): SipResponse {
  return { kind: "response", status, reason: reason ?? reasonPhrase(status), headers, body: body ?? NO_BODY };
}

/** The next hop as the server wants it in META. */
export function targetUri({ protocol, address, port }: SipTarget): string {
  const host = address.includes(":") ? `[${address}]` : address;
  return `sip:${host}:${port};transport=${protocol}`;
}

/** Undefined where it would break the META line. */
export function routeField(uri: string): string | undefined {
  return /[|\r\n\s]/.test(uri) ? undefined : uri;
}
