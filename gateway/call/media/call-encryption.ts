import { parseVia } from "../../sip/message/via.js";
import type { SipResponse } from "../../sip/message/sip-message.js";
import type { SipProtocol } from "../../ports/sip-endpoint.js";
import { sdpBodyOf } from "./sdp-body.js";

/** Of an m-line that carries speech or pictures: port and protocol. RFC 8866 §5.14 */
const STREAM = /^m=(?:audio|video) (\d{1,5})\S* ([A-Za-z/]+)/gm;

/**
 * Is what is said in a call kept from who carries it, as far as our two legs go? By the answer, which has the protocol of the offer.
 * Read by place, for it is asked at each answer.
 *
 * @param caller Protocol of the caller's leg; that of the other one is in our own Via, which the answer brings back.
 * @returns True: DTLS-SRTP (RFC 5763), or SRTP whose keys (RFC 4568) went over TLS on both legs. False: in the clear, or with keys that
 *   were. Undefined: the answer does not say.
 */
export function encryptionOf(answer: SipResponse, caller: SipProtocol): boolean | undefined {
  const found = sdpBodyOf(answer.headers, answer.body);
  if (found === undefined) return undefined;
  const sdp = Buffer.from(found.sdp.buffer, found.sdp.byteOffset, found.sdp.byteLength).toString("latin1");
  const protocols = [...sdp.matchAll(STREAM)].filter(([, port]) => port !== "0").map(([, , protocol = ""]) => protocol);
  if (protocols.length === 0) return undefined;
  const isClear = protocols.some((protocol) => !/SAVP/i.test(protocol));
  const [hasKeys, hasFingerprint] = [sdp.includes("\na=crypto:"), sdp.includes("\na=fingerprint:")];
  // Opportunistic encryption has keys beside plain RTP/AVP (RFC 8643): whether they are used is not said.
  if (isClear) return hasKeys || hasFingerprint ? undefined : false;
  if (protocols.every((protocol) => /^UDP\/TLS\//i.test(protocol)) || (hasFingerprint && !hasKeys)) return true;
  if (!hasKeys) return undefined;
  return caller === "tls" && parseVia(answer.headers.get("via") ?? "")?.transport.toUpperCase() === "TLS";
}
