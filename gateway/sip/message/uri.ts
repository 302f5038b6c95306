import { CHAR, isHexDigit, isHostChar, isPlainUserChar, parseUnsigned } from "./chars.js";
import { isHost } from "./host.js";
import { areParams } from "./params.js";

/** A SIP or SIPS URI, in its parts as written: escapes stay (see `unescapeUri`). RFC 3261 §19.1.1 */
export interface SipUri {
  readonly scheme: "sip" | "sips";
  /** Undefined: no user part. May hold `;`-parameters of a telephone-subscriber. */
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** IPv6 keeps its brackets. */
  readonly host: string;
  readonly port: number | undefined;
  /** uri-parameters from the first `;` on, or empty: read with `paramOf`. */
  readonly params: string;
  /** What follows `?`, without it, or empty: `name=value&name=value`, escaped. */
  readonly headers: string;
}

/** RFC 3966 */
export interface TelUri {
  readonly scheme: "tel";
  /** As written: `+1-202-555-0101`, visual separators included. */
  readonly number: string;
  readonly params: string;
}

/** Any other absolute URI: `urn:service:sos`, `http:…`. The scheme in lower case. */
export interface OtherUri {
  readonly scheme: "other";
  readonly name: string;
  readonly text: string;
}

/** In lower case, without colon; undefined where the text does not begin like a URI. RFC 3986 §3.1 */
export function uriScheme(uri: string): string | undefined {
  if (uri.startsWith("sip:")) return "sip";
  const colon = uri.indexOf(":");
  if (colon <= 0) return undefined;
  const scheme = uri.slice(0, colon);
  return /^[A-Za-z][A-Za-z0-9+.-]*$/.test(scheme) ? scheme.toLowerCase() : undefined;
}

/** @returns Undefined where it is malformed. An unknown scheme is no fault of the URI: what follows it is not judged. */
export function parseUri(uri: string): SipUri | TelUri | OtherUri | undefined {
  const scheme = uriScheme(uri);
  if (scheme === undefined) return undefined;
  if (scheme === "sip" || scheme === "sips") return parseSipUri(uri);
  if (scheme === "tel") return parseTelUri(uri);
  return uri.length > scheme.length + 1 ? { scheme: "other", name: scheme, text: uri } : undefined;
}

/** Whether `parseUri` would read it. Quick for the plain `sip:user@host:port` that nearly every message has. */
export function isUri(uri: string): boolean {
  return isPlainSipUri(uri) || parseUri(uri) !== undefined;
}

/** `sip:` user of letters, digits and `+-._`, `@`, a host name or IPv4 address, maybe a port, nothing else. False says nothing. */
export function isPlainSipUri(uri: string): boolean {
  if (!uri.startsWith("sip:") || uri.length > 255) return false;
  const end = uri.length;
  let i = 4;
  while (i < end && isPlainUserChar(uri.charCodeAt(i))) i++;
  if (i === 4 || uri.charCodeAt(i) !== CHAR.at) return false;
  let before = CHAR.dot as number;
  for (i++; i < end; i++) {
    const c = uri.charCodeAt(i);
    if (!isHostChar(c) || (c === CHAR.dot && before === CHAR.dot)) break;
    before = c;
  }
  if (uri.charCodeAt(i - 1) === CHAR.at) return false;
  return i === end || (uri.charCodeAt(i) === CHAR.colon && parseUnsigned(uri, i + 1, end, 65_535) >= 0);
}

/** @returns Undefined where it is no sip or sips URI, or a malformed one. */
export function parseSipUri(uri: string): SipUri | undefined {
  const scheme = uriScheme(uri);
  if ((scheme !== "sip" && scheme !== "sips") || hasControl(uri)) return undefined;
  const start = scheme.length + 1;
  const at = uri.indexOf("@", start);
  const hostAt = at < 0 ? start : at + 1;
  let user: string | undefined;
  let password: string | undefined;
  if (at >= 0) {
    const colon = uri.indexOf(":", start);
    const hasPassword = colon >= 0 && colon < at;
    user = uri.slice(start, hasPassword ? colon : at);
    password = hasPassword ? uri.slice(colon + 1, at) : undefined;
    if (user === "") return undefined;
  }
  const question = uri.indexOf("?", hostAt);
  const end = question < 0 ? uri.length : question;
  const semicolon = uri.indexOf(";", hostAt);
  const hostEnd = semicolon < 0 || semicolon > end ? end : semicolon;
  const portFrom = uri.charCodeAt(hostAt) === CHAR.openBracket ? uri.indexOf("]", hostAt) : hostAt;
  if (portFrom < 0) return undefined;
  const colon = uri.indexOf(":", portFrom);
  const hasPort = colon >= 0 && colon < hostEnd;
  const host = uri.slice(hostAt, hasPort ? colon : hostEnd);
  const port = hasPort ? parseUnsigned(uri, colon + 1, hostEnd, 65_535) : undefined;
  const params = uri.slice(hostEnd, end);
  if (port === -1 || !isHost(host) || !areUriParams(params)) return undefined;
  return { scheme, user, password, host, port, params, headers: question < 0 ? "" : uri.slice(question + 1) };
}

/** RFC 3966 §3: digits and visual separators, `+` first for a global number; hex digits, `*` and `#` in a local one. */
export function parseTelUri(uri: string): TelUri | undefined {
  if (uriScheme(uri) !== "tel") return undefined;
  const semicolon = uri.indexOf(";");
  const end = semicolon < 0 ? uri.length : semicolon;
  let digits = 0;
  for (let i = 4; i < end; i++) {
    const c = uri.charCodeAt(i);
    if (isHexDigit(c) || c === 42 || c === 35) digits++;
    else if (!(c === 45 || c === 46 || c === 40 || c === 41 || (c === 43 && i === 4))) return undefined;
  }
  const params = uri.slice(end);
  if (digits === 0 || hasControl(params) || !areUriParams(params)) return undefined;
  return { scheme: "tel", number: uri.slice(4, end), params };
}

/** uri-parameters hold characters that header parameters do not (`/`, `:`, `[`, `&`, `+`, `$`), but never blanks or quotes. */
function areUriParams(params: string): boolean {
  return (
    params === "" ||
    areParams(params.includes("[") || params.includes("/") ? params.replace(/[[\]/:&$]/g, "x") : params)
  );
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c <= 32 || c === 127 || c === CHAR.quote || c === CHAR.less || c === CHAR.greater) return true;
  }
  return false;
}
