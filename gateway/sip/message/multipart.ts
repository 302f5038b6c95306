import { fail, ok, type Result } from "../../core/result.js";
import { canonicalHeaderName } from "./header-names.js";
import { parseContentType } from "./header-values.js";
import { paramOf } from "./params.js";
import { isToken } from "./chars.js";
import { SipHeaders } from "./sip-headers.js";
import { NO_BODY } from "./sip-message.js";
import { unquote } from "./text.js";

/** One part of a multipart body. RFC 2046 §5.1, RFC 5621 */
export interface BodyPart {
  /** Content-Type, Content-Disposition, Content-ID …; unfolded, wire text. */
  readonly headers: SipHeaders;
  /** A view into the whole body. */
  readonly body: Uint8Array;
}

export interface MultipartLimits {
  readonly parts: number;
  /** Header lines of one part. */
  readonly partHeaders: number;
}

export const DEFAULT_MULTIPART_LIMITS: MultipartLimits = { parts: 32, partHeaders: 32 };

export type MultipartError =
  /** The Content-Type is no multipart with a boundary of 1 to 70 characters. */
  | "multipart.boundary"
  /** No delimiter line, or the closing one is missing. */
  | "multipart.unterminated"
  /** A part's header line has no name or no colon, or there are too many. */
  | "multipart.header"
  | "multipart.too-many-parts";

/**
 * Splits a multipart body. Preamble and epilogue are left out. Parts inside parts are not opened: call it again with the
 * part's Content-Type. Delimiters must stand at the start of a line; bare LF line ends are taken too.
 *
 * @param contentType The whole Content-Type value, with its boundary parameter.
 */
export function parseMultipart(
  contentType: string,
  body: Uint8Array,
  limits: MultipartLimits = DEFAULT_MULTIPART_LIMITS,
): Result<BodyPart[], MultipartError> {
  const boundary = multipartBoundary(contentType);
  if (boundary === undefined) return fail("multipart.boundary");
  const buffer = Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const text = buffer.toString("latin1");
  const parts: BodyPart[] = [];
  let delimiter = findDelimiter(text, `--${boundary}`, 0);
  while (delimiter !== undefined && !delimiter.closes) {
    if (parts.length >= limits.parts) return fail("multipart.too-many-parts");
    const next = findDelimiter(text, `--${boundary}`, delimiter.end);
    if (next === undefined) break;
    const headers = new SipHeaders();
    const bodyAt = readPartHeaders(text, delimiter.end, next.start, headers, limits.partHeaders);
    if (bodyAt < 0) return fail("multipart.header");
    parts.push({ headers, body: bodyAt < next.start ? body.subarray(bodyAt, next.start) : NO_BODY });
    delimiter = next;
  }
  return delimiter === undefined || !delimiter.closes ? fail("multipart.unterminated") : ok(parts);
}

/** The boundary of a multipart Content-Type value; undefined where it is none. RFC 2046 §5.1.1 */
export function multipartBoundary(contentType: string): string | undefined {
  const parsed = parseContentType(contentType);
  if (parsed?.type.startsWith("multipart/") !== true) return undefined;
  const boundary = unquote(paramOf(parsed.params, "boundary") ?? "");
  return boundary.length >= 1 && boundary.length <= 70 && !/[\r\n]/.test(boundary) ? boundary : undefined;
}

/**
 * Joins parts. The boundary must not occur in any of them at the start of a line: pass an unguessable one.
 * Headers go out as they are, bodies byte for byte.
 */
export function serializeMultipart(boundary: string, parts: readonly BodyPart[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (const part of parts) {
    let head = `--${boundary}\r\n`;
    for (const [name, value] of part.headers) head += `${name}: ${value}\r\n`;
    pieces.push(Buffer.from(`${head}\r\n`, "latin1"), part.body, CRLF);
  }
  pieces.push(Buffer.from(`--${boundary}--\r\n`, "latin1"));
  return Buffer.concat(pieces);
}

const CRLF: Uint8Array = new Uint8Array([13, 10]);

interface Delimiter {
  /** The line end before it belongs to it. */
  readonly start: number;
  /** Behind its own line end. */
  readonly end: number;
  readonly closes: boolean;
}

/** A line that holds the delimiter, maybe `--`, and blanks. */
function findDelimiter(text: string, dashBoundary: string, from: number): Delimiter | undefined {
  for (let at = text.indexOf(dashBoundary, from); at >= 0; at = text.indexOf(dashBoundary, at + 1)) {
    // First, so that line ends are sought once a line: a body full of boundaries and without line ends stays linear.
    if (at !== 0 && at !== from && text.charCodeAt(at - 1) !== 10) continue;
    const after = at + dashBoundary.length;
    const closes = text.startsWith("--", after);
    const lineEnd = text.indexOf("\n", after);
    if (lineEnd < 0 && !closes) return undefined;
    const rest = text.slice(closes ? after + 2 : after, lineEnd < 0 ? text.length : lineEnd);
    if (rest.trim() !== "") continue;
    return { start: Math.max(from, lineStartBefore(text, at)), end: lineEnd < 0 ? text.length : lineEnd + 1, closes };
  }
  return undefined;
}

function lineStartBefore(text: string, at: number): number {
  if (at === 0) return 0;
  return text.charCodeAt(at - 2) === 13 ? at - 2 : at - 1;
}

/** @returns Where the part's body begins; -1: malformed. A part may have no header at all: it then begins with an empty line. */
function readPartHeaders(text: string, from: number, to: number, headers: SipHeaders, most: number): number {
  let pos = from;
  while (pos < to) {
    let end = text.indexOf("\n", pos);
    if (end < 0 || end >= to) end = to;
    let line = text.slice(pos, end).trimEnd();
    if (line === "") return end + 1;
    let next = end + 1;
    while (next < to && (text.charCodeAt(next) === 32 || text.charCodeAt(next) === 9)) {
      const lf = text.indexOf("\n", next);
      const foldedEnd = lf < 0 || lf > to ? to : lf;
      line += ` ${text.slice(next, foldedEnd).trim()}`;
      next = foldedEnd + 1;
    }
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).trimEnd();
    if (!isToken(name) || line.includes("\r") || headers.size >= most) return -1;
    headers.addKnown(canonicalHeaderName(name), name, line.slice(colon + 1).trim());
    pos = next;
  }
  return to;
}
