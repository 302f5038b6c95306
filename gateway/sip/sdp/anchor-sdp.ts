import { fail, ok, type Result } from "../../core/result.js";
import { isIpv6 } from "../message/host.js";
import { isIce, mediaStreamsOf, type MediaStream } from "./media-streams.js";
import { parseSdp, serializeSdp, type SdpParseError } from "./parse-sdp.js";
import type { SdpLine, SdpMedia, SessionDescription } from "./session-description.js";

/** Why a description's media cannot go through us. */
export type NotAnchored =
  /** Keys are agreed in the media path, bound to the far end's certificate. RFC 5763 */
  | "dtls"
  /** It has no default address: only ICE finds the peer. RFC 8839 §4.2.1 */
  | "ice"
  /** No audio m-line over RTP that is not switched off: T.38, messages, video alone. */
  | "no-audio"
  /** An RTP stream without c=, with a name instead of an address, to a multicast group, or of several ports. */
  | "malformed";

export interface AnchorableSdp {
  readonly session: SessionDescription;
  /** What the peer said of every m-line. */
  readonly streams: readonly MediaStream[];
  /** Undefined: every stream that is `isRtp` and `active` can be given a place of ours. */
  readonly untouched: NotAnchored | undefined;
}

/** Where we take one stream's packets. */
export interface AnchorPlace {
  /** IP literal, of any family: need not be the peer's. */
  readonly address: string;
  /** 1–65535 */
  readonly rtpPort: number;
  /** The same as `rtpPort` where RTCP is multiplexed for sure, that is in an answer. */
  readonly rtcpPort: number;
}

/** @param body As in the SIP message. May be hostile. */
export function readAnchorable(body: Uint8Array): Result<AnchorableSdp, SdpParseError> {
  const session = parseSdp(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("latin1"));
  if (!session.ok) return fail(session.error);
  const streams = mediaStreamsOf(session.value);
  return ok({ session: session.value, streams, untouched: whyUntouched(session.value, streams) });
}

function whyUntouched(session: SessionDescription, streams: readonly MediaStream[]): NotAnchored | undefined {
  const carried = streams.filter((stream) => stream.isRtp && stream.active);
  if (!carried.some((stream) => stream.kind === "audio")) return "no-audio";
  if (carried.some((stream) => stream.keying === "dtls")) return "dtls";
  // Port 9 at an address of zero is how ICE says "no candidate yet"; without ICE it is an old-style hold.
  if (carried.some((stream) => stream.ice && stream.addressIsZero && stream.port === 9)) return "ice";
  const isOdd = (stream: MediaStream): boolean =>
    stream.address === undefined || isMulticast(stream.address) || (session.media[stream.index]?.portCount ?? 1) !== 1;
  return carried.some(isOdd) ? "malformed" : undefined;
}

const isMulticast = (address: string): boolean =>
  isIpv6(address) ? /^ff/i.test(address) : Number(address.split(".", 1)[0]) >= 224;

/**
 * The description with our addresses in it: c=, the ports of m= and a=rtcp of every stream that has a place. Removed, as they would
 * lead past us: ICE (RFC 8839), a=altc (RFC 6947), the BUNDLE group (RFC 8843: its streams share a port). All else stays
 * byte for byte, o= too: its address names who made the session, not where media goes, and far ends compare it (RFC 3264 §8).
 *
 * A stream that is held by an address of zero keeps that address; one with port 0 keeps its port. Streams without a place, as T.38,
 * keep their own address: where they have it from the session's c=, that line stays and ours go to the streams.
 *
 * @param places By index of the m-line.
 */
