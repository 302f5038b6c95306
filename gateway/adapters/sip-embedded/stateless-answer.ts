import type { ResponseSpec, SipTarget } from "../../ports/sip-endpoint.js";
import { serializeResponse } from "../../sip/message/serialize-message.js";
import type { SipRequest } from "../../sip/message/sip-message.js";
import { getTag } from "../../sip/message/name-addr.js";
import type { Via } from "../../sip/message/via.js";
import { wantsRport } from "../../sip/transaction/via-stamp.js";
import { buildResponse } from "./message-building.js";
import type { Received, SendTo } from "./transport/transport.js";

/**
 * Where answers to this request go. RFC 3261 §18.2.2, RFC 3581 §4: a stream's connection, else by UDP to the address that it came
 * from, at the port that it came from where the client asked for that, else at the one in its Via.
 *
 * Without a readable Via (an answer to a malformed request) they go back where it came from.
 * `maddr` is not followed: it would let anybody have our answers sent to a third party.
 */
export function replyTarget(received: Received, via: Via | undefined): SendTo {
  const { protocol, address, port } = received.source;
  if (protocol === "udp") {
    const replyPort = via === undefined || wantsRport(via) ? port : (via.port ?? 5060);
    return { protocol, address, port: replyPort, listenerName: received.listener.name };
  }
  const to: SipTarget = { protocol, address, port: via?.port ?? (protocol === "tls" ? 5061 : 5060) };
  return received.connectionId === undefined ? to : { ...to, connectionId: received.connectionId };
}

/** Bytes of an answer that no transaction keeps: the same for every repeat of the request. RFC 3261 §8.2.7 */
export function statelessAnswer(request: SipRequest, spec: ResponseSpec): Buffer {
  const to = request.headers.get("to") ?? "";
  const tag = getTag(to) === undefined ? statelessTag(request) : "";
  return serializeResponse(buildResponse(request, spec, tag, undefined, false));
}

/** FNV-1a over what a repeat has in common. */
function statelessTag(request: SipRequest): string {
  const text = `${request.headers.get("via") ?? ""} ${request.headers.get("call-id") ?? ""} ${request.headers.get("cseq") ?? ""}`;
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return `s${(hash >>> 0).toString(36)}`;
}
