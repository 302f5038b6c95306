import type { SipHeaders } from "../sip/message/sip-headers.js";
import { parseRAck } from "../sip/message/header-values.js";
import { splitValues } from "../sip/message/split-values.js";
import type { DialogIndex } from "./dialog-index.js";
import { isOwnHeader } from "./identify-call.js";
import { mapJoin, mapReferTo, mapReplaces, mapTargetDialog } from "./identifier-mapping.js";

/** What is done to a header field that crosses the gateway. Fields that are not named pass byte for byte. */
type Treatment =
  /** It speaks of one hop or one dialog: each side has its own. */
  | "own"
  /** Names the other side's software or path; passes unless topology is hidden. */
  | "topology"
  /** Warning: the agent's name is replaced when topology is hidden. */
  | "warning"
  /** Supported: without the option tags that do not work across a B2BUA. */
  | "options"
  /** RAck: names a CSeq of the sender's leg. */
  | "rack"
  /** They name dialogs. */
  | "replaces"
  | "join"
  | "target-dialog"
  | "refer-to";

const TREATMENTS: ReadonlyMap<string, Treatment> = new Map<string, Treatment>([
  ["via", "own"],
  ["from", "own"],
  ["to", "own"],
  ["call-id", "own"],
  ["cseq", "own"],
  ["contact", "own"],
  ["route", "own"],
  ["record-route", "own"],
  ["max-forwards", "own"],
  ["content-length", "own"],
  ["proxy-require", "own"],
  ["server", "topology"],
  ["user-agent", "topology"],
  ["warning", "warning"],
  ["supported", "options"],
  ["rack", "rack"],
  ["replaces", "replaces"],
  ["join", "join"],
  ["target-dialog", "target-dialog"],
  ["refer-to", "refer-to"],
]);

/**
 * Option tags that we carry from end to end; what OPTIONS and a 420 under `requirePolicy: reject` go by. Not among them, and
 * taken out of Supported on the way: gruu, outbound, path, gin (they bind a Contact that we replace), sec-agree (it speaks of
 * one hop) and from-change (From and To of a dialog are each leg's own).
 */
export const CARRIED_OPTIONS: readonly string[] = [
  "100rel",
  "199",
  "answermode",
  "early-session",
  "explicitsub",
  "histinfo",
  "ice",
  "join",
  "multiple-refer",
  "norefersub",
  "nosub",
  "precondition",
  "pref",
  "privacy",
  "replaces",
  "resource-priority",
  "sdp-anat",
  "siprec",
  "tdialog",
  "timer",
  "trickle-ice",
  "uui",
];

const NOT_CARRIED = /\b(?:from-change|gin|gruu|outbound|path|sec-agree)\b/i;
const NOT_CARRIED_TAGS: ReadonlySet<string> = new Set(["from-change", "gin", "gruu", "outbound", "path", "sec-agree"]);

export interface PassRules {
  readonly topologyHiding: boolean;
  /** Stands for us where a host has to be named. */
  readonly ownHost: string;
  readonly index: DialogIndex;
}

type Entry = readonly [name: string, value: string];

/**
 * The header fields of a message as the other side gets them, in order, names as they were written.
 * @param rackCseq The CSeq number of the INVITE, on the other leg, that a PRACK's RAck speaks of.
 */
export function passHeaders(headers: SipHeaders, rules: PassRules, rackCseq?: (cseq: number) => number): Entry[] {
  const out: Entry[] = [];
  const size = headers.size;
  for (let i = 0; i < size; i++) {
    const key = headers.keyAt(i);
    const treatment = TREATMENTS.get(key);
    if (treatment === undefined) {
      if (!isOwnHeader(key)) out.push([headers.nameAt(i), headers.valueAt(i)]);
      continue;
    }
    if (treatment === "own") continue;
    const value = treated(treatment, headers.valueAt(i), rules, rackCseq);
    if (value !== undefined) out.push([headers.nameAt(i), value]);
  }
  return out;
}

/** @returns Undefined: the line goes. */
function treated(
  treatment: Exclude<Treatment, "own">,
  value: string,
  { topologyHiding, ownHost, index }: PassRules,
  rackCseq: ((cseq: number) => number) | undefined,
): string | undefined {
  switch (treatment) {
    case "topology":
      return topologyHiding ? undefined : value;
    case "warning":
      return topologyHiding
        ? splitValues(value)
            .map((each) => withAgent(each, ownHost))
            .join(", ")
        : value;
    case "options":
      return NOT_CARRIED.test(value) ? carriedOnly(value) : value;
    case "rack":
      return rackCseq === undefined ? value : mapRAck(value, rackCseq);
    case "replaces":
      return mapReplaces(value, index);
    case "join":
      return mapJoin(value, index);
    case "target-dialog":
      return mapTargetDialog(value, index);
    case "refer-to":
      return mapReferTo(value, index);
  }
}

function carriedOnly(value: string): string | undefined {
  const kept = splitValues(value).filter((tag) => !NOT_CARRIED_TAGS.has(tag.toLowerCase()));
  return kept.length === 0 ? undefined : kept.join(", ");
}

/** RFC 3261 §20.43: code, agent, text. */
function withAgent(warning: string, agent: string): string {
  return warning.replace(/^(\d{3} )[^ "]+/, `$1${agent.replaceAll("$", "")}`);
}

function mapRAck(value: string, rackCseq: (cseq: number) => number): string {
  const rack = parseRAck(value);
  return rack === undefined ? value : `${rack.rseq} ${rackCseq(rack.cseq)} ${rack.method}`;
}

/** The Require tags of a request that we do not know. RFC 3261 §8.2.2.3 */
export function unknownOptions(headers: SipHeaders): string[] {
  if (!headers.has("require")) return [];
  const tags = headers.all("require").flatMap(splitValues);
  return tags.filter((tag) => !CARRIED_OPTIONS.includes(tag.toLowerCase()));
}

/** RFC 7616 §3.4.3: the response covers the body, so a body that we change would fail at the far end without a reason. */
export function coversBody(headers: SipHeaders): boolean {
  return COVERING.some((key) => headers.all(key).some((value) => /\bqop\s*=\s*"?auth-int\b/i.test(value)));
}

const COVERING = ["authorization", "proxy-authorization"];
