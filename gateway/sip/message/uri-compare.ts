import { paramOf, parseParams } from "./params.js";
import { unescapeUri } from "./text.js";
import { parseUri, type SipUri, type TelUri } from "./uri.js";

/**
 * Whether two URIs are equivalent. SIP and SIPS: RFC 3261 §19.1.4. tel: RFC 3966 §5. Others: scheme without case, the rest
 * byte for byte. A malformed URI equals nothing.
 */
export function sameUri(a: string, b: string): boolean {
  const left = parseUri(a);
  const right = parseUri(b);
  if (left === undefined || right === undefined) return false;
  switch (left.scheme) {
    case "tel":
      return right.scheme === "tel" && sameTel(left, right);
    case "other":
      return right.scheme === "other" && left.name === right.name && afterColon(left.text) === afterColon(right.text);
    case "sip":
    case "sips":
      return right.scheme === left.scheme && sameSip(left, right);
  }
}

/** Compared without escapes that were not needed. The user part is case-sensitive, the host is not. */
function sameSip(a: SipUri, b: SipUri): boolean {
  return (
    sameEscaped(a.user, b.user) &&
    sameEscaped(a.password, b.password) &&
    a.host.toLowerCase() === b.host.toLowerCase() &&
    a.port === b.port &&
    sameSipParams(a.params, b.params) &&
    sameUriHeaders(a.headers, b.headers)
  );
}

/** A `%2C` and a `,` differ where the comma is reserved (§19.1.4): only escapes of unreserved characters are undone. */
function sameEscaped(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a === b || normalEscapes(a) === normalEscapes(b);
}

function normalEscapes(text: string): string {
  return text.replace(/%[0-9A-Fa-f]{2}/g, (escape) => {
    const plain = unescapeUri(escape);
    return /[A-Za-z0-9\-_.!~*'()]/.test(plain) ? plain : escape.toUpperCase();
  });
}

/** These count even where only one side has them; any other parameter is compared where both have it. */
const WEIGHTY = ["user", "ttl", "method", "maddr", "transport"] as const;

function sameSipParams(a: string, b: string): boolean {
  if (a === b) return true;
  for (const name of WEIGHTY) if ((paramOf(a, name) === undefined) !== (paramOf(b, name) === undefined)) return false;
  for (const [name, value] of parseParams(a) ?? []) {
    const other = paramOf(b, name);
    if (other !== undefined && normalEscapes(other).toLowerCase() !== normalEscapes(value).toLowerCase()) return false;
  }
  return true;
}

function sameUriHeaders(a: string, b: string): boolean {
  if (a === b) return true;
  return sortedHeaders(a) === sortedHeaders(b);
}

const sortedHeaders = (headers: string): string =>
  headers
    .split("&")
    .map((header) => {
      const equals = header.indexOf("=");
      return equals < 0
        ? header.toLowerCase()
        : header.slice(0, equals).toLowerCase() + normalEscapes(header.slice(equals));
    })
    .sort()
    .join("&");

/** Numbers without visual separators; all parameters count, in any order. */
function sameTel(a: TelUri, b: TelUri): boolean {
  if (digitsOf(a.number) !== digitsOf(b.number)) return false;
  return telParams(a.params) === telParams(b.params);
}

const digitsOf = (number: string): string => number.replace(/[-.()]/g, "").toLowerCase();

const telParams = (params: string): string =>
  (parseParams(params) ?? [])
    .map(
      ([name, value]) =>
        `${name}=${name === "ext" || name === "phone-context" ? digitsOf(value) : value.toLowerCase()}`,
    )
    .sort()
    .join(";");

const afterColon = (uri: string): string => uri.slice(uri.indexOf(":"));
