import { fail, ok, type Result } from "../../core/result.js";
import { isCallId, parseContentType, parseCSeq, parseMaxForwards, type CSeq } from "./header-values.js";
import { parseNameAddr, type NameAddr } from "./name-addr.js";
import { paramOf } from "./params.js";
import { allValues, firstValue } from "./split-values.js";
import type { SipHeaders } from "./sip-headers.js";
import type { SipRequest, SipResponse } from "./sip-message.js";
import { isPlainSipUri, isUri, parseUri, uriScheme } from "./uri.js";
import { parseVia, type Via } from "./via.js";

/** What the checks have read anyway, so that nobody reads it twice. */
export interface RequestFacts {
  /** The topmost Via: who sent it. */
  readonly via: Via;
  readonly cseq: CSeq;
  readonly callId: string;
  readonly fromTag: string | undefined;
  readonly toTag: string | undefined;
  /** Undefined where the header is missing, which is no fault (RFC 2543). 0: the caller answers 483 (§16.3), OPTIONS aside (§11). */
  readonly maxForwards: number | undefined;
}

export interface ResponseFacts {
  readonly via: Via;
  readonly cseq: CSeq;
  readonly callId: string;
  readonly fromTag: string | undefined;
  readonly toTag: string | undefined;
}

export interface SipInvalid {
  readonly code:
    | "sip.via"
    | "sip.missing-header"
    | "sip.repeated-header"
    | "sip.from"
    | "sip.to"
    | "sip.call-id"
    | "sip.cseq"
    | "sip.cseq-method"
    | "sip.max-forwards"
    | "sip.contact"
    | "sip.content-type"
    | "sip.request-uri"
    | "sip.uri-scheme";
  /** What the RFC answers; undefined: drop (a response, an ACK, or no Via to send an answer by). */
  readonly status: number | undefined;
  /** For the reason phrase; quotes nothing of the message. */
  readonly message: string;
}

/**
 * What a UAS checks before anything else: the mandatory headers are there, once, and readable (§8.1.1, §8.2), the CSeq is
 * below 2^31 and names the request's method, Max-Forwards is at most 255, Contact and Content-Type are readable, the
 * Request-URI has a known scheme (416, §8.2.2.1) and the form of one. Blanks inside `< >` are let through, a missing
 * Max-Forwards and a missing From tag too (RFC 2543). Date, Expires, Warning and whatever else only the far ends read are
 * not judged: a B2BUA passes them.
 */
export function validateRequest(request: SipRequest): Result<RequestFacts, SipInvalid> {
  const { headers, method } = request;
  const common = validateCommon(headers, true);
  if (!common.ok) return refuse(common.error, method);
  const { via, cseq, callId, fromTag, toTag } = common.value;
  if (cseq.method !== method) return refuse(invalid("sip.cseq-method", "CSeq Method Mismatch"), method);
  const hops = headers.get("max-forwards");
  const maxForwards = hops === undefined ? undefined : parseMaxForwards(hops);
  if (hops !== undefined && maxForwards === undefined)
    return refuse(invalid("sip.max-forwards", "Bad Max-Forwards"), method);
  const fault = judgeContact(headers, method) ?? judgeBody(request) ?? judgeRequestUri(request.uri);
  if (fault !== undefined) return refuse(fault, method);
  return ok({ via, cseq, callId, fromTag, toTag, maxForwards });
}

/** The same for a response, but for the URIs in From and To, which are our own. Every fault means: drop it. RFC 3261 §8.1.3, §18.1.2 */
export function validateResponse(response: SipResponse): Result<ResponseFacts, SipInvalid> {
  const common = validateCommon(response.headers, false);
  return common.ok ? common : fail({ ...common.error, status: undefined });
}

/** Schemes that this gateway knows how to route or to read a number from; others get 416. */
const SCHEMES: ReadonlySet<string> = new Set(["sip", "sips", "tel", "urn"]);

/** 416 for an unknown scheme (RFC 3261 §8.2.2.1), 400 for a malformed URI or one with headers (§19.1.5); undefined when fine. */
export function judgeRequestUri(uri: string): SipInvalid | undefined {
  if (isPlainSipUri(uri)) return undefined;
  const scheme = uriScheme(uri);
  if (scheme !== undefined && !SCHEMES.has(scheme)) return invalid("sip.uri-scheme", "Unsupported URI Scheme", 416);
  const parsed = parseUri(uri);
  if (parsed === undefined) return invalid("sip.request-uri", "Malformed Request-URI");
  const hasHeaders = (parsed.scheme === "sip" || parsed.scheme === "sips") && parsed.headers !== "";
  return hasHeaders ? invalid("sip.request-uri", "Headers in Request-URI") : undefined;
}

