import type { SipHeaders } from "../../sip/message/sip-headers.js";
import type { SipRequest } from "../../sip/message/sip-message.js";
import { uriOf } from "../../sip/message/name-addr.js";
import { allValues } from "../../sip/message/split-values.js";
import { unescapeUri } from "../../sip/message/text.js";
import { plainUri, type PassportParty } from "../../sip/identity/passport.js";
import { tnOf } from "../../sip/identity/telephone-number.js";
import { namesNobody } from "../identify-call.js";
import type { NumberReader, TrunkSettings } from "../trunks.js";

/** Diversion and History-Info entries that are looked at. */
const MOST_ENTRIES = 16;

/**
 * A URI as PASSporTs name it: its number, canonical by the trunk's plan, else itself. RFC 8224 §8.3, §8.5
 * @returns Undefined where it names nobody.
 */
export function partyOf(uri: string, numbers: NumberReader): PassportParty | undefined {
  const user = userOf(uri);
  if (user === undefined) return uri.includes(":") ? { kind: "uri", uri: plainUri(uri) } : undefined;
  if (/^[+\d*#]/.test(unescapeUri(user))) {
    const tn = tnOf(numbers.canonical(user));
    if (tn !== undefined) return { kind: "tn", tn };
  }
  return { kind: "uri", uri: plainUri(uri) };
}

/** The user part of a SIP URI, or what a tel URI has after its scheme. */
function userOf(uri: string): string | undefined {
  if (/^tel:/i.test(uri)) return uri.slice(4);
  return /^sips?:([^@:]+)(?::[^@]*)?@/i.exec(uri)?.[1];
}

/** Whom the INVITE is for now. */
export function targetOf(request: SipRequest, numbers: NumberReader): PassportParty | undefined {
  return partyOf(request.uri, numbers);
}

/**
 * Who calls: the number that the call counts for. Where that is withheld, whoever the request names: the signature tells whether it
 * is so. The P-Asserted-Identity of an untrusted trunk is among them only where From names nobody: beside a From it would let
 * somebody sign for himself and be shown as another.
 */
export function callersOf(
  { headers }: SipRequest,
  caller: string,
  { trusted, numbers }: Pick<TrunkSettings, "trusted" | "numbers">,
): PassportParty[] {
  const tn = caller.startsWith("anonymous@") ? undefined : tnOf(caller);
  if (tn !== undefined) return [{ kind: "tn", tn }];
  const isNobody = namesNobody(headers.get("from") ?? "");
  return partiesIn(headers, trusted || isNobody ? ["p-asserted-identity", "from"] : ["from"], numbers);
}

/** Whom the call was for before it was sent on, as Diversion (RFC 5806), History-Info (RFC 7044) or To say. */
export function formerTargets(headers: SipHeaders, keys: readonly string[], numbers: NumberReader): PassportParty[] {
  return partiesIn(headers, keys, numbers);
}

function partiesIn(headers: SipHeaders, keys: readonly string[], numbers: NumberReader): PassportParty[] {
  return keys
    .flatMap((key) => (headers.has(key) ? allValues(headers, key).slice(0, MOST_ENTRIES) : []))
    .flatMap((value) => {
      const uri = uriOf(value);
      const party = uri === undefined ? undefined : partyOf(uri, numbers);
      return party === undefined ? [] : [party];
    });
}
