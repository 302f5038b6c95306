import { timestampDistance } from "../rtp/wrapping.js";
import { EVENT_BYTES, digitOf } from "./telephone-event.js";

/** The end was lost with all its repeats. */
const GIVE_UP_MS = 200;
/** Further back is no packet that comes late: timestamps have begun anew. */
const STALE_SECONDS = 10;
const NONE = -1;

/** Called once for each digit. */
export type OnDigit = (digit: string, durationMs: number) => void;

/**
 * Telephone events of one stream → digits, each once: updates and the three copies of the end belong to one event by their timestamp.
 * RFC 4733 §2.5.1. A digit whose end is lost ends with the next event, or 200 ms after its last packet. Events that are no digits are
 * left out. Allocates nothing.
 */
export class EventTracker {
  readonly #onDigit: OnDigit;
  #event = NONE;
  #timestamp = 0;
  #durationTicks = 0;
  /** Of earlier segments of a long event. §2.5.1.3 */
  #earlierTicks = 0;
  #clockRateHz = 8_000;
  #lastMs = 0;
  #seenAny = false;

  constructor(onDigit: OnDigit) {
    this.#onDigit = onDigit;
  }

  /**
   * @param timestamp Of the RTP header. @param bytes The payload is from `from` to `to`; may be hostile.
   * @param nowMs On any clock that `onTime` has too.
   */
  onPacket(timestamp: number, clockRateHz: number, bytes: Uint8Array, from: number, to: number, nowMs: number): void {
    if (to - from < EVENT_BYTES) return;
    const event = bytes[from] ?? 0;
    const hasEnded = ((bytes[from + 1] ?? 0) & 0x80) !== 0;
    const ticks = ((bytes[from + 2] ?? 0) << 8) | (bytes[from + 3] ?? 0);
    const ahead = this.#seenAny ? timestampDistance(this.#timestamp, timestamp) : 1;
    const isOlder = ahead < 0 && ahead > -STALE_SECONDS * clockRateHz;
    if (isOlder) return;
    if (ahead !== 0) {
      const goesOn = this.#event === event && ahead === this.#durationTicks;
      if (goesOn) this.#earlierTicks += this.#durationTicks;
      else {
        this.#finish();
        this.#earlierTicks = 0;
        this.#event = event;
      }
      this.#seenAny = true;
      this.#timestamp = timestamp;
      this.#durationTicks = 0;
    }
    // A copy of an end that was told already.
    if (this.#event === NONE) return;
    this.#clockRateHz = clockRateHz;
    this.#durationTicks = Math.max(this.#durationTicks, ticks);
    this.#lastMs = nowMs;
    if (hasEnded) this.#finish();
  }

  /** Call it now and then. */
  onTime(nowMs: number): void {
    if (this.#event !== NONE && nowMs - this.#lastMs >= GIVE_UP_MS) this.#finish();
  }

  /** Another source: timestamps begin anew. */
  restart(): void {
    this.#finish();
    this.#seenAny = false;
  }

  #finish(): void {
    const digit = this.#event === NONE ? undefined : digitOf(this.#event);
    this.#event = NONE;
    if (digit === undefined) return;
    this.#onDigit(digit, ((this.#earlierTicks + this.#durationTicks) * 1000) / this.#clockRateHz);
  }
}
