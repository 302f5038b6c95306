import type { ForwardKind } from "../../../detection/index.js";
import { paramOf } from "../../sip/message/params.js";
import { paramsOf, uriOf } from "../../sip/message/name-addr.js";
import type { SipHeaders } from "../../sip/message/sip-headers.js";
import { allValues, firstValue } from "../../sip/message/split-values.js";
import { unescapeUri, unquote } from "../../sip/message/text.js";
import { namesNobody, numberPart } from "../identify-call.js";

/** Who sent a call on, and why. */
export interface SentOn {
  readonly kind: ForwardKind;
  /** As written: what a number plan reads. */
  readonly by: string;
}

/** History-Info entries that are looked at, the last ones. */
const MOST_ENTRIES = 16;

/** Characters of an entry's own header fields that are read: a pattern over all of a long one would hold up the calls. */
const MOST_HEADERS = 512;

/** RFC 5806 §4.1 */
const REASONS: ReadonlyMap<string, ForwardKind> = new Map<string, ForwardKind>([
  ["unconditional", "always"],
  ["user-busy", "busy"],
  ["no-answer", "no-answer"],
  ["unavailable", "unreachable"],
  ["out-of-service", "unreachable"],
  ["away", "mode"],
  ["time-of-day", "mode"],
  ["do-not-disturb", "mode"],
]);

/** RFC 4458 §4; as the Reason of an entry also what a peer answered (RFC 7044 §10.1.2). */
const CAUSES: ReadonlyMap<number, ForwardKind> = new Map<number, ForwardKind>([
  [302, "always"],
  [408, "no-answer"],
  [480, "unreachable"],
  [486, "busy"],
  [600, "busy"],
  [503, "unreachable"],
]);

export const SENT_ON_HEADERS = ["diversion", "history-info", "referred-by"] as const;

/**
 * The last who sent a call on, as Diversion (RFC 5806), History-Info (RFC 7044) or Referred-By (RFC 3892) say. Whoever sends the
 * INVITE can write them: they count from trusted trunks only.
 */
export const sentOn = (headers: SipHeaders): SentOn | undefined =>
  byDiversion(headers) ?? byHistory(headers) ?? byReferrer(headers);

/** RFC 5806 §6: whoever sends it on next puts his entry on top. */
function byDiversion(headers: SipHeaders): SentOn | undefined {
  const value = firstValue(headers.get("diversion") ?? "");
  const reason = unquote(paramOf(paramsOf(value), "reason") ?? "").toLowerCase();
  return sentOnBy(value, REASONS.get(reason) ?? "unknown");
}

/**
 * The last entry with a cause (RFC 4458) tells where the call was sent on to; who did so is the entry that `mp` names, else the one
 * before. Where no entry has one, the last but one that says why it was left. A number that was only translated was not sent on.
 */
function byHistory(headers: SipHeaders): SentOn | undefined {
  if (!headers.has("history-info")) return undefined;
  const entries = allValues(headers, "history-info").slice(-MOST_ENTRIES);
  for (let at = entries.length - 1; at > 0; at--) {
    const cause = causeOfTarget(entries[at] ?? "");
    if (cause !== undefined) return sentOnBy(mappedFrom(entries, at), CAUSES.get(cause) ?? "unknown");
  }
  for (let at = entries.length - 2; at >= 0; at--) {
    const cause = causeOfLeaving(entries[at] ?? "");
    if (cause !== undefined) return sentOnBy(entries[at] ?? "", CAUSES.get(cause) ?? "unknown");
  }
  return undefined;
}

function mappedFrom(entries: readonly string[], at: number): string {
  const mp = paramOf(paramsOf(entries[at] ?? ""), "mp");
  const named = mp === undefined ? undefined : entries.find((each) => paramOf(paramsOf(each), "index") === mp);
  return named ?? entries[at - 1] ?? "";
}

const causeOfTarget = (entry: string): number | undefined =>
  numberIn(/;cause=(\d{3})(?![^;?>])/i.exec(uriOf(entry)?.split("?", 1)[0] ?? ""));

function causeOfLeaving(entry: string): number | undefined {
  const uri = uriOf(entry) ?? "";
  const question = uri.indexOf("?");
  return question < 0
    ? undefined
    : numberIn(
        /[?&]Reason=SIP\s*;.*?\bcause=(\d{3})\b/i.exec(unescapeUri(uri.slice(question, question + MOST_HEADERS))),
      );
}

const numberIn = (found: RegExpExecArray | null): number | undefined =>
  found?.[1] === undefined ? undefined : Number(found[1]);

const byReferrer = (headers: SipHeaders): SentOn | undefined => sentOnBy(headers.get("referred-by") ?? "", "transfer");

function sentOnBy(value: string, kind: ForwardKind): SentOn | undefined {
  const uri = value === "" || namesNobody(value) ? undefined : uriOf(value);
  const by = uri === undefined ? undefined : numberPart(uri);
  return by === undefined ? undefined : { kind, by };
}
