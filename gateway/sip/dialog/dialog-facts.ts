import type { DialogFacts } from "./dialog-state.js";
import { parseCSeq } from "../message/header-values.js";
import { getTag, uriOf, withoutTag } from "../message/name-addr.js";
import type { SipHeaders } from "../message/sip-headers.js";
import type { SipRequest, SipResponse } from "../message/sip-message.js";
import { allValues, firstValue } from "../message/split-values.js";
import { ownText } from "../message/text.js";
import type { RequestFacts } from "../message/validate-request.js";

const NO_ROUTES: readonly string[] = [];

/** RFC 3261 §12.1.1: Record-Route in order at the called end; §12.1.2: in reverse at the calling end. */
export function routeSetOf(headers: SipHeaders, calling: boolean): readonly string[] {
  if (!headers.has("record-route")) return NO_ROUTES;
  const values = allValues(headers, "record-route").map(ownText);
  return calling ? values.reverse() : values;
}

/** The URI of the first Contact value. */
export function contactUriOf(headers: SipHeaders): string | undefined {
  const line = headers.get("contact");
  if (line === undefined) return undefined;
  const uri = uriOf(firstValue(line));
  return uri === undefined || uri === "" || uri === "*" ? undefined : ownText(uri);
}

/** Who a message came from, or went to. */
export interface PeerAddress {
  readonly protocol: "udp" | "tcp" | "tls";
  /** IPv4 or IPv6 literal, without brackets. */
  readonly address: string;
  readonly port: number;
}

/**
 * What stands in for a Contact that is missing (RFC 2543 peers): where the peer really is. What it says in From or To may name
 * anybody: its BYE would go there.
 */
function uriOfPeer({ protocol, address, port }: PeerAddress): string {
  const host = address.includes(":") ? `[${address}]` : address;
  return `sip:${host}:${port}${protocol === "udp" ? "" : `;transport=${protocol}`}`;
}

/** From the response to an INVITE of ours. Without Contact its target is where the INVITE went, and the To URI where that is not known. */
export function factsOfResponse(response: SipResponse, secure: boolean, peer: PeerAddress | undefined): DialogFacts {
  const { headers } = response;
  const from = headers.get("from") ?? "";
  const to = headers.get("to") ?? "";
  return {
    callId: ownText(headers.get("call-id") ?? ""),
    localTag: ownText(getTag(from) ?? ""),
    remoteTag: ownText(getTag(to) ?? ""),
    localParty: ownText(withoutTag(from)),
    remoteParty: ownText(withoutTag(to)),
    localCseq: parseCSeq(headers.get("cseq") ?? "")?.number ?? 1,
    remoteCseq: undefined,
    remoteTarget: contactUriOf(headers) ?? (peer === undefined ? uriOf(to) : uriOfPeer(peer)) ?? "",
    routeSet: routeSetOf(headers, true),
    secure,
  };
}

/** From an INVITE of the peer that we answer with this tag. */
export function factsOfRequest(
  request: SipRequest,
  facts: RequestFacts,
  localTag: string,
  peer: PeerAddress,
): DialogFacts {
  const { headers } = request;
  const from = headers.get("from") ?? "";
  return {
    callId: ownText(facts.callId),
    localTag,
    remoteTag: ownText(facts.fromTag ?? ""),
    localParty: ownText(withoutTag(headers.get("to") ?? "")),
    remoteParty: ownText(withoutTag(from)),
    localCseq: 0,
    remoteCseq: facts.cseq.number,
    remoteTarget: contactUriOf(headers) ?? uriOfPeer(peer),
    routeSet: routeSetOf(headers, false),
    secure: peer.protocol === "tls" && request.uri.startsWith("sips:"),
  };
}
