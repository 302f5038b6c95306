import { CHAR, isToken, parseUnsigned, skipSpaces, trimEnd } from "./chars.js";
import { areParams, paramOf } from "./params.js";
import { firstValue } from "./split-values.js";
import { unquote } from "./text.js";

/** Largest CSeq and RSeq number: below 2^31. RFC 3261 §8.1.1.5 */
const MOST_CSEQ = 0x7fff_ffff;
const MOST_SECONDS = 0xffff_ffff;

export interface CSeq {
  /** 0 to 2^31 − 1 */
  readonly number: number;
  readonly method: string;
}

/** RFC 3261 §20.16. @returns Undefined where it is malformed or the number is 2^31 or more. */
export function parseCSeq(value: string): CSeq | undefined {
  const numberEnd = wordEnd(value, 0);
  const number = parseUnsigned(value, 0, numberEnd, MOST_CSEQ);
  const method = value.slice(skipSpaces(value, numberEnd), trimEnd(value, numberEnd, value.length));
  return number < 0 || !isToken(method) ? undefined : { number, method };
}

export interface RAck {
  readonly rseq: number;
  readonly cseq: number;
  readonly method: string;
}

/** RFC 3262 §7.2 */
export function parseRAck(value: string): RAck | undefined {
  const rseqEnd = wordEnd(value, 0);
  const rseq = parseUnsigned(value, 0, rseqEnd, 0xffff_ffff);
  const cseq = rseq < 0 ? undefined : parseCSeq(value.slice(skipSpaces(value, rseqEnd)));
  return cseq === undefined ? undefined : { rseq, cseq: cseq.number, method: cseq.method };
}

/** RSeq: 1 to 2^32 − 1. RFC 3262 §7.1. Undefined where it is malformed. */
export function parseRSeq(value: string): number | undefined {
  const number = parseUnsigned(value, 0, value.length, 0xffff_ffff);
  return number < 1 ? undefined : number;
}

/** 0 to 255. RFC 3261 §20.22. Undefined where it is malformed or larger. */
export function parseMaxForwards(value: string): number | undefined {
  const number = parseUnsigned(value, 0, value.length, 255);
  return number < 0 ? undefined : number;
}

/** Which dialog another header speaks of: Replaces (RFC 3891), Join (RFC 3911), Target-Dialog (RFC 4538). */
export interface DialogReference {
  readonly callId: string;
  /** `to-tag`, or Target-Dialog's `remote-tag`; empty where absent. From the view of whom the header is sent to. */
  readonly toTag: string;
  /** `from-tag`, or Target-Dialog's `local-tag`; empty where absent. */
  readonly fromTag: string;
  /** All parameters, from the first `;` on: `;early-only` and extensions too. */
  readonly params: string;
}

export function parseReplaces(value: string): DialogReference | undefined {
  return parseDialogReference(value, "to-tag", "from-tag");
}

export function parseJoin(value: string): DialogReference | undefined {
  return parseDialogReference(value, "to-tag", "from-tag");
}

export function parseTargetDialog(value: string): DialogReference | undefined {
  return parseDialogReference(value, "remote-tag", "local-tag");
}

function parseDialogReference(value: string, toName: string, fromName: string): DialogReference | undefined {
  const semicolon = value.indexOf(";");
  const end = semicolon < 0 ? value.length : semicolon;
  const callId = value.slice(0, trimEnd(value, 0, end));
  const params = value.slice(end);
  if (!isCallId(callId) || !areParams(params)) return undefined;
  return { callId, toTag: paramOf(params, toName) ?? "", fromTag: paramOf(params, fromName) ?? "", params };
}

/** word [ "@" word ]: anything visible without a blank or comma. RFC 3261 §25.1, taken more widely. */
export function isCallId(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i);
    if (c <= CHAR.space || c === 127 || c === CHAR.comma || c === CHAR.semicolon) return false;
  }
  return value.length > 0;
}

export interface Reason {
  /** As written: `SIP`, `Q.850`. */
  readonly protocol: string;
  readonly cause: number | undefined;
  /** Quotes undone; still wire text. */
  readonly text: string | undefined;
}

/** One value of a Reason header: split the line first. RFC 3326 */
export function parseReason(value: string): Reason | undefined {
  const semicolon = value.indexOf(";");
  const end = semicolon < 0 ? value.length : semicolon;
  const protocol = value.slice(0, trimEnd(value, 0, end));
  const params = value.slice(end);
  if (!isToken(protocol) || !areParams(params)) return undefined;
  const causeText = paramOf(params, "cause");
  const cause = causeText === undefined ? -1 : parseUnsigned(causeText, 0, causeText.length, 9999);
  const text = paramOf(params, "text");
  return { protocol, cause: cause < 0 ? undefined : cause, text: text === undefined ? undefined : unquote(text) };
}

export interface SessionExpires {
  /** Seconds */
  readonly interval: number;
  readonly refresher: "uac" | "uas" | undefined;
}

/** RFC 4028 §4. Min-SE has the same form without refresher. */
export function parseSessionExpires(value: string): SessionExpires | undefined {
  const seconds = parseLeadingSeconds(value);
  if (seconds === undefined) return undefined;
  const refresher = paramOf(seconds.rest, "refresher")?.toLowerCase();
  return { interval: seconds.seconds, refresher: refresher === "uac" || refresher === "uas" ? refresher : undefined };
}

/** Seconds of a Retry-After (comment and parameters are left aside). RFC 3261 §20.33 */
export function parseRetryAfter(value: string): number | undefined {
  return parseLeadingSeconds(value)?.seconds;
}

/** Expires and Min-Expires: seconds, cut at 2^32 − 1 (§20.19). Undefined where it is no number. */
export function parseExpires(value: string): number | undefined {
  if (!/^\d+$/.test(value)) return undefined;
  return value.length > 10 ? MOST_SECONDS : Math.min(Number(value), MOST_SECONDS);
}

function parseLeadingSeconds(value: string): { seconds: number; rest: string } | undefined {
  let end = 0;
  while (end < value.length && value.charCodeAt(end) >= 48 && value.charCodeAt(end) <= 57) end++;
  const seconds = parseUnsigned(value, 0, end, MOST_SECONDS);
  const next = value.charCodeAt(skipSpaces(value, end));
  if (seconds < 0 || !(Number.isNaN(next) || next === CHAR.semicolon || next === 40)) return undefined;
  return { seconds, rest: value.slice(end) };
}

export interface ContentType {
  /** Lower case: `application/sdp`. */
  readonly type: string;
  readonly params: string;
}

/** RFC 3261 §20.15; also one value of Accept. */
export function parseContentType(value: string): ContentType | undefined {
  const semicolon = value.indexOf(";");
  const end = semicolon < 0 ? value.length : semicolon;
  const [type = "", subtype = "", more] = value.slice(0, end).split("/");
  const params = value.slice(end);
  if (!isToken(type.trim()) || !isToken(subtype.trim()) || more !== undefined || !areParams(params)) return undefined;
  return { type: `${type.trim()}/${subtype.trim()}`.toLowerCase(), params };
}

/** The Event package without parameters, in lower case. RFC 6665 §8.2.1 */
export function eventPackage(value: string): string {
  const semicolon = value.indexOf(";");
  return firstValue(semicolon < 0 ? value : value.slice(0, semicolon)).toLowerCase();
}

/** End of the word at `from`: the next blank or the end. */
function wordEnd(value: string, from: number): number {
  let i = from;
  while (i < value.length && value.charCodeAt(i) > CHAR.space) i++;
  return i;
}
