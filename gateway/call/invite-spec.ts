import type { OutgoingSpec } from "../ports/sip-endpoint.js";
import { parseCSeq } from "../sip/message/header-values.js";
import { getTag } from "../sip/message/name-addr.js";
import type { SipRequest } from "../sip/message/sip-message.js";
import type { HopChoice } from "./contracts.js";
import { oneLess } from "./leg.js";
import { contactParts, partyFor } from "./party-text.js";
import { passHeaders, type PassRules } from "./pass-headers.js";

/** CSeq numbers end at 2^31 − 1. RFC 3261 §8.1.1.5 */
const MOST_CSEQ = 0x7fff_ffff;

/**
 * The request that carries `request` on to one hop. The Request-URI is kept: digest responses (RFC 7616) and number translation
 * at the hop depend on it.
 *
 * With topology hiding off Call-ID and From tag are kept too. The CSeq number is then one more than the caller's, and one more
 * again for each further hop: a call that comes back to this gateway on its way would otherwise look like the same request by
 * two paths and get 482 (§8.2.2.2).
 */
export function outgoingSpec(request: SipRequest, rules: PassRules, hop: HopChoice, attempt: number): OutgoingSpec {
  const { headers } = request;
  const hops = headers.get("max-forwards");
  const from = headers.get("from") ?? "";
  const host = rules.topologyHiding ? rules.ownHost : undefined;
  const common = {
    method: request.method,
    uri: request.uri,
    targets: hop.targets,
    from: partyFor(from, host),
    to: partyFor(headers.get("to") ?? "", host),
    headers: passHeaders(headers, rules),
    body: request.body,
    maxForwards: hops === undefined ? 70 : oneLess(hops),
    ...contactParts(headers),
  };
  const fromTag = getTag(from);
  const callId = headers.get("call-id");
  if (rules.topologyHiding || fromTag === undefined || callId === undefined) return common;
  const cseq = (parseCSeq(headers.get("cseq") ?? "")?.number ?? 0) + 1 + attempt;
  return { ...common, callId, fromTag, cseq: Math.min(cseq, MOST_CSEQ) };
}
