import type { PayloadFormat } from "../../core/payload-format.js";
import { fail, ok, type Result } from "../../core/result.js";
import { sdesKeyBytes, type SdesCrypto } from "../sdp/crypto-attribute.js";
import { mediaStreamsOf, type MediaStream } from "../sdp/media-streams.js";
import { parseSdp, type SdpLimits, type SdpParseError } from "../sdp/parse-sdp.js";
import type { SdpMedia, SessionDescription } from "../sdp/session-description.js";

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
  readonly formats: readonly PayloadFormat[];
  /** Nothing is sent for now. */
  readonly inactive: boolean;
  /** Where the packets are said to come from; undefined: not told, or not as an IP address. */
  readonly peer: { readonly address: string; readonly port: number } | undefined;
  /** Undefined: the description does not say. */
  readonly family: 4 | 6 | undefined;
  /** The key that it is encrypted with. Secret. */
  readonly crypto: SdesCrypto | undefined;
  readonly media: Pick<SdpMedia, "kind" | "protocol" | "formats">;
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
  /** Whether SRTP of that suite can be decrypted. */
  knowsSuite(suite: string): boolean;
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
  return read.ok ? ok({ lines: readLines(read.value, options), mended: !strict.ok }) : fail(read.error);
}

function readLines(session: SessionDescription, options: RecordingSdpOptions): readonly RecordedLine[] {
  let heard = 0;
  return mediaStreamsOf(session).map((stream, index) => {
    const line = readLine(stream, session.media[index]?.formats ?? [], options);
    if (line.refused !== undefined) return line;
    heard++;
    return heard > options.maxLines ? { ...line, refused: "limit" as const } : line;
  });
}

function readLine(stream: MediaStream, formats: readonly string[], options: RecordingSdpOptions): RecordedLine {
  const { kind, protocol, address, addressIsZero, port, direction, label = "" } = stream;
  const isSecure = SECURE.test(protocol);
  const crypto = isSecure ? stream.crypto.find((each) => canOpen(each, options)) : undefined;
  const decodable = stream.formats.filter(isDecodable);
  return {
    label: label.trim().slice(0, MOST_LABEL),
    refused: refusalOf(stream, decodable, isSecure && crypto === undefined),
    formats: decodable,
    // A client that only wants to hear has nothing to say.
    inactive: direction === "inactive" || direction === "recvonly",
    peer: address === undefined || addressIsZero ? undefined : { address, port },
    family: address === undefined ? undefined : address.includes(":") ? 6 : 4,
    crypto,
    media: { kind, protocol, formats },
  };
}

const MOST_LABEL = 64;
const SECURE = /^RTP\/SAVPF?$/i;

/** One key, of a suite that we have, with encryption and authentication left on. */
function canOpen({ suite, keys, sessionParameters }: SdesCrypto, options: RecordingSdpOptions): boolean {
  const weakened = sessionParameters.some((parameter) => /^(?:UNENCRYPTED|UNAUTHENTICATED)_/i.test(parameter));
  return keys === 1 && !weakened && sdesKeyBytes(suite) !== undefined && options.knowsSuite(suite);
}

function refusalOf(
  { kind, active, protocol }: MediaStream,
  formats: readonly PayloadFormat[],
  lacksKey: boolean,
): NotRecorded | undefined {
  if (kind !== "audio") return "kind";
  if (!active) return "off";
  if (!/^RTP\/S?AVPF?$/i.test(protocol)) return "protocol";
  if (lacksKey) return "key";
  return formats.some(({ codec }) => codec !== "telephone-event" && codec !== "CN") ? undefined : "codec";
}

/** RFC 3551 §4.5 fixes the clock of G.711 and G.722, RFC 7587 §4.1 that of Opus. */
function isDecodable({ codec, clockRateHz, channels }: PayloadFormat): boolean {
  switch (codec) {
    case "PCMU":
    case "PCMA":
    case "G722":
      return clockRateHz === 8_000 && channels === 1;
    case "opus":
      return clockRateHz === 48_000 && channels <= 2;
    case "L16":
      return clockRateHz >= 8_000 && clockRateHz <= 48_000 && channels <= 2;
    case "telephone-event":
    case "CN":
      return true;
  }
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
