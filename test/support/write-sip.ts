// The inverse of readers, for tests that read what they have written.
import type { NameAddr } from "../../gateway/sip/message/name-addr.js";
import { serializeRequest, serializeResponse } from "../../gateway/sip/message/serialize-message.js";
import type { SipMessage } from "../../gateway/sip/message/sip-message.js";
import type { SipUri } from "../../gateway/sip/message/uri.js";

export function serializeMessage(message: SipMessage): Buffer {
  return message.kind === "request" ? serializeRequest(message) : serializeResponse(message);
}

export function formatSipUri(uri: SipUri): string {
  const password = uri.password === undefined ? "" : `:${uri.password}`;
  const user = uri.user === undefined ? "" : `${uri.user}${password}@`;
  const port = uri.port === undefined ? "" : `:${uri.port}`;
  return `${uri.scheme}:${user}${uri.host}${port}${uri.params}${uri.headers === "" ? "" : `?${uri.headers}`}`;
}

/** Quotes the display name where it is no row of tokens; always with angle brackets. */
export function formatNameAddr(address: NameAddr): string {
  if (address.display === "") return `<${address.uri}>${address.params}`;
  return `${quoteWhereNeeded(address.display)} <${address.uri}>${address.params}`;
}

function quoteWhereNeeded(display: string): string {
  const plain = /^[A-Za-z0-9\-.!%*_+`'~]+(?: [A-Za-z0-9\-.!%*_+`'~]+)*$/.test(display);
  return plain ? display : `"${display.replace(/["\\]/g, "\\$&")}"`;
}
