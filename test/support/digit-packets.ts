import { digitOf, EVENT_BYTES } from "../../gateway/media/dtmf/telephone-event.js";

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

const DIGITS = Array.from({ length: 16 }, (_, event) => digitOf(event) ?? "").join("");

/** The event of a digit; undefined where there is none. */
export function eventOf(digit: string): number | undefined {
  const event = digit.length === 1 ? DIGITS.indexOf(digit.toUpperCase()) : -1;
  return event < 0 ? undefined : event;
}

/** Writes a payload, newly allocated. */
export function buildTelephoneEvent(event: TelephoneEvent): Uint8Array {
  const flags = (event.end ? 0x80 : 0) | (event.volume & 0x3f);
  const ticks = Math.min(0xffff, event.durationTicks);
  return Uint8Array.of(event.event, flags, ticks >> 8, ticks & 0xff);
}

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

/** One packet of a digit that is sent: payload, and what belongs into its RTP header. */
export interface EventPacket {
  readonly payload: Uint8Array;
  readonly marker: boolean;
  /** Since the digit began; several packets may be due at a time. */
  readonly sendAtMs: number;
}

/**
 * The packets of one digit. RFC 4733 §2.5.1: updates every `everyMs`, the last one three times; all have the timestamp of the digit's
 * beginning, and sequence numbers of their own.
 *
 * @param digit See `digitOf`. Nothing is sent for what is no digit.
 */
export function digitPackets(
  digit: string,
  options: {
    readonly durationMs: number;
    readonly clockRateHz: number;
    readonly everyMs?: number;
    readonly volume?: number;
  },
): EventPacket[] {
  const event = eventOf(digit);
  if (event === undefined) return [];
  const { durationMs, clockRateHz, everyMs = 20, volume = 10 } = options;
  const packet = (ms: number, end: boolean): EventPacket => {
    const durationTicks = Math.round((ms * clockRateHz) / 1000);
    return {
      payload: buildTelephoneEvent({ event, end, volume, durationTicks }),
      marker: ms === everyMs,
      sendAtMs: ms,
    };
  };
  const packets: EventPacket[] = [];
  for (let ms = everyMs; ms < durationMs; ms += everyMs) packets.push(packet(ms, false));
  const last = packet(Math.max(durationMs, everyMs), true);
  packets.push({ ...last, marker: packets.length === 0 });
  return [...packets, { ...last, marker: false }, { ...last, marker: false }];
}