const invalid = (code: SipInvalid["code"], message: string, status = 400): SipInvalid => ({ code, message, status });

function refuse(error: SipInvalid, method: string): Result<never, SipInvalid> {
  return fail(method === "ACK" ? { ...error, status: undefined } : error);
}

function validateCommon(headers: SipHeaders, judgeUris: boolean): Result<ResponseFacts, SipInvalid> {
  const viaLine = headers.get("via");
  if (viaLine === undefined) return fail({ code: "sip.missing-header", status: undefined, message: "Missing Via" });
  const via = parseVia(firstValue(viaLine));
  if (via === undefined) return fail(invalid("sip.via", "Malformed Via"));
  const repeated = repeatedHeader(headers);
  if (repeated !== undefined) return fail(invalid("sip.repeated-header", `Repeated ${repeated}`));
  const from = headers.get("from");
  const to = headers.get("to");
  const callId = headers.get("call-id");
  const cseqText = headers.get("cseq");
  if (from === undefined) return fail(invalid("sip.missing-header", "Missing From"));
  if (to === undefined) return fail(invalid("sip.missing-header", "Missing To"));
  if (callId === undefined) return fail(invalid("sip.missing-header", "Missing Call-ID"));
  if (cseqText === undefined) return fail(invalid("sip.missing-header", "Missing CSeq"));
  const cseq = parseCSeq(cseqText);
  if (cseq === undefined) return fail(invalid("sip.cseq", "Bad CSeq"));
  if (!isCallId(callId)) return fail(invalid("sip.call-id", "Bad Call-ID"));
  const fromAddress = readAddress(from, judgeUris);
  if (fromAddress === undefined) return fail(invalid("sip.from", "Malformed From"));
  const toAddress = readAddress(to, judgeUris);
  if (toAddress === undefined) return fail(invalid("sip.to", "Malformed To"));
  return ok({ via, cseq, callId, fromTag: tagIn(fromAddress), toTag: tagIn(toAddress) });
}

const tagIn = (address: NameAddr): string | undefined => {
  const tag = paramOf(address.params, "tag");
  return tag === "" ? undefined : tag;
};

/** The name as sent of the first header that may occur once only and does not. RFC 3261 §7.3.1, table 2 (RFC 4475 §3.3.8) */
function repeatedHeader(headers: SipHeaders): string | undefined {
  let seen = 0;
  for (let i = 0; i < headers.size; i++) {
    const bit = singleBit(headers.keyAt(i));
    if ((seen & bit) !== 0) return headers.nameAt(i);
    seen |= bit;
  }
  return undefined;
}

function singleBit(key: string): number {
  switch (key) {
    case "from":
      return 1;
    case "to":
      return 2;
    case "call-id":
      return 4;
    case "cseq":
      return 8;
    case "max-forwards":
      return 16;
    case "content-type":
      return 32;
    default:
      return 0;
  }
}

/** A name-addr whose URI is well-formed as far as its scheme is known to us (RFC 4475 §3.3.4: unknown ones are fine here). */
function readAddress(value: string, judgeUri: boolean): NameAddr | undefined {
  const address = parseNameAddr(value);
  return address === undefined || (judgeUri && !isUri(address.uri)) ? undefined : address;
}

/** Only a REGISTER has more than one; nobody registers as many. */
const MOST_CONTACTS = 64;

/** One that is missing is no fault (RFC 2543); "*" is for REGISTER alone (RFC 3261 §10.2.2), in an INVITE it is no address. */
function judgeContact(headers: SipHeaders, method: string): SipInvalid | undefined {
  if (!headers.has("contact")) return undefined;
  const values = allValues(headers, "contact");
  if (method === "INVITE" && values[0] === "*") return invalid("sip.contact", "Wildcard Contact");
  if (values.length > MOST_CONTACTS) return invalid("sip.contact", "Too Many Contacts");
  for (const value of values) {
    if (value !== "*" && readAddress(value, true) === undefined) return invalid("sip.contact", "Malformed Contact");
  }
  return undefined;
}

function judgeBody(request: SipRequest): SipInvalid | undefined {
  if (request.body.length === 0) return undefined;
  const type = request.headers.get("content-type");
  if (type !== undefined && parseContentType(type) === undefined)
    return invalid("sip.content-type", "Malformed Content-Type");
  return undefined;
}
