import { directionOf, type SdpDirection, type SessionDescription } from "../../gateway/sip/sdp/session-description.js";

export interface SdpMismatch {
  readonly code:
    /** Not as many m= lines as the offer has. RFC 3264 §6 */
    | "sdp.media-count"
    /** Another kind of media or another protocol in the same place. RFC 3264 §6 */
    | "sdp.media-kind"
    /** A stream that the offer had switched off (port 0) is on in the answer. RFC 3264 §6 */
    | "sdp.media-revived"
    /** A direction that the offered one does not allow. RFC 3264 §6.1 */
    | "sdp.direction";
  /** 0-based index of the m= line; -1: the whole. */
  readonly media: number;
}

const ANSWERS: Readonly<Record<SdpDirection, readonly SdpDirection[]>> = {
  sendrecv: ["sendrecv", "sendonly", "recvonly", "inactive"],
  sendonly: ["recvonly", "inactive"],
  recvonly: ["sendonly", "inactive"],
  inactive: ["inactive"],
};

/** The first way in which an answer does not fit its offer; undefined when it does. RFC 3264 §6 */
export function checkAnswer(offer: SessionDescription, answer: SessionDescription): SdpMismatch | undefined {
  if (answer.media.length !== offer.media.length) return { code: "sdp.media-count", media: -1 };
  for (const [i, offered] of offer.media.entries()) {
    const answered = answer.media[i];
    if (answered === undefined) return { code: "sdp.media-count", media: i };
    if (answered.kind !== offered.kind || answered.protocol.toUpperCase() !== offered.protocol.toUpperCase()) {
      return { code: "sdp.media-kind", media: i };
    }
    if (answered.port === 0) continue;
    if (offered.port === 0) return { code: "sdp.media-revived", media: i };
    if (!ANSWERS[directionOf(offer, offered)].includes(directionOf(answer, answered)))
      return { code: "sdp.direction", media: i };
  }
  return undefined;
}
