import type { DialogFacts } from "./dialog-state.js";
import { parseCSeq } from "../message/header-values.js";
import { getTag, uriOf, withoutTag } from "../message/name-addr.js";
import type { SipHeaders } from "../message/sip-headers.js";
import type { SipRequest, SipResponse } from "../message/sip-message.js";
import { allValues, firstValue } from "../message/split-values.js";
import type { RequestFacts } from "../message/validate-request.js";

/** Text of its own: a slice would hold on to the whole received message for as long as the dialog lives. */
const own = (text: string): string => (text.length < 13 ? text : Buffer.from(text, "latin1").toString("latin1"));

const NO_ROUTES: readonly string[] = [];

/** RFC 3261 §12.1.1: Record-Route in order at the called end; §12.1.2: in reverse at the calling end. */
export function routeSetOf(headers: SipHeaders, calling: boolean): readonly string[] {
  if (!headers.has("record-route")) return NO_ROUTES;
  const values = allValues(headers, "record-route").map(own);
  return calling ? values.reverse() : values;
}

/** The URI of the first Contact value. */
export function contactUriOf(headers: SipHeaders): string | undefined {
  const line = headers.get("contact");
  if (line === undefined) return undefined;
  const uri = uriOf(firstValue(line));
  return uri === undefined || uri === "" || uri === "*" ? undefined : own(uri);
}

/** From the response to an INVITE of ours. Without Contact (RFC 2543 peers) the To URI stands in. */
export function factsOfResponse(response: SipResponse, secure: boolean): DialogFacts {
  const { headers } = response;
  const from = headers.get("from") ?? "";
  const to = headers.get("to") ?? "";
  return {
    callId: own(headers.get("call-id") ?? ""),
    localTag: own(getTag(from) ?? ""),
    remoteTag: own(getTag(to) ?? ""),
    localParty: own(withoutTag(from)),
    remoteParty: own(withoutTag(to)),
    localCseq: parseCSeq(headers.get("cseq") ?? "")?.number ?? 1,
    remoteCseq: undefined,
    remoteTarget: contactUriOf(headers) ?? uriOf(to) ?? "",
    routeSet: routeSetOf(headers, true),
    secure,
  };
}

/** From an INVITE of the peer that we answer with this tag. */
export function factsOfRequest(request: SipRequest, facts: RequestFacts, localTag: string, tls: boolean): DialogFacts {
  const { headers } = request;
  const from = headers.get("from") ?? "";
  return {
    callId: own(facts.callId),
    localTag,
    remoteTag: own(facts.fromTag ?? ""),
    localParty: own(withoutTag(headers.get("to") ?? "")),
    remoteParty: own(withoutTag(from)),
    localCseq: 0,
    remoteCseq: facts.cseq.number,
    remoteTarget: contactUriOf(headers) ?? uriOf(from) ?? "",
    routeSet: routeSetOf(headers, false),
    secure: tls && request.uri.startsWith("sips:"),
  };
}
