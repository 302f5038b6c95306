import { CHAR, isTokenChar, skipQuoted, skipSpaces, trimEnd } from "./chars.js";
import { areParams, paramOf, withoutParam, withParam } from "./params.js";
import { unquote } from "./text.js";

/** A From, To, Contact, Route, Refer-To … value. RFC 3261 §20.10, §25.1 */
export interface NameAddr {
  /** As shown to people but still wire text: quotes and escapes undone; empty where there is none. */
  readonly display: string;
  /** Without angle brackets. Not judged: see `parseUri`. */
  readonly uri: string;
  /** Header parameters from their first `;` on, or empty: read with `paramOf`. */
  readonly params: string;
}

/** `Contact: *` gives the URI `*`. @returns Undefined where it is no name-addr and no addr-spec. One value only: split lists first. */
export function parseNameAddr(value: string): NameAddr | undefined {
  const bounds = locate(value);
  if (bounds === undefined || !areParams(value, bounds.paramsAt)) return undefined;
  const display = value.slice(0, bounds.displayEnd);
  const params = value.slice(bounds.paramsAt, trimEnd(value, bounds.paramsAt, value.length));
  return { display: unquote(display), uri: value.slice(bounds.uriAt, bounds.uriEnd), params };
}

/** The URI in a From, To, Contact … value without building the rest; undefined where there is none. */
export function uriOf(value: string): string | undefined {
  const bounds = locate(value);
  return bounds === undefined ? undefined : value.slice(bounds.uriAt, bounds.uriEnd);
}

/** The same value with another URI in its place; display name, brackets and parameters stay. Unchanged where it is no name-addr. */
export function withUri(value: string, uri: string): string {
  const bounds = locate(value);
  return bounds === undefined ? value : value.slice(0, bounds.uriAt) + uri + value.slice(bounds.uriEnd);
}

/** The tag of a From or To value; undefined where there is none. */
export function getTag(value: string): string | undefined {
  const tag = paramOf(paramsOf(value), "tag");
  return tag === "" ? undefined : tag;
}

/** The same value with this tag, in place of the one it had. A bare addr-spec stays bare: its parameters are the header's (§20.10). */
export function withTag(value: string, tag: string): string {
  const params = paramsOf(value);
  return value.slice(0, value.length - params.length) + withParam(params, "tag", tag);
}

export function withoutTag(value: string): string {
  const params = paramsOf(value);
  return value.slice(0, value.length - params.length) + withoutParam(params, "tag");
}

/** Header parameters of a name-addr value, from their first `;` on; empty where there are none. Judges nothing. */
export function paramsOf(value: string): string {
  // The last `>` outside of quotes ends the address; a quoted parameter value may hold one too.
  const less = value.indexOf("<");
  let from = 0;
  if (less >= 0) {
    const quoteAt = value.indexOf('"');
    const open = quoteAt >= 0 && quoteAt < less ? openAfterQuoted(value, quoteAt) : less;
    const close = open < 0 ? -1 : value.indexOf(">", open);
    if (close >= 0) from = close;
  }
  const semicolon = value.indexOf(";", from);
  return semicolon < 0 ? "" : value.slice(semicolon);
}

function openAfterQuoted(value: string, quoteAt: number): number {
  const after = skipQuoted(value, quoteAt);
  return after < 0 ? -1 : value.indexOf("<", after);
}

interface Bounds {
  readonly displayEnd: number;
  readonly uriAt: number;
  readonly uriEnd: number;
  readonly paramsAt: number;
}

function locate(value: string): Bounds | undefined {
  const start = skipSpaces(value, 0);
  if (start > 0) return undefined;
  if (value.charCodeAt(0) === CHAR.quote) {
    const after = skipQuoted(value, 0);
    if (after < 0) return undefined;
    const open = skipSpaces(value, after);
    return value.charCodeAt(open) === CHAR.less ? bracketed(value, after, open) : undefined;
  }
  const open = value.indexOf("<");
  if (open < 0 || beforeOpen(value, open)) return bare(value);
  const displayEnd = trimEnd(value, 0, open);
  return isTokens(value, displayEnd) ? bracketed(value, displayEnd, open) : undefined;
}

/** A `<` that belongs to a quoted parameter of a bare addr-spec. */
function beforeOpen(value: string, open: number): boolean {
  const semicolon = value.indexOf(";");
  return semicolon >= 0 && semicolon < open;
}

function bracketed(value: string, displayEnd: number, open: number): Bounds | undefined {
  const close = value.indexOf(">", open);
  if (close < 0) return undefined;
  // Blanks inside the brackets are an error that hurts nobody: RFC 4475 §3.1.2.14.
  const uriAt = skipSpaces(value, open + 1, close);
  const uriEnd = trimEnd(value, uriAt, close);
  if (!isUriText(value, uriAt, uriEnd)) return undefined;
  return { displayEnd, uriAt, uriEnd, paramsAt: skipSpaces(value, close + 1) };
}

/** addr-spec: the URI may hold no comma, question mark or semicolon here; what follows the first `;` are header parameters. */
function bare(value: string): Bounds | undefined {
  const semicolon = value.indexOf(";");
  const end = trimEnd(value, 0, semicolon < 0 ? value.length : semicolon);
  if (!isUriText(value, 0, end)) return undefined;
  for (let i = 0; i < end; i++) {
    const c = value.charCodeAt(i);
    if (c === CHAR.comma || c === CHAR.question) return undefined;
  }
  return { displayEnd: 0, uriAt: 0, uriEnd: end, paramsAt: semicolon < 0 ? value.length : semicolon };
}

function isUriText(value: string, from: number, to: number): boolean {
  if (from >= to) return false;
  for (let i = from; i < to; i++) {
    const c = value.charCodeAt(i);
    if (c <= 32 || c === 127 || c === CHAR.less || c === CHAR.greater || c === CHAR.quote) return false;
  }
  return true;
}

/** Tokens and blanks; bytes above 127 are let through, as everybody does (an unquoted UTF-8 name). */
function isTokens(value: string, end: number): boolean {
  for (let i = 0; i < end; i++) {
    const c = value.charCodeAt(i);
    if (c !== CHAR.space && c !== CHAR.tab && c < 128 && !isTokenChar(c)) return false;
  }
  return true;
}
