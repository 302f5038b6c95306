import type { PayloadFormat } from "../../core/payload-format.js";
import { isIpv4, isIpv6 } from "../message/host.js";
import { parseCryptoAttribute, type SdesCrypto } from "./crypto-attribute.js";
import { payloadFormatsOf } from "./payload-formats.js";
import {
  attributes,
  connectionOf,
  directionOf,
  isHeld,
  type SdpDirection,
  type SdpMedia,
  type SessionDescription,
} from "./session-description.js";

/** How the keys of SRTP are agreed. */
export type StreamKeying =
  /** Not encrypted. */
  | "none"
  /** `a=crypto` (RFC 4568). */
  | "sdes"
  /** `a=fingerprint` (RFC 5763). */
  | "dtls"
  /** Encrypted, by a way that we do not know (MIKEY), or by keys that we cannot read. */
  | "unknown";

/** What one side said of one m-line: where it wants to be sent to, and what it will send and take. */
export interface MediaStream {
  /** 0-based place of the m= line. */
  readonly index: number;
  /** `audio`, `video`, `image` … in small letters. */
  readonly kind: string;
  /** As written: `RTP/AVP`, `udptl`. */
  readonly protocol: string;
  /** RTP over UDP: can be carried. All else (T.38, MSRP, TCP) passes with its own address. */
  readonly isRtp: boolean;
  /** Port is not 0. RFC 3264 §6, §8.2 */
  readonly active: boolean;
  /** IP literal; undefined: a name, or no c= at all. */
  readonly address: string | undefined;
  /** The address holds the stream the old way: `0.0.0.0` or `::`. Nothing can be sent there. RFC 3264 §8.4 */
  readonly addressIsZero: boolean;
  readonly port: number;
  /** IP literal; as `address` unless a=rtcp names another one. RFC 3605 */
  readonly rtcpAddress: string | undefined;
  /** Port + 1 unless a=rtcp names another one. Where `rtcpMux` was agreed it does not count. */
  readonly rtcpPort: number;
  /** This side can take RTCP on the RTP port; it counts when both sides say so. RFC 5761 §5.1.1 */
  readonly rtcpMux: boolean;
  readonly direction: SdpDirection;
  /** Does not want to hear: sendonly, inactive, or an address of zero. */
  readonly held: boolean;
  readonly formats: readonly PayloadFormat[];
  /** Codings that cannot be heard, by name. */
  readonly unheard: readonly string[];
  readonly ptimeMs: number | undefined;
  readonly keying: StreamKeying;
  /** Only those that are well-formed, in order of preference. Secret. */
  readonly crypto: readonly SdesCrypto[];
  /** Speaks ICE; `ice-lite` counts too. RFC 8839 */
  readonly ice: boolean;
  /** a=label, RFC 4574: names the stream in recording metadata. */
  readonly label: string | undefined;
  readonly mid: string | undefined;
}

/** Every m-line, in order. */
export function mediaStreamsOf(session: SessionDescription): readonly MediaStream[] {
  return session.media.map((media, index) => readStream(session, media, index));
}

/** RTP over UDP, by any of its names. RFC 3551, 3711, 4585, 5124, 5764 */
export const isRtpOverUdp = (protocol: string): boolean => /^(?:UDP\/|UDP\/TLS\/)?RTP\/S?AVPF?$/i.test(protocol);

export const isIpLiteral = (text: string): boolean => isIpv4(text) || isIpv6(text);

function readStream(session: SessionDescription, media: SdpMedia, index: number): MediaStream {
  const isRtp = isRtpOverUdp(media.protocol);
  const connection = connectionOf(session, media);
  const literal = (text: string | undefined): string | undefined =>
    text !== undefined && isIpLiteral(text) ? text : undefined;
  const address = connection?.netType.toUpperCase() === "IN" ? literal(connection.address) : undefined;
  const rtcp = /^(\d{1,5})(?:[ \t]+IN[ \t]+IP[46][ \t]+(\S+))?\s*$/i.exec(attributes(media, "rtcp")[0] ?? "");
  const rtcpPort = Number(rtcp?.[1] ?? media.port + 1);
  const { formats, unheard } = isRtp ? payloadFormatsOf(media) : { formats: [], unheard: [] };
  const { keying, crypto } = readKeying(session, media);
  return {
    index,
    kind: media.kind.toLowerCase(),
    protocol: media.protocol,
    isRtp,
    active: media.port !== 0,
    address,
    addressIsZero: address === "0.0.0.0" || (address !== undefined && /^[0:]+$/.test(address)),
    port: media.port,
    rtcpAddress: literal(rtcp?.[2]) ?? address,
    rtcpPort: rtcpPort > 65_535 ? 0 : rtcpPort,
    rtcpMux: attributes(media, "rtcp-mux").length > 0,
    direction: directionOf(session, media),
    held: isHeld(session, media),
    formats,
    unheard,
    ptimeMs: readPtime(media),
    keying,
    crypto,
    ice: [session, media].some((section) => section.lines.some(({ type, value }) => type === "a" && isIce(value))),
    label: attributes(media, "label")[0],
    mid: attributes(media, "mid")[0],
  };
}

function readKeying(
  session: SessionDescription,
  media: SdpMedia,
): { readonly keying: StreamKeying; readonly crypto: readonly SdesCrypto[] } {
  const isSecure = /SAVP/i.test(media.protocol);
  const hasFingerprint = [session, media].some((section) => attributes(section, "fingerprint").length > 0);
  if (/^UDP\/TLS\//i.test(media.protocol) || (hasFingerprint && isSecure)) return { keying: "dtls", crypto: [] };
  const crypto = attributes(media, "crypto").flatMap((value) => {
    const read = parseCryptoAttribute(value);
    return read.ok ? [read.value] : [];
  });
  if (crypto.length > 0) return { keying: "sdes", crypto };
  // Opportunistic encryption offers keys beside plain RTP/AVP (RFC 8643).
  if (hasFingerprint && attributes(media, "fingerprint").length > 0) return { keying: "dtls", crypto };
  return { keying: isSecure ? "unknown" : "none", crypto };
}

/** RFC 8839 §5, and what it replaced. */
export const isIce = (attribute: string): boolean =>
  /^(?:candidate:|remote-candidates:|end-of-candidates|ice-)/i.test(attribute);

function readPtime(media: SdpMedia): number | undefined {
  const text = attributes(media, "ptime")[0]?.trim() ?? "";
  const ptimeMs = /^\d{1,4}(?:\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  return ptimeMs > 0 ? ptimeMs : undefined;
}
