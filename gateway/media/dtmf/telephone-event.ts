/** RFC 4733 §2.3 */
export interface TelephoneEvent {
  /** 0–15: digits, see `digitOf`; others: flash, tones. */
  readonly event: number;
  readonly end: boolean;
  /** Power, −dBm0: 0–63; 0 is loudest. */
  readonly volume: number;
  /** Since the event began, in ticks of the RTP clock; 0xffff: as long or longer. */
  readonly durationTicks: number;
}

export const EVENT_BYTES = 4;
const DIGITS = "0123456789*#ABCD";

/** `0`–`9`, `*`, `#`, `A`–`D`; undefined for other events. RFC 4733 table 3 */
export const digitOf = (event: number): string | undefined => DIGITS[event];

/** Reads the first event of a payload. @returns Undefined where it is shorter than one. */
export function parseTelephoneEvent(bytes: Uint8Array, from = 0, to = bytes.byteLength): TelephoneEvent | undefined {
  if (to - from < EVENT_BYTES) return undefined;
  const flags = bytes[from + 1] ?? 0;
  return {
    event: bytes[from] ?? 0,
    end: (flags & 0x80) !== 0,
    volume: flags & 0x3f,
    durationTicks: ((bytes[from + 2] ?? 0) << 8) | (bytes[from + 3] ?? 0),
  };
}
