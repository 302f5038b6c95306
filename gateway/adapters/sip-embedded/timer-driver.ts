import type { Clock } from "../../core/clock.js";
import { monoMs, type MonoMs } from "../../core/time.js";
import { TimerWheel, type WheelEntry } from "../../sip/transaction/timer-wheel.js";

/** Lends one clock alarm to the timer wheel of an endpoint. */
export class TimerDriver {
  readonly #clock: Clock;
  readonly #wheel: TimerWheel;
  #armedFor = Infinity;
  #disarm: (() => void) | undefined;

  /** @param onFault An entry threw: our bug. The others still run. */
  constructor(clock: Clock, onFault: (fault: unknown) => void) {
    this.#clock = clock;
    this.#wheel = new TimerWheel(undefined, undefined, (entry, now) => {
      try {
        entry.onTime(now);
      } catch (fault) {
        onFault(fault);
      }
    });
    this.#wheel.startAt(clock.mono());
  }

  /** Whole ms: deadlines stay small integers, which cost no allocation. */
  now(): MonoMs {
    return monoMs(Math.floor(this.#clock.mono()));
  }

  get waiting(): number {
    return this.#wheel.size;
  }

  /** After every input to the entry. */
  update(entry: WheelEntry): void {
    this.#wheel.update(entry);
    const at = this.#wheel.dueAt(entry);
    if (at !== undefined && at < this.#armedFor) this.#arm(at);
  }

  remove(entry: WheelEntry): void {
    this.#wheel.remove(entry);
  }

  close(): void {
    this.#disarm?.();
    this.#armedFor = -Infinity;
  }

  #arm(at: MonoMs): void {
    this.#disarm?.();
    this.#armedFor = at;
    this.#disarm = this.#clock.callAt(at, () => {
      this.#armedFor = Infinity;
      this.#disarm = undefined;
      this.#wheel.advance(this.now());
      const next = this.#wheel.nextDue();
      if (next !== undefined && next < this.#armedFor) this.#arm(next);
    });
  }
}
