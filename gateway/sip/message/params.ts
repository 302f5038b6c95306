import { CHAR, isTokenChar, skipQuoted, skipSpaces, trimEnd } from "./chars.js";

/**
 * Parameters of a header value or of a URI are kept as their text, from the first `;` on (or empty), and read when asked
 * for: most are never looked at, and what is not touched leaves as it came. Names compare without case (RFC 3261 §7.3.1).
 */

/**
 * The value of the first parameter of that name: as written (quotes stay, see `unquote`), empty for a flag such as `;lr`,
 * undefined where there is none. `name` in lower case.
 */
export function paramOf(params: string, name: string): string | undefined {
  const at = findParam(params, name);
  if (at < 0) return undefined;
  return valueAfter(params, at + name.length, paramEnd(params, at));
}

/** The value between the end of a name and the end of its parameter. */
function valueAfter(params: string, nameEnd: number, end: number): string {
  const equals = skipSpaces(params, nameEnd, end);
  if (equals >= end || params.charCodeAt(equals) !== CHAR.equals) return "";
  const from = skipSpaces(params, equals + 1, end);
  return params.slice(from, trimEnd(params, from, end));
}

export function hasParam(params: string, name: string): boolean {
  return findParam(params, name) >= 0;
}

/** The same text with that parameter replaced, or appended where there was none. An empty value makes a flag. */
export function withParam(params: string, name: string, value: string): string {
  const text = value === "" ? name : `${name}=${value}`;
  const at = findParam(params, name);
  if (at < 0) return `${params};${text}`;
  return params.slice(0, at) + text + params.slice(trimEnd(params, at, paramEnd(params, at)));
}

/** The same text without any parameter of that name. */
export function withoutParam(params: string, name: string): string {
  let rest = params;
  for (let at = findParam(rest, name); at >= 0; at = findParam(rest, name)) {
    rest = rest.slice(0, rest.lastIndexOf(";", at)) + rest.slice(paramEnd(rest, at));
  }
  return rest;
}

/** Parameters beyond this many are refused. */
export const MOST_PARAMS = 128;

/**
 * All parameters in order, names in lower case, values as written; an empty value (`;x=`) is let through.
 * @returns Undefined where one has no proper name, a quote is not closed, or there are more than `MOST_PARAMS`.
 */
export function parseParams(params: string): readonly (readonly [name: string, value: string])[] | undefined {
  if (!areParams(params)) return undefined;
  const list: (readonly [string, string])[] = [];
  for (let at = params.indexOf(";"); at >= 0 && at < params.length; at = paramEnd(params, at + 1)) {
    const from = skipSpaces(params, at + 1);
    const nameEnd = nameEndOf(params, from, params.length);
    list.push([params.slice(from, nameEnd).toLowerCase(), valueAfter(params, nameEnd, paramEnd(params, from))]);
  }
  return list;
}

/** Like `parseParams`, but only says whether the text is well-formed. Cheap: for validation of every message. */
export function areParams(params: string, from = 0): boolean {
  let at = skipSpaces(params, from);
  let count = 0;
  while (at < params.length) {
    if (params.charCodeAt(at) !== CHAR.semicolon || ++count > MOST_PARAMS) return false;
    const nameAt = skipSpaces(params, at + 1);
    at = nameEndOf(params, nameAt, params.length);
    if (at === nameAt) return false;
    at = skipSpaces(params, at);
    if (params.charCodeAt(at) !== CHAR.equals) continue;
    const valueAt = skipSpaces(params, at + 1);
    at = valueEnd(params, valueAt);
    if (at < 0) return false;
    at = skipSpaces(params, at);
  }
  return true;
}

/** Token, host (brackets and colons), or quoted-string. -1: no closing quote. Bytes above 127 are let through. */
function valueEnd(params: string, from: number): number {
  if (params.charCodeAt(from) === CHAR.quote) return skipQuoted(params, from);
  let i = from;
  while (i < params.length) {
    const c = params.charCodeAt(i);
    if (c === CHAR.semicolon || c === CHAR.quote || c === CHAR.comma || c <= CHAR.space) break;
    i++;
  }
  return i;
}

function nameEndOf(params: string, from: number, to: number): number {
  let i = from;
  while (i < to && isTokenChar(params.charCodeAt(i))) i++;
  return i;
}

/** Start of the name of that parameter; -1. Skips quoted values; looks at the first `MOST_PARAMS` only. */
function findParam(params: string, name: string): number {
  let semicolon = params.indexOf(";");
  for (let count = 0; semicolon >= 0 && count < MOST_PARAMS; count++) {
    const at = skipSpaces(params, semicolon + 1);
    if (sameName(params, at, name)) return at;
    const end = paramEnd(params, at);
    semicolon = end >= params.length ? -1 : end;
  }
  return -1;
}

function sameName(params: string, at: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const c = params.charCodeAt(at + i);
    const lower = c >= 65 && c <= 90 ? c + 32 : c;
    if (lower !== name.charCodeAt(i)) return false;
  }
  return !isTokenChar(params.charCodeAt(at + name.length));
}

/** The `;` after the parameter at `at`, or the end of the text; also the end where a quote is not closed. */
function paramEnd(params: string, at: number): number {
  let i = at;
  while (i < params.length) {
    const c = params.charCodeAt(i);
    if (c === CHAR.semicolon) return i;
    if (c !== CHAR.quote) i++;
    else {
      i = skipQuoted(params, i);
      if (i < 0) return params.length;
    }
  }
  return i;
}
