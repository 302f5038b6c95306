import { widenTimestamp } from "../rtp/wrapping.js";

/** Nearer than this two frames follow each other. */
export const CONTIGUOUS_MS = 5;
/** How much earlier than its timestamp promises a packet may come before the timestamp is taken for a jump. */
const EARLIEST_MS = 250;
/** A jump with less silence on the line than this is taken for none: sound goes on. */
const SNAP_MS = 40;
/** The quickest packet of so long tells how far we are off. */
const WINDOW_MS = 2_000;
/** Corrections: at most this share of the time that passes; more where we are far off. The smallest are left. */
const SLEW = 0.01;
const FAST_SLEW = 0.1;
const FAR_OFF_MS = 100;
const LEAST_CORRECTION_MS = 10;

/**
 * Where on the call's clock a sender's timestamps are. One for each stream; streams that share a zero share a clock, so what two
 * speakers say can be put in order.
 *
 * A timestamp is tied to the time of arrival once, then counts by itself: jitter does not show, loss and pauses take their time. The
 * quickest packets show by how much the sender's clock is off (or that the first packet was slow), and the tie follows, by 1 % of the
 * time at most, or 10 % where it is far off. It is tied anew where timestamps jump: another source, another clock rate, a jump that
 * arrival times contradict.
 */
export class MediaClock {
  /** Where the last frame ended: what comes next begins there, or after a gap. 0 before the first. */
  endMs = 0;
  /** Set by `anchorAnew`, and at first. */
  #tied = false;
  #clockRateHz = 0;
  #originTimestamp = 0;
  #originMs = 0;
  #lastTimestamp = 0;
  #begun = false;
  #windowEndsMs = 0;
  #windowLeastMs = Number.POSITIVE_INFINITY;
  #correctionMs = 0;
  readonly #zeroMs: number;

  /** @param zeroMs Of the call, on the clock that arrival times are told on. */
  constructor(zeroMs: number) {
    this.#zeroMs = zeroMs;
  }

  /** A frame has been placed. */
  get begun(): boolean {
    return this.#begun;
  }

  /** The next timestamp has nothing to do with those before: another source. */
  anchorAnew(): void {
    this.#tied = false;
  }

  /** Where a timestamp is by what is known, without being taken into account; undefined: not comparable. For events. */
  look(timestamp: number, clockRateHz: number): number | undefined {
    if (!this.#tied || clockRateHz !== this.#clockRateHz) return undefined;
    return this.#mapped(widenTimestamp(timestamp, this.#lastTimestamp));
  }

  /**
   * Places the next frame; frames come in order of sequence. Does not move `endMs`: the caller states the gap, if there is one, then
   * does.
   *
   * @returns Where the frame begins, ms; never before `endMs` by more than rounding.
   */
  place(timestamp: number, clockRateHz: number, arrivedAtMs: number, durationMs: number): number {
    const arrival = arrivedAtMs - this.#zeroMs;
    if (!this.#tied || clockRateHz !== this.#clockRateHz) {
      return this.#tie(timestamp, clockRateHz, arrival);
    }
    const widened = widenTimestamp(timestamp, this.#lastTimestamp);
    const at = this.#mapped(widened);
    const hole = at - this.endMs;
    // Backwards: an old-style restart, or sound that comes after all when its place had been told to be silent.
    const isTooEarly = hole > CONTIGUOUS_MS && arrival - at < -EARLIEST_MS;
    if (hole < -CONTIGUOUS_MS || isTooEarly) return this.#tie(timestamp, clockRateHz, arrival);
    this.#lastTimestamp = widened;
    this.#follow(arrival, arrival - at, durationMs);
    return at;
  }

  #mapped(widened: number): number {
    return this.#originMs + ((widened - this.#originTimestamp) * 1000) / this.#clockRateHz;
  }

  #tie(timestamp: number, clockRateHz: number, arrival: number): number {
    const at = this.#begun && arrival - this.endMs < SNAP_MS ? this.endMs : arrival;
    if (!this.#begun) this.endMs = at;
    this.#begun = true;
    this.#tied = true;
    this.#clockRateHz = clockRateHz;
    this.#originTimestamp = timestamp;
    this.#lastTimestamp = timestamp;
    this.#originMs = at;
    this.#windowEndsMs = arrival + WINDOW_MS;
    this.#windowLeastMs = arrival - at;
    this.#correctionMs = 0;
    return at;
  }

  #follow(arrival: number, latenessMs: number, durationMs: number): void {
    if (latenessMs < this.#windowLeastMs) this.#windowLeastMs = latenessMs;
    if (arrival >= this.#windowEndsMs) {
      this.#correctionMs = Math.abs(this.#windowLeastMs) < LEAST_CORRECTION_MS ? 0 : this.#windowLeastMs;
      this.#windowEndsMs = arrival + WINDOW_MS;
      this.#windowLeastMs = Number.POSITIVE_INFINITY;
    }
    if (this.#correctionMs === 0) return;
    const most = (Math.abs(this.#correctionMs) > FAR_OFF_MS ? FAST_SLEW : SLEW) * durationMs;
    const step = Math.max(-most, Math.min(most, this.#correctionMs));
    this.#originMs += step;
    this.#correctionMs -= step;
  }
}
