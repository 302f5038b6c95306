import { fail, ok, type Result } from "../../core/result.js";
import { CHAR, isTokenRange, parseUnsigned, skipSpaces, trimEnd } from "./chars.js";
import { canonicalHeaderName, usualHeaderName } from "./header-names.js";
import { DEFAULT_SIP_LIMITS, type SipLimits } from "./limits.js";
import { SipHeaders } from "./sip-headers.js";
import { NO_BODY, type SipMessage, type SipRequest } from "./sip-message.js";
import { parseStartLine } from "./start-line.js";

export type SipParseCode =
  /** Nothing but line ends: a keep-alive (RFC 5626 §4.4.1). Dropped. */
  | "sip.empty"
  /** No request or status line at all (STUN, RTP, noise). Dropped. */
  | "sip.not-sip"
  /** A request or status line that breaks the grammar. §7.1, §7.2 */
  | "sip.start-line"
  /** A well-formed version that is not 2.0. §21.5.6 */
  | "sip.version"
  /** The Request-URI holds blanks or angle brackets. §7.1 */
  | "sip.request-uri"
  /** A header line without a name, without a colon, or with a carriage return inside. §7.3.1 */
  | "sip.header"
  /** The message ends inside its header. */
  | "sip.truncated"
  /** Content-Length is no number, occurs twice, or is larger than what came. §18.3 */
  | "sip.content-length"
  | "sip.uri-too-long"
  | "sip.too-large"
  | "sip.body-too-large";

export interface SipParseError {
  readonly code: SipParseCode;
  /** What the RFC answers to such a request; undefined: drop it without a word (responses, ACKs, what is not SIP). */
  readonly status: number | undefined;
  /** For the reason phrase and for logs: names the fault, quotes nothing of the message. */
  readonly message: string;
  /** As much of the request as was readable, to build the answer from. Absent where there was no request line, and for responses. */
  readonly request?: SipRequest;
}

interface Fault {
  readonly code: SipParseCode;
  readonly status: number;
  readonly message: string;
}

const NO_COLON: Fault = { code: "sip.header", status: 400, message: "Malformed Header Line" };
const BARE_CR: Fault = { code: "sip.header", status: 400, message: "Carriage Return Inside Header" };
const TRUNCATED: Fault = { code: "sip.truncated", status: 400, message: "Message Ends Inside Its Header" };
const BAD_LENGTH: Fault = { code: "sip.content-length", status: 400, message: "Bad Content-Length" };
const TWO_LENGTHS: Fault = { code: "sip.content-length", status: 400, message: "Several Content-Lengths" };
const SHORT_BODY: Fault = { code: "sip.content-length", status: 400, message: "Content-Length Larger Than Message" };
const LONG_URI: Fault = { code: "sip.uri-too-long", status: 414, message: "Request-URI Too Long" };
const TOO_LARGE: Fault = { code: "sip.too-large", status: 513, message: "Message Too Large" };
const LARGE_BODY: Fault = { code: "sip.body-too-large", status: 413, message: "Request Entity Too Large" };

/** Beyond any body; a larger Content-Length is as bad as a negative one. */
const MOST_LENGTH = 0xffff_ffff;

/**
 * Reads one SIP message: one datagram, or one message that a stream's framing has cut out. RFC 3261 §7, §18.3, §25.
 *
 * Line ends are CRLF; a bare LF is taken too, because the message goes on with CRLF and so cannot be read in two ways
 * behind us. A bare CR inside the header is refused for the same reason. Leading line ends are skipped (§7.5). Folded
 * lines are joined with one blank. A missing Content-Length means the rest of the bytes, a smaller one cuts them.
 * Header values are not judged here: see `validateRequest`, `validateResponse`.
 *
 * @param bytes May be hostile. The body is a view into it: copy it before the bytes are reused.
 * @returns The message, or the first fault. Never throws; work is linear in the length.
 */
export function parseSipMessage(
  bytes: Uint8Array,
  limits: SipLimits = DEFAULT_SIP_LIMITS,
): Result<SipMessage, SipParseError> {
  let start = 0;
  while (start < bytes.length && (bytes[start] === CHAR.cr || bytes[start] === CHAR.lf)) start++;
  if (start === bytes.length) return fail({ code: "sip.empty", status: undefined, message: "Empty" });

  const text = latin1(bytes, start, Math.min(bytes.length, start + limits.headBytes));
  const lf = text.indexOf("\n");
  const lineEnd = lf < 0 ? text.length : lf > 0 && text.charCodeAt(lf - 1) === CHAR.cr ? lf - 1 : lf;
  const line = parseStartLine(text, lineEnd);
  if (line === undefined) return fail({ code: "sip.not-sip", status: undefined, message: "Not SIP" });

  const reader = new HeadReader(text, limits);
  if (line.fault !== undefined) reader.refuse(line.fault);
  if (lineEnd > limits.startLineBytes) reader.refuse(LONG_URI);
  if (lf < 0) reader.refuse(text.length >= limits.headBytes ? TOO_LARGE : TRUNCATED);
  const bodyAt = lf < 0 ? text.length : reader.readHeaders(lf + 1);
  const body = readBody(bytes, start + bodyAt, reader, limits);

  const { headers, fault } = reader;
  if (line.kind === "response") {
    if (fault !== undefined) return fail({ code: fault.code, status: undefined, message: fault.message });
    return ok({ kind: "response", status: line.status, reason: line.reason, headers, body });
  }
  const request: SipRequest = { kind: "request", method: line.method, uri: line.uri, headers, body };
  if (fault === undefined) return ok(request);
  return fail({
    code: fault.code,
    status: line.method === "ACK" ? undefined : fault.status,
    message: fault.message,
    request,
  });
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString("latin1", from, to);
}

