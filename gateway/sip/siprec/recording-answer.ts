import type { PayloadFormat } from "../../core/payload-format.js";
import type { RecordedLine } from "./recording-sdp.js";

export interface MediaAddress {
  /** IP literal. */
  readonly address: string;
  readonly port: number;
}

/** A line of our description: where we hear it; undefined: we do not. */
export interface AnsweredLine {
  readonly line: RecordedLine;
  readonly at: MediaAddress | undefined;
  /** Our own SDES key, where the offered line has one; it encrypts nothing, as we send nothing. Base64 of key and salt. */
  readonly ownKey?: string | undefined;
}

/** o= of our descriptions. */
export interface AnswerOrigin {
  readonly sessionId: string;
  /** Rises with every change. RFC 3264 §8 */
  readonly version: number;
}

/**
 * The answer of a recording server: as many m= lines as offered, in their order, `recvonly` (`inactive` where nothing is sent),
 * the labels of the offer. RFC 7866 §7.2, RFC 3264 §6.
 */
export function recordingAnswer(lines: readonly AnsweredLine[], origin: AnswerOrigin): string {
  const address = lines.find(({ at }) => at !== undefined)?.at?.address ?? "127.0.0.1";
  const text = head(address, origin);
  for (const answered of lines) text.push(...answerLine(answered));
  return `${text.join("\r\n")}\r\n`;
}

function answerLine({ line, at, ownKey }: AnsweredLine): string[] {
  const { media, label, formats, inactive, crypto } = line;
  const labelled = labelLines(label);
  if (at === undefined) return [`m=${media.kind} 0 ${media.protocol} ${media.formats[0] ?? "0"}`, ...labelled];
  const keyed = crypto !== undefined && ownKey !== undefined;
  return [
    ...mediaLines(at, media.protocol, formats),
    ...(keyed ? [`a=crypto:${crypto.tag} ${crypto.suite} inline:${ownKey}`] : []),
    ...labelled,
    inactive ? "a=inactive" : "a=recvonly",
  ];
}

/** What we offer to a client that leaves the offer to us (Cisco Unified CM does). */
export const OWN_FORMATS: readonly PayloadFormat[] = [
  { payloadType: 0, codec: "PCMU", clockRateHz: 8_000, channels: 1 },
  { payloadType: 8, codec: "PCMA", clockRateHz: 8_000, channels: 1 },
  { payloadType: 9, codec: "G722", clockRateHz: 8_000, channels: 1 },
  { payloadType: 101, codec: "telephone-event", clockRateHz: 8_000, channels: 1, parameters: "0-16" },
];

/** A line as we offer it ourselves. */
export function ownLine(label: string): RecordedLine {
  return {
    label,
    refused: undefined,
    formats: OWN_FORMATS,
    inactive: false,
    peer: undefined,
    family: undefined,
    crypto: undefined,
    media: { kind: "audio", protocol: "RTP/AVP", formats: OWN_FORMATS.map(({ payloadType }) => String(payloadType)) },
  };
}

function head(address: string, { sessionId, version }: AnswerOrigin): string[] {
  return ["v=0", `o=- ${sessionId} ${version} ${network(address)}`, "s=-", `c=${network(address)}`, "t=0 0"];
}

function mediaLines({ address, port }: MediaAddress, protocol: string, formats: readonly PayloadFormat[]): string[] {
  const types = formats.map(({ payloadType }) => payloadType).join(" ");
  return [`m=audio ${port} ${protocol} ${types}`, `c=${network(address)}`, ...formats.flatMap(formatLines)];
}

function formatLines({ payloadType, codec, clockRateHz, channels, parameters }: PayloadFormat): string[] {
  const suffix = channels > 1 ? `/${channels}` : "";
  const map = `a=rtpmap:${payloadType} ${codec}/${clockRateHz}${suffix}`;
  return parameters === undefined ? [map] : [map, `a=fmtp:${payloadType} ${parameters}`];
}

const labelLines = (label: string): string[] => (label === "" ? [] : [`a=label:${label}`]);
const network = (address: string): string => `IN IP${address.includes(":") ? 6 : 4} ${address}`;
