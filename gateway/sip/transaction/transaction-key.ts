import type { SipRequest } from "../message/sip-message.js";
import type { RequestFacts } from "../message/validate-request.js";
import { formatVia, MAGIC_COOKIE, viaBranch } from "../message/via.js";

/**
 * What makes requests one server transaction. RFC 3261 §17.2.3: method, sent-by and branch; without the magic cookie the
 * matching rules of RFC 2543: From, Call-ID, CSeq, top Via and Request-URI.
 *
 * Ends in what varies, for `ShardedMap`. Its parts are joined, so the key holds on to no received message.
 *
 * @param method INVITE for an ACK and for a CANCEL, to find what they belong to.
 */
export function serverKey(request: SipRequest, facts: RequestFacts, method: string): string {
  const { via } = facts;
  const branch = viaBranch(via) ?? "";
  if (branch.length > MAGIC_COOKIE.length && branch.startsWith(MAGIC_COOKIE))
    return `${method} ${via.host}:${via.port ?? ""} ${branch}`;
  // The To tag is left out: the ACK of a 300–699 has ours, the INVITE had none.
  return `2543 ${method} ${request.uri} ${facts.fromTag ?? ""} ${formatVia(via)} ${facts.cseq.number} ${facts.callId}`;
}

/**
 * Two requests with one of these but different branches are one request that came by two ways: RFC 3261 §8.2.2.2 answers 482.
 *
 * Departs from the letter: the Request-URI is part of it, because branches that a proxy in front forks to different
 * targets through us, and a call that spirals through us with its identifiers kept, are not merged.
 */
export function mergeKey(request: SipRequest, facts: RequestFacts): string {
  return `${request.method} ${request.uri} ${facts.cseq.number} ${facts.callId} ${facts.fromTag ?? ""}`;
}