function readBody(bytes: Uint8Array, bodyAt: number, reader: HeadReader, limits: SipLimits): Uint8Array {
  if (reader.fault !== undefined) return NO_BODY;
  const have = bytes.length - bodyAt;
  const length = reader.contentLength < 0 ? have : reader.contentLength;
  if (length > have) reader.refuse(SHORT_BODY);
  else if (length > limits.bodyBytes) reader.refuse(LARGE_BODY);
  else if (length > 0) return bytes.subarray(bodyAt, bodyAt + length);
  return NO_BODY;
}

/** Walks the header lines of one message. Goes on after a fault, so that an answer can be built from what is readable. */
class HeadReader {
  readonly headers = new SipHeaders();
  readonly #text: string;
  readonly #limits: SipLimits;
  /** The first fault. */
  fault: Fault | undefined;
  /** -1: none was given. */
  contentLength = -1;

  constructor(text: string, limits: SipLimits) {
    this.#text = text;
    this.#limits = limits;
  }

  refuse(fault: Fault): void {
    this.fault ??= fault;
  }

  /** @param from Where the first header line begins. @returns Where the body begins. */
  readHeaders(from: number): number {
    const text = this.#text;
    let pos = from;
    // Each of these is searched again only once it has been passed: linear, whatever is missing.
    let cr = -1;
    let colon = -1;
    while (pos < text.length) {
      const lf = text.indexOf("\n", pos);
      if (lf < 0) return this.#unfinished();
      if (cr < pos) cr = orEnd(text.indexOf("\r", pos), text);
      const end = cr === lf - 1 ? cr : lf;
      if (end === pos) return lf + 1;
      const hasBareCr = cr < end;
      let next = lf + 1;
      let folded: string | undefined;
      if (isBlank(text.charCodeAt(next))) {
        next = foldEnd(text, next);
        if (next < 0) return this.#unfinished();
        folded = this.#unfold(pos, next);
      }
      if (next - pos > this.#limits.headerLineBytes || this.headers.size >= this.#limits.headerCount) {
        this.refuse(TOO_LARGE);
        return text.length;
      }
      if (colon < pos) colon = orEnd(text.indexOf(":", pos), text);
      // A line with a bare CR is left out: it must not come back in the answer either.
      if (hasBareCr || folded?.includes("\r") === true) this.refuse(BARE_CR);
      else if (folded !== undefined) this.#addLine(folded, 0, orEnd(folded.indexOf(":"), folded), folded.length);
      else this.#addLine(text, pos, colon, end);
      pos = next;
    }
    // The header ends with the datagram, the blank line is missing: there is no body, nothing is lost.
    if (text.length >= this.#limits.headBytes) this.refuse(TOO_LARGE);
    return text.length;
  }

  #unfinished(): number {
    this.refuse(this.#text.length >= this.#limits.headBytes ? TOO_LARGE : TRUNCATED);
    return this.#text.length;
  }

  /** By hand: a regular expression that trims blanks is quadratic in their number. */
  #unfold(from: number, to: number): string {
    let joined = "";
    for (let pos = from; pos < to;) {
      const lf = this.#text.indexOf("\n", pos);
      const at = skipSpaces(this.#text, pos, lf);
      const end = trimEnd(this.#text, at, lf);
      if (at < end) joined += (joined === "" ? "" : " ") + this.#text.slice(at, end);
      pos = lf + 1;
    }
    return joined;
  }

  #addLine(text: string, from: number, colon: number, end: number): void {
    if (colon >= end) {
      this.refuse(NO_COLON);
      return;
    }
    const nameEnd = isBlank(text.charCodeAt(colon - 1)) ? trimEnd(text, from, colon) : colon;
    const name = text.slice(from, nameEnd);
    let key = usualHeaderName(name);
    if (key === undefined) {
      if (!isTokenRange(text, from, nameEnd)) {
        this.refuse(NO_COLON);
        return;
      }
      key = canonicalHeaderName(name);
    }
    const valueAt = skipSpaces(text, colon + 1, end);
    const value = text.slice(valueAt, isBlank(text.charCodeAt(end - 1)) ? trimEnd(text, valueAt, end) : end);
    if (key === "content-length") this.#takeLength(value);
    this.headers.addKnown(key, name, value);
  }

  #takeLength(value: string): void {
    if (this.contentLength >= 0) this.refuse(TWO_LENGTHS);
    this.contentLength = parseUnsigned(value, 0, value.length, MOST_LENGTH);
    if (this.contentLength < 0) this.refuse(BAD_LENGTH);
  }
}

const isBlank = (c: number): boolean => c === CHAR.space || c === CHAR.tab;
const orEnd = (at: number, text: string): number => (at < 0 ? text.length : at);

/** `at` is at the start of a continuation line. @returns The start of the first line that is none; -1: the text ends inside. */
function foldEnd(text: string, at: number): number {
  let next = at;
  while (next < text.length && isBlank(text.charCodeAt(next))) {
    const lf = text.indexOf("\n", next);
    if (lf < 0) return -1;
    next = lf + 1;
  }
  return next;
}
