import { fail, ok, type Result } from "../../core/result.js";
import type {
  SdpConnection,
  SdpDirection,
  SdpLine,
  SdpMedia,
  SdpOrigin,
  SessionDescription,
} from "./session-description.js";

export interface SdpParseError {
  readonly code:
    /** A line that is no letter, `=` and text. */
    | "sdp.line"
    /** The first line is not `v=0`. */
    | "sdp.version"
    /** No o= line, or not six fields. */
    | "sdp.origin"
    /** A c= line without three fields. */
    | "sdp.connection"
    /** An m= line without media, port, protocol and a format, or a port above 65535. */
    | "sdp.media"
    | "sdp.too-large";
  /** 1-based; 0 where the whole is meant. */
  readonly line: number;
}

export interface SdpLimits {
  readonly bytes: number;
  readonly lines: number;
  readonly media: number;
}

export const DEFAULT_SDP_LIMITS: SdpLimits = { bytes: 65_536, lines: 2048, media: 64 };

/**
 * Reads a session description. RFC 8866. Takes bare LF line ends and a last line without one; does not insist on the order
 * of lines, nor on s= and t=: the far end judges what the gateway only passes on.
 *
 * @param text Wire text, one character a byte (`Buffer.toString("latin1")`).
 */
export function parseSdp(
  text: string,
  limits: SdpLimits = DEFAULT_SDP_LIMITS,
): Result<SessionDescription, SdpParseError> {
  if (text.length > limits.bytes) return fail({ code: "sdp.too-large", line: 0 });
  const lines = splitLines(text, limits.lines);
  if (!lines.ok) return lines;
  const all = lines.value;
  if (all[0]?.type !== "v" || all[0].value !== "0") return fail({ code: "sdp.version", line: 1 });
  let mediaAt = all.findIndex((line) => line.type === "m");
  if (mediaAt < 0) mediaAt = all.length;
  const session = all.slice(0, mediaAt);
  const origin = parseOrigin(session.find((line) => line.type === "o")?.value);
  if (origin === undefined)
    return fail({ code: "sdp.origin", line: session.findIndex((line) => line.type === "o") + 1 });
  const connection = readConnection(session, 0);
  if (!connection.ok) return connection;

  const media: SdpMedia[] = [];
  for (let from = mediaAt; from < all.length;) {
    let to = from + 1;
    while (to < all.length && all[to]?.type !== "m") to++;
    if (media.length >= limits.media) return fail({ code: "sdp.too-large", line: from + 1 });
    const section = parseMedia(all.slice(from, to), from);
    if (!section.ok) return section;
    media.push(section.value);
    from = to;
  }
  return ok({ origin, connection: connection.value, direction: readDirection(session), lines: session, media });
}

/** The inverse: every line as it came. */
export function serializeSdp(session: SessionDescription): string {
  let text = "";
  for (const { type, value, end } of session.lines) text += `${type}=${value}${end}`;
  for (const { lines } of session.media) for (const { type, value, end } of lines) text += `${type}=${value}${end}`;
  return text;
}

function splitLines(text: string, most: number): Result<SdpLine[], SdpParseError> {
  const lines: SdpLine[] = [];
  let pos = 0;
  while (pos < text.length) {
    const lf = text.indexOf("\n", pos);
    const next = lf < 0 ? text.length : lf + 1;
    const cut = lf < 0 ? text.length : lf;
    const end = cut > pos && text.charCodeAt(cut - 1) === 13 ? cut - 1 : cut;
    if (lines.length >= most) return fail({ code: "sdp.too-large", line: lines.length + 1 });
    const type = text.charAt(pos);
    const value = text.slice(pos + 2, end);
    if (end - pos < 2 || text.charAt(pos + 1) !== "=" || type < "a" || type > "z" || /[\r\0]/.test(value)) {
      return fail({ code: "sdp.line", line: lines.length + 1 });
    }
    lines.push({ type, value, end: text.slice(end, next) });
    pos = next;
  }
  return ok(lines);
}

function parseOrigin(value: string | undefined): SdpOrigin | undefined {
  const fields = value?.trim().split(/ +/) ?? [];
  const [username, sessionId, sessionVersion, netType, addressType, address] = fields;
  if (fields.length !== 6 || username === undefined || sessionId === undefined || sessionVersion === undefined)
    return undefined;
  if (netType === undefined || addressType === undefined || address === undefined) return undefined;
  return { username, sessionId, sessionVersion, netType, addressType, address };
}

function readConnection(lines: readonly SdpLine[], offset: number): Result<SdpConnection | undefined, SdpParseError> {
  const at = lines.findIndex((line) => line.type === "c");
  if (at < 0) return ok(undefined);
  const [netType, addressType, address, more] = (lines[at]?.value ?? "").trim().split(/ +/);
  if (netType === undefined || addressType === undefined || address === undefined || more !== undefined) {
    return fail({ code: "sdp.connection", line: offset + at + 1 });
  }
  const slash = address.indexOf("/");
  return ok({ netType, addressType, address: slash < 0 ? address : address.slice(0, slash) });
}

const DIRECTIONS: ReadonlySet<string> = new Set([
  "sendrecv",
  "sendonly",
  "recvonly",
  "inactive",
] satisfies SdpDirection[]);
const isDirection = (value: string): value is SdpDirection => DIRECTIONS.has(value);

function readDirection(lines: readonly SdpLine[]): SdpDirection | undefined {
  for (const { type, value } of lines) if (type === "a" && isDirection(value)) return value;
  return undefined;
}

function parseMedia(lines: readonly SdpLine[], offset: number): Result<SdpMedia, SdpParseError> {
  const refuse = fail({ code: "sdp.media", line: offset + 1 } as const);
  const fields = (lines[0]?.value ?? "").trim().split(/ +/);
  const [kind, portText, protocol, ...formats] = fields;
  if (kind === undefined || portText === undefined || protocol === undefined || formats.length === 0) return refuse;
  const match = /^(\d{1,5})(?:\/(\d{1,5}))?$/.exec(portText);
  const port = Number(match?.[1] ?? Number.NaN);
  if (!(port <= 65_535)) return refuse;
  const connection = readConnection(lines, offset);
  if (!connection.ok) return connection;
  const portCount = Number(match?.[2] ?? 1);
  return ok({
    kind,
    port,
    portCount,
    protocol,
    formats,
    connection: connection.value,
    direction: readDirection(lines),
    lines,
  });
}
