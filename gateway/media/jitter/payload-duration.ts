import type { PayloadFormat } from "../audio.js";
import { opusDurationMs } from "../opus/opus-packet.js";

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
