import type { PayloadFormat } from "../audio.js";

/** RFC 6716 §3.1, table 2: frame sizes of the 32 configurations, ms. */
const OPUS_FRAME_MS = [
  10, 20, 40, 60, 10, 20, 40, 60, 10, 20, 40, 60, 10, 20, 10, 20, 2.5, 5, 10, 20, 2.5, 5, 10, 20, 2.5, 5, 10, 20, 2.5, 5, 10, 20,
] as const; // prettier-ignore
/** RFC 6716 §3.2.5 */
const MAX_OPUS_PACKET_MS = 120;

/**
 * How long a payload sounds, ms. 0: it carries no sound of its own (events, comfort noise, nothing, or an opus packet that is none).
 *
 * @param bytes From `from` to `to` is the payload.
 */
export function payloadDurationMs(format: PayloadFormat, bytes: Uint8Array, from: number, to: number): number {
  const size = to - from;
  if (size <= 0) return 0;
  switch (format.codec) {
    case "PCMU":
    case "PCMA":
      return (size * 1000) / (format.clockRateHz * format.channels);
    case "G722":
      // 64 kbit/s, whatever the clock says. RFC 3551 §4.5.2
      return size / 8;
    case "L16":
      return (Math.floor(size / (2 * format.channels)) * 1000) / format.clockRateHz;
    case "opus":
      return opusDurationMs(bytes, from, to);
    case "CN":
    case "telephone-event":
      return 0;
  }
}

/** RFC 6716 §3.1, §3.2: configuration and number of frames stand in the first bytes. */
function opusDurationMs(bytes: Uint8Array, from: number, to: number): number {
  const toc = bytes[from] ?? 0;
  const frameMs = OPUS_FRAME_MS[toc >> 3] ?? 0;
  const code = toc & 3;
  const frames = code === 0 ? 1 : code < 3 ? 2 : to - from > 1 ? (bytes[from + 1] ?? 0) & 0x3f : 0;
  const durationMs = frames * frameMs;
  return durationMs <= MAX_OPUS_PACKET_MS ? durationMs : 0;
}
