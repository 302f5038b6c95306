import type { Clock } from "./clock.js";
import type { MonoMs, UnixMs } from "./time.js";

const DAY_MS = 86_400_000;
/** A clock that goes so much further than time did was set, or was wrong at boot. */
const LEAP_MS = 2 * DAY_MS;
/** After a leap: a clock that goes on from there for so long is taken to be right. */
const BELIEVED_AFTER_MS = DAY_MS;

interface Seen {
  readonly unix: UnixMs;
  readonly mono: MonoMs;
}

/**
 * Says what time it is to whatever deletes what is old. A machine that boots with a wrong clock would lose years of records within
 * a minute; here a clock that has leapt ahead since it was seen last is not believed before a day has passed by the monotonic clock.
 * A gateway that was off for more than two days waits that day too.
 */
export class SteadyTime {
  readonly #clock: Clock;
  readonly #onLeap: (aheadMs: number) => void;
  #seen: Seen | undefined;
  /** Since when the clock goes on behind its leap. */
  #leapt: Seen | undefined;

  constructor(clock: Clock, onLeap: (aheadMs: number) => void) {
    this.#clock = clock;
    this.#onLeap = onLeap;
  }

  /** @param seenAt What the clock said when it was believed last, in an earlier process; undefined: there was none. */
  resume(seenAt: UnixMs | undefined): void {
    this.#seen = { unix: seenAt ?? this.#clock.unix(), mono: this.#clock.mono() };
  }

  /** @returns Undefined: not known; delete nothing. */
  now(): UnixMs | undefined {
    if (this.#seen === undefined) return undefined;
    const here: Seen = { unix: this.#clock.unix(), mono: this.#clock.mono() };
    const aheadMs = beyond(this.#seen, here);
    if (aheadMs <= LEAP_MS) return this.#believe(here);
    if (this.#leapt === undefined || Math.abs(beyond(this.#leapt, here)) > LEAP_MS) {
      this.#leapt = here;
      this.#onLeap(aheadMs);
    }
    return here.mono - this.#leapt.mono >= BELIEVED_AFTER_MS ? this.#believe(here) : undefined;
  }

  #believe(here: Seen): UnixMs {
    this.#seen = here;
    this.#leapt = undefined;
    return here.unix;
  }
}

/** By how much the wall clock went further than time did, ms. */
const beyond = (from: Seen, to: Seen): number => to.unix - from.unix - (to.mono - from.mono);
