import { monoMs, type MonoMs } from "../../detection/index.js";
import { SystemClock } from "../../gateway/adapters/system/system-clock.js";
import type { Clock } from "../../gateway/core/clock.js";

/** The machine's clock, which a test can set forward: a time-out that leaves a busy machine room need not be waited for. */
export class LeapingClock implements Clock {
  readonly #system = new SystemClock();
  readonly #pending = new Set<() => void>();
  #aheadMs = 0;

  mono = (): MonoMs => monoMs(this.#system.mono() + this.#aheadMs);
  unix = () => this.#system.unix();

  callAt(at: MonoMs, fn: () => void): () => void {
    let cancel = (): void => undefined;
    const arm = (): void => {
      cancel();
      cancel = this.#system.callAt(monoMs(at - this.#aheadMs), () => {
        this.#pending.delete(arm);
        fn();
      });
    };
    this.#pending.add(arm);
    arm();
    return () => {
      this.#pending.delete(arm);
      cancel();
    };
  }

  /** What was to happen within so long happens at once. */
  leap(ms: number): void {
    this.#aheadMs += ms;
    for (const arm of this.#pending) arm();
  }
}
