import { CHAR, isHexDigit } from "./chars.js";

/** V8 makes slices of texts of so many characters or more. */
const SHORTEST_SLICE = 13;

/** Shows wire text (one character a byte) to people: read as UTF-8; bytes that are none become U+FFFD. */
export function utf8Text(latin1: string): string {
  return ASCII.test(latin1) ? latin1 : Buffer.from(latin1, "latin1").toString("utf8");
}

/** Makes wire text of any text: UTF-8, one character a byte; line ends and NUL become blanks, so it cannot start a header. */
export function wireText(text: string): string {
  const safe = text.replace(UNSAFE, " ");
  return ASCII.test(safe) ? safe : Buffer.from(safe, "utf8").toString("latin1");
}

/** The text with blanks for line ends. Costs two scans where there are none. */
export function oneLine(text: string): string {
  return text.includes("\n") || text.includes("\r") ? text.replace(/[\r\n]+/g, " ") : text;
}

const ASCII = /^[\0-\x7f]*$/;
const UNSAFE = /[\r\n\0]+/g;

/**
 * Undoes %-escapes of a URI component; the result is wire text and may hold any byte, NUL included. RFC 3261 §19.1.2
 * A `%` that starts no escape stays as it is (RFC 4475 §3.1.1.5).
 */
export function unescapeUri(text: string): string {
  let percent = text.indexOf("%");
  if (percent < 0) return text;
  let out = "";
  let from = 0;
  while (percent >= 0) {
    if (isHexDigit(text.charCodeAt(percent + 1)) && isHexDigit(text.charCodeAt(percent + 2))) {
      out += text.slice(from, percent) + String.fromCharCode(parseInt(text.slice(percent + 1, percent + 3), 16));
      from = percent + 3;
    }
    percent = text.indexOf("%", Math.max(from, percent + 1));
  }
  return out + text.slice(from);
}

/** `user` may stand in a URI's user part, `header` in a header value after `?`, `param` in a uri-parameter. RFC 3261 §25.1 */
export type UriComponent = "user" | "param" | "header";

const UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()";
const ESCAPED: Readonly<Record<UriComponent, readonly string[]>> = {
  user: escapes(`${UNRESERVED}&=+$,;?/`),
  param: escapes(`${UNRESERVED}[]/:&+$`),
  header: escapes(`${UNRESERVED}[]/?:+$`),
};

/** What each of the 256 characters becomes where only those of `allowed` may stand. */
function escapes(allowed: string): readonly string[] {
  return Array.from({ length: 256 }, (_none, code) => {
    const character = String.fromCharCode(code);
    return allowed.includes(character) ? character : `%${code.toString(16).toUpperCase().padStart(2, "0")}`;
  });
}

/** Escapes what may not stand in that part of a SIP URI, `%` included. `text` is wire text. */
export function escapeUri(text: string, component: UriComponent): string {
  const escaped = ESCAPED[component];
  let out = "";
  for (let i = 0; i < text.length; i++) out += escaped[text.charCodeAt(i) & 0xff] ?? "";
  return out;
}

/** The content of a quoted-string, escapes undone; anything else as it is. RFC 3261 §25.1 */
export function unquote(text: string): string {
  const last = text.length - 1;
  if (last < 1 || text.charCodeAt(0) !== CHAR.quote || text.charCodeAt(last) !== CHAR.quote) return text;
  const inner = text.slice(1, last);
  return inner.includes("\\") ? inner.replace(/\\([^\r\n])/g, "$1") : inner;
}

/** A quoted-string of wire text; line ends become blanks. */
export function quote(text: string): string {
  return `"${oneLine(text).replace(/["\\]/g, "\\$&")}"`;
}

/** The same wire text with memory of its own: a slice keeps the whole message alive. Shorter ones are copied by V8 anyway. */
export const ownText = (text: string): string =>
  text.length < SHORTEST_SLICE ? text : Buffer.from(text, "latin1").toString("latin1");
