import type { PayloadFormat } from "../audio.js";

const l16 = (payloadType: number, clockRateHz: number): PayloadFormat => ({
  payloadType,
  codec: "L16",
  clockRateHz,
  channels: 1,
});

/**
 * Names that Asterisk gives to formats (main/format_cache.c), and what we make of them on the way to the listening side. Their payload
 * types never leave the process.
 */
const BY_NAME: ReadonlyMap<string, PayloadFormat> = new Map([
  ["ulaw", { payloadType: 0, codec: "PCMU", clockRateHz: 8_000, channels: 1 }],
  ["alaw", { payloadType: 8, codec: "PCMA", clockRateHz: 8_000, channels: 1 }],
  ["g722", { payloadType: 9, codec: "G722", clockRateHz: 8_000, channels: 1 }],
  ["slin", l16(96, 8_000)],
  ["slin12", l16(97, 12_000)],
  ["slin16", l16(98, 16_000)],
  ["slin24", l16(99, 24_000)],
  ["slin32", l16(100, 32_000)],
  ["slin44", l16(101, 44_100)],
  ["slin48", l16(102, 48_000)],
  ["slin96", l16(103, 96_000)],
  ["slin192", l16(104, 192_000)],
  ["opus", { payloadType: 111, codec: "opus", clockRateHz: 48_000, channels: 2 }],
]);

/** Everything that a media channel of Asterisk's can carry to us: given as a stream's formats, any of them may come, and change. */
export const CARRIED_FORMATS: readonly PayloadFormat[] = [...BY_NAME.values()];

/** @returns Undefined: a format that we cannot decode. */
export const carriedFormat = (name: string): PayloadFormat | undefined => BY_NAME.get(name);
