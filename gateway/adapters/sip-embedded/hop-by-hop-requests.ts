import type { HeaderEntries } from "../../ports/sip-endpoint.js";
import { SipHeaders } from "../../sip/message/sip-headers.js";
import { NO_BODY, type SipRequest, type SipResponse } from "../../sip/message/sip-message.js";
import { addHeaders } from "../../sip/message/endpoint-headers.js";

/** The ACK of a 300–699: same branch, Route and Request-URI as the INVITE, To of the response. RFC 3261 §17.1.1.3 */
export function buildAck(invite: SipRequest, response: SipResponse): SipRequest {
  return sameHop(invite, "ACK", response.headers.get("to") ?? "", undefined);
}

/** RFC 3261 §9.1 */
export function buildCancel(invite: SipRequest, extra: HeaderEntries | undefined): SipRequest {
  return sameHop(invite, "CANCEL", invite.headers.get("to") ?? "", extra);
}

function sameHop(invite: SipRequest, method: string, to: string, extra: HeaderEntries | undefined): SipRequest {
  const from = invite.headers;
  const headers = new SipHeaders();
  headers.addKnown("via", "Via", from.get("via") ?? "");
  for (let i = 0; i < from.size; i++)
    if (from.keyAt(i) === "route") headers.addKnown("route", "Route", from.valueAt(i));
  headers.addKnown("max-forwards", "Max-Forwards", "70");
  headers.addKnown("from", "From", from.get("from") ?? "");
  headers.addKnown("to", "To", to);
  headers.addKnown("call-id", "Call-ID", from.get("call-id") ?? "");
  headers.addKnown("cseq", "CSeq", `${Number.parseInt(from.get("cseq") ?? "", 10)} ${method}`);
  addHeaders(headers, extra);
  return { kind: "request", method, uri: invite.uri, headers, body: NO_BODY };
}
