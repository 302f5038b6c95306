import type { Clock } from "../../core/clock.js";
import { monoMs } from "../../core/time.js";

const EVERY_MS = 50;

/** How late the event loop runs, from one timer that is due every 50 ms. The worst of the last two samples counts. */
export class EventLoopLag {
  readonly #clock: Clock;
  #last = 0;
  #previous = 0;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(): void {
    const due = monoMs(this.#clock.mono() + EVERY_MS);
    this.#cancel = this.#clock.callAt(due, () => {
      this.#previous = this.#last;
      this.#last = Math.max(0, this.#clock.mono() - due);
      this.start();
    });
  }

  /** ms */
  lagMs(): number {
    return Math.max(this.#last, this.#previous);
  }

  close(): void {
    this.#cancel?.();
  }
}
