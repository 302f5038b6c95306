import type { Clock } from "../core/clock.js";

/** Of windows that were for nothing, one after the other. */
const MOST_IN_VAIN = 3;
/** As long as a recogniser's restarts are counted. */
const REST_MS = 600_000;
const MOST_REST_MS = 86_400_000;

/** Whether windows pay with this recogniser, on this machine. All files share it: none has to find out anew. */
export class WindowTrust {
  readonly #clock: Pick<Clock, "mono">;
  #inVain = 0;
  #restsUntil = 0;
  #slowRestMs = REST_MS;

  constructor(clock: Pick<Clock, "mono">) {
    this.#clock = clock;
  }

  /** False: stretches go by themselves, for a while. */
  get pays(): boolean {
    return this.#clock.mono() >= this.#restsUntil;
  }

  /** @param paid False: its stretches had to be decoded all the same. */
  had(paid: boolean): void {
    this.#inVain = paid ? 0 : this.#inVain + 1;
    if (this.#inVain >= MOST_IN_VAIN) this.#rest(REST_MS);
  }

  /** One kept the recogniser for longer than a stretch may: each further one might cost a restart, and calls their text. */
  tooSlow(): void {
    if (!this.pays) return;
    this.#rest(this.#slowRestMs);
    this.#slowRestMs = Math.min(MOST_REST_MS, 2 * this.#slowRestMs);
  }

  #rest(ms: number): void {
    // A longer rest goes on.
    this.#restsUntil = Math.max(this.#restsUntil, this.#clock.mono() + ms);
  }
}