export function anchorSdp(sdp: AnchorableSdp, places: readonly (AnchorPlace | undefined)[]): Uint8Array {
  const { session, streams } = sdp;
  const targets = streams.map((stream) => {
    const place = stream.isRtp && stream.active ? places[stream.index] : undefined;
    return place === undefined
      ? undefined
      : { place, connection: stream.addressIsZero ? undefined : connectionTo(place) };
  });
  const common = commonConnection(session, targets);
  const sessionLines = withoutLeaks(session.lines).map((line) =>
    line.type === "c" && common !== undefined ? { ...line, value: common } : line,
  );
  const media = session.media.map((section, i) => {
    const target = targets[i];
    if (target === undefined) return { ...section, lines: section.lines.filter((line) => !isAltc(line)) };
    const needsOwn = section.connection === undefined && common === undefined ? target.connection : undefined;
    return { ...section, lines: rewriteSection(section, target.place, target.connection, needsOwn) };
  });
  return Buffer.from(serializeSdp({ ...session, lines: sessionLines, media }), "latin1");
}

interface Target {
  readonly place: AnchorPlace;
  /** What its c= becomes; undefined: it stays. */
  readonly connection: string | undefined;
}

const connectionTo = ({ address }: AnchorPlace): string => `IN ${isIpv6(address) ? "IP6" : "IP4"} ${address}`;

/** What the session's c= can become, when all streams that rely on it agree; undefined: it stays. */
function commonConnection(session: SessionDescription, targets: readonly (Target | undefined)[]): string | undefined {
  if (session.connection === undefined) return undefined;
  let common: string | undefined;
  for (const [i, section] of session.media.entries()) {
    if (section.connection !== undefined || section.port === 0) continue;
    const wanted = targets[i]?.connection;
    if (wanted === undefined || (common !== undefined && wanted !== common)) return undefined;
    common = wanted;
  }
  return common;
}

function rewriteSection(
  section: SdpMedia,
  place: AnchorPlace,
  connection: string | undefined,
  inserted: string | undefined,
): SdpLine[] {
  const lines: SdpLine[] = [];
  let hasRtcp = false;
  for (const line of withoutLeaks(section.lines)) {
    if (line.type === "m") {
      lines.push({ ...line, value: line.value.replace(/^(\s*[^ ]+ +)\d+/, `$1${place.rtpPort}`) });
    } else if (line.type === "c") {
      lines.push(connection === undefined ? line : { ...line, value: connection });
    } else if (line.type === "a" && /^rtcp:/.test(line.value)) {
      if (hasRtcp) continue;
      hasRtcp = true;
      const withAddress = / /.test(line.value.trim()) ? ` ${connectionTo(place)}` : "";
      lines.push({ ...line, value: `rtcp:${place.rtcpPort}${withAddress}` });
    } else lines.push(line);
  }
  const end = section.lines[0]?.end === "\n" ? "\n" : "\r\n";
  if (inserted !== undefined) insertConnection(lines, inserted, end);
  const isUsual = place.rtcpPort === place.rtpPort + 1 || place.rtcpPort === place.rtpPort;
  if (!hasRtcp && !isUsual) append(lines, { type: "a", value: `rtcp:${place.rtcpPort}`, end });
  return lines;
}

/** After m= and i=. RFC 8866 §9 */
function insertConnection(lines: SdpLine[], value: string, end: string): void {
  let at = 1;
  while (lines[at]?.type === "i") at++;
  if (at === lines.length) append(lines, { type: "c", value, end });
  else lines.splice(at, 0, { type: "c", value, end });
}

/** The last line of a description may have come without an end. */
function append(lines: SdpLine[], line: SdpLine): void {
  const last = lines.at(-1);
  if (last?.end === "") lines[lines.length - 1] = { ...last, end: line.end };
  lines.push(line);
}

const isAltc = ({ type, value }: SdpLine): boolean => type === "a" && value.startsWith("altc:");

const withoutLeaks = (lines: readonly SdpLine[]): readonly SdpLine[] =>
  lines.filter(
    (line) =>
      line.type !== "a" ||
      !(isIce(line.value) || isAltc(line) || /^group:BUNDLE\b/.test(line.value) || line.value === "bundle-only"),
  );
