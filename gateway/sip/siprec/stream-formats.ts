import { parseUnsigned } from "../message/chars.js";
import { attributes, type SdpMedia } from "../sdp/session-description.js";

/** What a payload type means on one stream: codings that can be decoded, digits and comfort noise. Of the form of media/audio. */
export interface StreamFormat {
  readonly payloadType: number;
  readonly codec: "PCMU" | "PCMA" | "G722" | "opus" | "L16" | "telephone-event" | "CN";
  readonly clockRateHz: number;
  readonly channels: number;
  /** The value of `a=fmtp`, without the payload type. */
  readonly parameters?: string;
}

type Coding = Omit<StreamFormat, "payloadType" | "parameters">;

/** Payload types that need no rtpmap. RFC 3551 §6 */
const STATIC: ReadonlyMap<number, Coding> = new Map<number, Coding>([
  [0, { codec: "PCMU", clockRateHz: 8_000, channels: 1 }],
  [8, { codec: "PCMA", clockRateHz: 8_000, channels: 1 }],
  [9, { codec: "G722", clockRateHz: 8_000, channels: 1 }],
  [10, { codec: "L16", clockRateHz: 44_100, channels: 2 }],
  [11, { codec: "L16", clockRateHz: 44_100, channels: 1 }],
  [13, { codec: "CN", clockRateHz: 8_000, channels: 1 }],
]);

const CODECS: ReadonlyMap<string, StreamFormat["codec"]> = new Map([
  ["pcmu", "PCMU"],
  ["pcma", "PCMA"],
  ["g722", "G722"],
  ["opus", "opus"],
  ["l16", "L16"],
  ["telephone-event", "telephone-event"],
  ["cn", "CN"],
]);

/** The formats of an audio line that we know, in its order. An rtpmap counts before the static meaning. RFC 8866 §6.6, RFC 3551 */
export function readStreamFormats(media: SdpMedia): readonly StreamFormat[] {
  const maps = byPayloadType(attributes(media, "rtpmap"));
  const parameters = byPayloadType(attributes(media, "fmtp"));
  const found: StreamFormat[] = [];
  for (const format of media.formats) {
    const payloadType = parseUnsigned(format, 0, format.length, 127);
    if (payloadType < 0 || found.some((each) => each.payloadType === payloadType)) continue;
    const map = maps.get(payloadType);
    const coding = map === undefined ? STATIC.get(payloadType) : readMap(map);
    if (coding === undefined) continue;
    const fmtp = parameters.get(payloadType);
    found.push({ payloadType, ...coding, ...(fmtp === undefined ? {} : { parameters: fmtp }) });
  }
  return found;
}

/** As the lines of a description: `rtpmap` and, where there are parameters, `fmtp`. */
export function formatLines({ payloadType, codec, clockRateHz, channels, parameters }: StreamFormat): string[] {
  const suffix = channels > 1 ? `/${channels}` : "";
  const map = `a=rtpmap:${payloadType} ${codec}/${clockRateHz}${suffix}`;
  return parameters === undefined ? [map] : [map, `a=fmtp:${payloadType} ${parameters}`];
}

function byPayloadType(values: readonly string[]): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (const value of values) {
    const match = /^\s*(\d{1,3})\s+(\S.*?)\s*$/.exec(value);
    const payloadType = Number(match?.[1] ?? Number.NaN);
    if (payloadType <= 127 && !found.has(payloadType)) found.set(payloadType, match?.[2] ?? "");
  }
  return found;
}

function readMap(map: string): Coding | undefined {
  const [name = "", rate = "", count = "1"] = map.split("/");
  const codec = CODECS.get(name.trim().toLowerCase());
  const clockRateHz = parseUnsigned(rate.trim(), 0, rate.trim().length, 192_000);
  const channels = parseUnsigned(count.trim(), 0, count.trim().length, 2);
  if (codec === undefined || clockRateHz < 1 || channels < 1) return undefined;
  const coding = { codec, clockRateHz, channels };
  return isDecodable(coding) ? coding : undefined;
}

/** RFC 3551 §4.5 fixes the clock of G.711 and G.722, RFC 7587 §4.1 that of Opus. */
function isDecodable({ codec, clockRateHz, channels }: Coding): boolean {
  switch (codec) {
    case "PCMU":
    case "PCMA":
    case "G722":
      return clockRateHz === 8_000 && channels === 1;
    case "opus":
      return clockRateHz === 48_000;
    case "L16":
      return clockRateHz >= 8_000 && clockRateHz <= 48_000;
    case "telephone-event":
    case "CN":
      return true;
  }
}
