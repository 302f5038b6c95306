import { CHAR, isTokenRange, parseUnsigned, skipSpaces, trimEnd } from "./chars.js";
import { isHost } from "./host.js";
import { areParams, paramOf } from "./params.js";

/** One Via value. RFC 3261 §20.42 */
export interface Via {
  /** As written: `UDP`, `TCP`, `TLS`, `WS` … compare in upper case. */
  readonly transport: string;
  /** sent-by; IPv6 keeps its brackets. */
  readonly host: string;
  readonly port: number | undefined;
  /** From the first `;` on, or empty: read with `paramOf`. */
  readonly params: string;
}

/** Branches that begin so are unique; others are of RFC 2543. §8.1.1.7 */
export const MAGIC_COOKIE = "z9hG4bK";

export const viaBranch = (via: Via): string | undefined => paramOf(via.params, "branch");

/** Blanks may stand around each part. One value only: `firstValue` of the line. @returns Undefined where it is malformed. */
export function parseVia(value: string): Via | undefined {
  const end = value.length;
  const protocolAt = value.startsWith("SIP/2.0/") ? skipSpaces(value, 8) : afterProtocol(value);
  if (protocolAt < 0) return undefined;
  let transportEnd = protocolAt;
  while (transportEnd < end && value.charCodeAt(transportEnd) > CHAR.space) transportEnd++;
  const hostAt = skipSpaces(value, transportEnd);
  if (hostAt === transportEnd || !isTokenRange(value, protocolAt, transportEnd)) return undefined;

  const semicolon = value.indexOf(";", hostAt);
  const sentByEnd = trimEnd(value, hostAt, semicolon < 0 ? end : semicolon);
  const colonFrom = value.charCodeAt(hostAt) === CHAR.openBracket ? value.indexOf("]", hostAt) : hostAt;
  if (colonFrom < 0) return undefined;
  const colon = value.indexOf(":", colonFrom);
  const hasPort = colon >= 0 && colon < sentByEnd;
  const host = value.slice(hostAt, hasPort ? trimEnd(value, hostAt, colon) : sentByEnd);
  const port = hasPort ? parseUnsigned(value, skipSpaces(value, colon + 1, sentByEnd), sentByEnd, 65_535) : undefined;
  if (!isHost(host) || port === -1 || (semicolon >= 0 && !areParams(value, semicolon))) return undefined;
  return {
    transport: value.slice(protocolAt, transportEnd),
    host,
    port,
    params: semicolon < 0 ? "" : value.slice(semicolon),
  };
}

/** The inverse of `parseVia`. */
export function formatVia(via: Via): string {
  const port = via.port === undefined ? "" : `:${via.port}`;
  return `SIP/2.0/${via.transport} ${via.host}${port}${via.params}`;
}

/** `SIP / 2.0 /` with blanks anywhere, name in any case. @returns Where the transport begins; -1. */
function afterProtocol(value: string): number {
  const slash = value.indexOf("/");
  const second = value.indexOf("/", slash + 1);
  if (slash < 0 || second < 0) return -1;
  if (value.slice(0, slash).trim().toUpperCase() !== "SIP" || value.slice(slash + 1, second).trim() !== "2.0")
    return -1;
  return skipSpaces(value, second + 1);
}
