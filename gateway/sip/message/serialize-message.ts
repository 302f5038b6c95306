import type { SipHeaders } from "./sip-headers.js";
import { oneLine } from "./text.js";
import type { SipRequest, SipResponse } from "./sip-message.js";

/** The bytes of a request as they go on the wire. Content-Length is counted anew and written last. RFC 3261 §7, §20.14 */
export function serializeRequest(request: SipRequest): Buffer {
  return serialize(`${oneLine(`${request.method} ${request.uri}`)} SIP/2.0\r\n`, request.headers, request.body);
}

export function serializeResponse(response: SipResponse): Buffer {
  return serialize(`SIP/2.0 ${response.status} ${oneLine(response.reason)}\r\n`, response.headers, response.body);
}

/** Strings are written one byte a character (see `SipRequest`); what is above U+00FF goes out as `?`, never as another character. */
function serialize(startLine: string, headers: SipHeaders, body: Uint8Array): Buffer {
  let head = startLine;
  const count = headers.size;
  for (let i = 0; i < count; i++) {
    if (headers.keyAt(i) === "content-length") continue;
    head += `${headers.nameAt(i)}: ${headers.valueAt(i)}\r\n`;
  }
  head += `Content-Length: ${body.length}\r\n\r\n`;
  if (WIDE.test(head)) head = head.replace(EVERY_WIDE, "?");
  const bytes = Buffer.allocUnsafe(head.length + body.length);
  bytes.write(head, 0, "latin1");
  if (body.length > 0) bytes.set(body, head.length);
  return bytes;
}

/** Node would keep the low byte only: U+010A would become a line feed. */
const WIDE = /[^\0-\xff]/;
const EVERY_WIDE = /[^\0-\xff]/g;
