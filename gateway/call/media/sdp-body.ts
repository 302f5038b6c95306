import { parseContentType } from "../../sip/message/header-values.js";
import { parseMultipart } from "../../sip/message/multipart.js";
import type { SipHeaders } from "../../sip/message/sip-headers.js";

/** Where the session description stands in a body. */
export interface SdpBody {
  readonly body: Uint8Array;
  /** A view into `body`. */
  readonly sdp: Uint8Array;
  /** Content-Length lines of the parts that it stands in: offsets of their digits in `body`, outermost first. */
  readonly lengths: readonly { readonly from: number; readonly to: number }[];
}

/** Multipart inside multipart is opened this often. */
const MOST_DEPTH = 2;

/**
 * Finds the session description that offer and answer are about: the body itself, or the first such part of a multipart body
 * (RFC 5621). A description of another use (`Content-Disposition: early-session`, RFC 3959) is none, nor is one that is
 * compressed or transfer-encoded: both go on as they are.
 */
export function sdpBodyOf(headers: SipHeaders, body: Uint8Array): SdpBody | undefined {
  return body.byteLength === 0 ? undefined : find(headers, body, 0);
}

function find(headers: SipHeaders, body: Uint8Array, depth: number): SdpBody | undefined {
  const value = headers.get("content-type");
  const type = value === undefined ? undefined : parseContentType(value)?.type;
  if (value === undefined || type === undefined) return undefined;
  if (type === "application/sdp") return isPlainSession(headers) ? { body, sdp: body, lengths: [] } : undefined;
  if (!type.startsWith("multipart/") || depth >= MOST_DEPTH) return undefined;
  const parts = parseMultipart(value, body);
  if (!parts.ok) return undefined;
  let partFrom = 0;
  for (const part of parts.value) {
    const at = part.body.byteLength === 0 ? 0 : part.body.byteOffset - body.byteOffset;
    const found = at === 0 ? undefined : find(part.headers, part.body, depth + 1);
    if (found === undefined) {
      partFrom = at + part.body.byteLength;
      continue;
    }
    const own = part.headers.has("content-length") ? lengthIn(body, partFrom, at) : undefined;
    const inner = found.lengths.map(({ from, to }) => ({ from: from + at, to: to + at }));
    return { body, sdp: found.sdp, lengths: own === undefined ? inner : [own, ...inner] };
  }
  return undefined;
}

const isIdentity = (value: string | undefined): boolean =>
  value === undefined || /^\s*(?:identity|7bit|8bit|binary)?\s*$/i.test(value);

function isPlainSession(headers: SipHeaders): boolean {
  const disposition = headers.get("content-disposition");
  const isSession = disposition === undefined || /^\s*session\s*(?:;|$)/i.test(disposition);
  return (
    isSession && isIdentity(headers.get("content-encoding")) && isIdentity(headers.get("content-transfer-encoding"))
  );
}

/** The digits of the Content-Length line of the part whose body begins at `to`. */
function lengthIn(body: Uint8Array, from: number, to: number): { from: number; to: number } | undefined {
  const head = Buffer.from(body.buffer, body.byteOffset + from, to - from).toString("latin1");
  // The last one: text before the first delimiter is no header.
  const found = [...head.matchAll(/^(?:content-length|l)[ \t]*:[ \t]*(\d{1,9})[ \t]*\r?$/gim)].at(-1);
  const digits = found?.[1];
  if (found === undefined || digits === undefined) return undefined;
  const at = from + found.index + found[0].lastIndexOf(digits);
  return { from: at, to: at + digits.length };
}

/** The body with another description in its place; all else stays byte for byte, but for a part's own Content-Length. */
export function withSdp({ body, sdp, lengths }: SdpBody, replacement: Uint8Array): Uint8Array {
  const from = sdp.byteOffset - body.byteOffset;
  if (sdp.byteLength === body.byteLength) return replacement;
  const pieces: Uint8Array[] = [];
  let at = 0;
  let grown = replacement.byteLength - sdp.byteLength;
  // Innermost first: a changed number of digits makes the parts around it longer.
  const patched = lengths.toReversed().map(({ from: start, to: end }) => {
    const before = Number(Buffer.from(body.buffer, body.byteOffset + start, end - start).toString("latin1"));
    const digits = Buffer.from(String(Math.max(0, before + grown)), "latin1");
    grown += digits.byteLength - (end - start);
    return { start, end, digits };
  });
  for (const { start, end, digits } of patched.toReversed()) {
    pieces.push(body.subarray(at, start), digits);
    at = end;
  }
  pieces.push(body.subarray(at, from), replacement, body.subarray(from + sdp.byteLength));
  return Buffer.concat(pieces);
}
