import { fail, ok, type Result } from "../../core/result.js";
import { isIpv4, isIpv6 } from "../message/host.js";
import { parseSdp, type SdpLimits, type SdpParseError } from "../sdp/parse-sdp.js";
import {
  attributes,
  connectionOf,
  directionOf,
  type SdpMedia,
  type SessionDescription,
} from "../sdp/session-description.js";
import { readStreamFormats, type StreamFormat } from "./stream-formats.js";
import { chooseCrypto, type OfferedCrypto } from "./offered-crypto.js";

/** Why a line of an offer is answered with port 0. */
export type NotRecorded =
  /** The offer itself has it switched off. */
  | "off"
  /** Video, text, image. */
  | "kind"
  /** DTLS, TCP or anything else that is neither RTP/AVP nor RTP/SAVP. */
  | "protocol"
  /** Encrypted, without a key that we can use. */
  | "key"
  /** Nothing in it that we can decode. */
  | "codec"
  /** More lines than are heard. */
  | "limit";

/** One m= line of a recording client's description. */
export interface RecordedLine {
  /** `a=label`; empty: none. RFC 4574 */
  readonly label: string;
  /** Undefined: it can be heard. */
  readonly refused: NotRecorded | undefined;
  /** What can be decoded, in the order of the offer. */
  readonly formats: readonly StreamFormat[];
  /** Nothing is sent for now. */
  readonly inactive: boolean;
  /** Where the packets are said to come from; undefined: not told, or not as an IP address. */
  readonly peer: { readonly address: string; readonly port: number } | undefined;
  /** Undefined: the description does not say. */
  readonly family: 4 | 6 | undefined;
  readonly crypto: OfferedCrypto | undefined;
  readonly media: SdpMedia;
}

export interface RecordingDescription {
  /** As many as the description has m= lines, in order. */
  readonly lines: readonly RecordedLine[];
  /** It had to be mended to be read. */
  readonly mended: boolean;
}

export interface RecordingSdpOptions {
  /** Lines that are heard at most; further ones are refused with `limit`. */
  readonly maxLines: number;
  /** SRTP suites that can be decrypted. */
  readonly suites: readonly string[];
}

/** So that a description with too many lines is still answered: with port 0 for what is too much. */
const LIMITS: SdpLimits = { bytes: 65_536, lines: 4_096, media: 256 };

/**
 * Reads what a recording client offers, or answers. RFC 7866 §7.1, RFC 3264. Stray blanks, empty lines, lines that are none and a
 * missing origin are mended.
 *
 * @param text Wire text.
 */
export function readRecordingSdp(
  text: string,
  options: RecordingSdpOptions,
): Result<RecordingDescription, SdpParseError> {
  const strict = parseSdp(text, LIMITS);
  const read = strict.ok ? strict : parseSdp(mend(text), LIMITS);
  if (!read.ok) return fail(read.error);
  let heard = 0;
  const lines = read.value.media.map((media) => {
    const line = readLine(read.value, media, options.suites);
    if (line.refused !== undefined) return line;
    heard++;
    return heard > options.maxLines ? { ...line, refused: "limit" as const } : line;
  });
  return ok({ lines, mended: !strict.ok });
}

function readLine(session: SessionDescription, media: SdpMedia, suites: readonly string[]): RecordedLine {
  const connection = connectionOf(session, media);
  const address = connection?.address ?? "";
  const isIp = isIpv4(address) || isIpv6(address);
  const direction = directionOf(session, media);
  const crypto = isSecure(media) ? chooseCrypto(attributes(media, "crypto"), suites) : undefined;
  const formats = readStreamFormats(media);
  return {
    label: (attributes(media, "label")[0] ?? "").trim().slice(0, MOST_LABEL),
    refused: refusalOf(media, formats, crypto),
    formats,
    // A client that only wants to hear has nothing to say.
    inactive: direction === "inactive" || direction === "recvonly",
    peer: isIp && !isUnspecified(address) ? { address, port: media.port } : undefined,
    family: isIp ? (address.includes(":") ? 6 : 4) : undefined,
    crypto,
    media,
  };
}

const MOST_LABEL = 64;
const isUnspecified = (address: string): boolean => address === "0.0.0.0" || /^[0:]+$/.test(address);
const isSecure = ({ protocol }: SdpMedia): boolean => /^RTP\/SAVPF?$/i.test(protocol);

function refusalOf(
  media: SdpMedia,
  formats: readonly StreamFormat[],
  crypto: OfferedCrypto | undefined,
): NotRecorded | undefined {
  if (media.kind !== "audio") return "kind";
  if (media.port === 0) return "off";
  if (!/^RTP\/S?AVPF?$/i.test(media.protocol)) return "protocol";
  if (isSecure(media) && crypto === undefined) return "key";
  return formats.some(({ codec }) => codec !== "telephone-event" && codec !== "CN") ? undefined : "codec";
}

/** What can be left out without changing the order of m= lines is left out. */
function mend(text: string): string {
  const lines = text
    .slice(0, LIMITS.bytes)
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim())
    .filter((line) => /^[a-z]=/.test(line) && !line.includes("\0") && (!line.startsWith("c=") || isConnection(line)));
  const origin = lines.find((line) => /^o=\S+(?: +\S+){5}$/.test(line)) ?? "o=- 0 0 IN IP4 0.0.0.0";
  const rest = lines.filter((line) => !line.startsWith("v=") && !line.startsWith("o="));
  return ["v=0", origin, ...rest, ""].join("\r\n");
}

const isConnection = (line: string): boolean => /^c=\S+ +\S+ +\S+$/.test(line);
