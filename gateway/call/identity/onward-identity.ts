import type { HeaderEntries, OutgoingSpec } from "../../ports/sip-endpoint.js";
import { uriOf } from "../../sip/message/name-addr.js";
import type { SipHeaders } from "../../sip/message/sip-headers.js";
import { splitValues } from "../../sip/message/split-values.js";
import { hasVerstat, withVerstat, type Verstat } from "../../sip/identity/verstat.js";
import type { NumberReader } from "../trunks.js";
import { partyOf } from "./call-parties.js";
import type { JudgedIdentity, TrunkIdentity } from "./identity-contracts.js";
import { identityHeader, verstatOf } from "./identity-facts.js";
import { headersOf, type SignedHeaders } from "./identity-signer.js";

export interface OnwardFacts {
  readonly judged: JudgedIdentity | undefined;
  readonly signed: SignedHeaders | undefined;
  /** Its `verstat` is believed where we set none of our own. TS 24.229 §4.4 */
  readonly trusted: boolean;
  /** The trunk's. */
  readonly numbers: NumberReader;
}

type Settings = Pick<TrunkIdentity, "verstat" | "header">;
/** What is said of the number in one header value; undefined: nothing. */
type Marker = (value: string) => Verstat | undefined;

/**
 * What is done to the INVITE that leaves: `verstat` set, or a stranger's taken away; our header; our signature.
 * @param headers Of the INVITE that came.
 * @returns Undefined: nothing.
 */
export function onwardIdentity(
  headers: SipHeaders,
  settings: Settings,
  { judged, signed, trusted, numbers }: OnwardFacts,
): ((spec: OutgoingSpec) => OutgoingSpec) | undefined {
  const sets = settings.verstat !== "none" && judged !== undefined;
  const strips = !trusted && carriesVerstat(headers);
  const tells = settings.header && judged !== undefined;
  if (!sets && !strips && !tells && signed === undefined) return undefined;
  const added: HeaderEntries = [
    ...(tells ? [["X-Ringfence-Identity", identityHeader(judged.identity)] as const] : []),
    ...(signed === undefined ? [] : headersOf(signed)),
  ];
  const marker = sets ? markerOf(judged, numbers) : undefined;
  const toFrom = markerFor("from", settings, marker, strips);
  const toPai = markerFor("pai", settings, marker, strips);
  return (spec) => ({
    ...spec,
    from: toFrom === undefined ? spec.from : withVerstat(spec.from, toFrom(spec.from)),
    headers: [
      ...(spec.headers ?? []).flatMap(([name, value]) => {
        const key = name.toLowerCase();
        if (key === "date" && signed?.date !== undefined) return [];
        const isPai = key === "p-asserted-identity" && toPai !== undefined;
        return [[name, isPai ? eachVerstat(value, toPai) : value] as const];
      }),
      ...added,
    ],
  });
}

/** Each value by whom it names itself. */
function markerOf(judged: JudgedIdentity, numbers: NumberReader): Marker {
  return (value) => {
    const uri = uriOf(value);
    return verstatOf(judged, uri === undefined ? undefined : partyOf(uri, numbers));
  };
}

const nothing: Marker = () => undefined;

/** @returns Undefined: left as it is. */
function markerFor(
  where: "from" | "pai",
  settings: Settings,
  marker: Marker | undefined,
  strips: boolean,
): Marker | undefined {
  const isMeant = settings.verstat === where || settings.verstat === "both";
  if (marker !== undefined && isMeant) return marker;
  // Two that say different things help nobody: where we say it, nobody else does.
  return strips || marker !== undefined ? nothing : undefined;
}

/** A P-Asserted-Identity line may hold a SIP and a tel URI. RFC 3325 §9.1 */
function eachVerstat(line: string, marker: Marker): string {
  return splitValues(line)
    .map((value) => withVerstat(value, marker(value)))
    .join(", ");
}

function carriesVerstat(headers: SipHeaders): boolean {
  return hasVerstat(headers.get("from") ?? "") || headers.all("p-asserted-identity").some(hasVerstat);
}
