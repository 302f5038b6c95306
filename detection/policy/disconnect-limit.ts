import type { UnixMs } from "../model/time.js";

const SECONDS = 60;

/** Counts disconnects of answered calls over the last minute, in slots of a second, and says how many more are allowed. */
export class DisconnectLimit {
  #perMinute: number;
  readonly #slots = new Int32Array(SECONDS);
  #second = 0;

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  set perMinute(limit: number) {
    this.#perMinute = limit;
  }

  /** @returns How many of `wanted` may be ended now; these are counted. Time that runs backwards counts as the latest second. */
  take(wanted: number, now: UnixMs): number {
    this.#advance(Math.floor(now / 1000));
    const used = this.#slots.reduce((sum, slot) => sum + slot, 0);
    const granted = Math.max(0, Math.min(wanted, this.#perMinute - used));
    const slot = this.#second % SECONDS;
    this.#slots[slot] = (this.#slots[slot] as number) + granted;
    return granted;
  }

  #advance(second: number): void {
    const steps = Math.min(SECONDS, second - this.#second);
    for (let i = 1; i <= steps; i++) this.#slots[(this.#second + i) % SECONDS] = 0;
    if (second - this.#second > SECONDS) this.#slots.fill(0);
    this.#second = Math.max(this.#second, second);
  }
}
