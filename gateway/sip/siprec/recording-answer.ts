import { formatLines, type StreamFormat } from "./stream-formats.js";
import type { RecordedLine } from "./recording-sdp.js";

/** A line of our description: where we hear it; undefined: we do not. */
export interface AnsweredLine {
  readonly line: RecordedLine;
  readonly at: { readonly address: string; readonly port: number } | undefined;
  /** Our own SDES key, where the offered line has one; it encrypts nothing, as we send nothing. Base64 of key and salt. */
  readonly ownKey?: string;
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
  const labelled = label === "" ? [] : [`a=label:${label}`];
  if (at === undefined) return [`m=${media.kind} 0 ${media.protocol} ${media.formats[0] ?? "0"}`, ...labelled];
  return [
    ...mediaLine(at, media.protocol, formats),
    ...(crypto === undefined || ownKey === undefined
      ? []
      : [`a=crypto:${crypto.tag} ${crypto.suite} inline:${ownKey}`]),
    ...labelled,
    inactive ? "a=inactive" : "a=recvonly",
  ];
}

function head(address: string, { sessionId, version }: AnswerOrigin): string[] {
  return ["v=0", `o=- ${sessionId} ${version} ${network(address)}`, "s=-", `c=${network(address)}`, "t=0 0"];
}

function mediaLine(
  { address, port }: { readonly address: string; readonly port: number },
  protocol: string,
  formats: readonly StreamFormat[],
): string[] {
  const types = formats.map(({ payloadType }) => payloadType).join(" ");
  return [`m=audio ${port} ${protocol} ${types}`, `c=${network(address)}`, ...formats.flatMap(formatLines)];
}

const network = (address: string): string => `IN IP${address.includes(":") ? 6 : 4} ${address}`;

/** What we offer to a client that leaves the offer to us (Cisco Unified CM does). */
export const OWN_FORMATS: readonly StreamFormat[] = [
  { payloadType: 0, codec: "PCMU", clockRateHz: 8_000, channels: 1 },
  { payloadType: 8, codec: "PCMA", clockRateHz: 8_000, channels: 1 },
  { payloadType: 9, codec: "G722", clockRateHz: 8_000, channels: 1 },
  { payloadType: 101, codec: "telephone-event", clockRateHz: 8_000, channels: 1, parameters: "0-16" },
];

/** An offer of our own, RFC 3261 §13.2.1: one line to hear on. */
export function recordingOffer(at: { readonly address: string; readonly port: number }, origin: AnswerOrigin): string {
  return `${[...head(at.address, origin), ...mediaLine(at, "RTP/AVP", OWN_FORMATS), "a=recvonly"].join("\r\n")}\r\n`;
}
