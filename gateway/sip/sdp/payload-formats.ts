import type { PayloadFormat } from "../../core/payload-format.js";
import { attributes, type SdpMedia } from "./session-description.js";

export interface MediaFormats {
  /** Those that can be heard, in the order of preference of the m= line. */
  readonly formats: readonly PayloadFormat[];
  /** Names of the others as written (`G729`, `AMR-WB`), or the payload type where no name is known. */
  readonly unheard: readonly string[];
}

/** Payload types that need no rtpmap. RFC 3551 table 4; the ones we know the names of. */
const STATIC: ReadonlyMap<number, string> = new Map([
  [0, "PCMU/8000"],
  [3, "GSM/8000"],
  [4, "G723/8000"],
  [8, "PCMA/8000"],
  [9, "G722/8000"],
  [10, "L16/44100/2"],
  [11, "L16/44100/1"],
  [13, "CN/8000"],
  [15, "G728/8000"],
  [18, "G729/8000"],
  // Reserved there, comfort noise in old equipment.
  [19, "CN/8000"],
]);

/** Encoding names are compared without regard to case. RFC 8866 §6.6 */
const CODECS: ReadonlyMap<string, PayloadFormat["codec"]> = new Map([
  ["pcmu", "PCMU"],
  ["pcma", "PCMA"],
  ["g722", "G722"],
  ["opus", "opus"],
  ["l16", "L16"],
  ["telephone-event", "telephone-event"],
  ["cn", "CN"],
]);

/** No speech is in less, and a second of it would be made into very many samples. */
const MIN_CLOCK_HZ = 2_000;
const MAX_CLOCK_HZ = 192_000;
const MAX_CHANNELS = 8;

/** What the payload types of an RTP m= line mean. RFC 8866 §6.6, RFC 3551 §6 */
export function payloadFormatsOf(media: SdpMedia): MediaFormats {
  const rtpmaps = byPayloadType(attributes(media, "rtpmap"));
  const parameters = byPayloadType(attributes(media, "fmtp"));
  const formats: PayloadFormat[] = [];
  const unheard: string[] = [];
  const seen = new Set<number>();
  for (const text of media.formats) {
    const payloadType = /^\d{1,3}$/.test(text) ? Number(text) : 128;
    if (payloadType > 127 || seen.has(payloadType)) continue;
    seen.add(payloadType);
    const rtpmap = rtpmaps.get(payloadType) ?? STATIC.get(payloadType);
    const format = rtpmap === undefined ? undefined : readFormat(payloadType, rtpmap, parameters.get(payloadType));
    if (format === undefined) unheard.push(rtpmap?.split("/", 1)[0] ?? text);
    else formats.push(format);
  }
  return { formats, unheard };
}

function readFormat(payloadType: number, rtpmap: string, parameters: string | undefined): PayloadFormat | undefined {
  const match = /^([^/\s]+)\/(\d{1,6})(?:\/(\d{1,2}))?\s*$/.exec(rtpmap);
  const codec = CODECS.get(match?.[1]?.toLowerCase() ?? "");
  const clockRateHz = Number(match?.[2] ?? 0);
  const channels = Number(match?.[3] ?? 1);
  if (codec === undefined || clockRateHz < MIN_CLOCK_HZ || clockRateHz > MAX_CLOCK_HZ) return undefined;
  if (channels < 1 || channels > MAX_CHANNELS) return undefined;
  return { payloadType, codec, clockRateHz, channels, ...(parameters === undefined ? {} : { parameters }) };
}

/** `96 opus/48000/2` → 96 → `opus/48000/2`. The first one counts. */
function byPayloadType(values: readonly string[]): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (const value of values) {
    const match = /^(\d{1,3})[ \t]+(.*)$/.exec(value);
    if (match === null) continue;
    const payloadType = Number(match[1]);
    if (!found.has(payloadType)) found.set(payloadType, match[2] ?? "");
  }
  return found;
}
