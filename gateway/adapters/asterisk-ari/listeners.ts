import type { Log } from "../../core/log.js";

/** Who wants to be told. One that throws (our bug) does not keep the others from being told. */
export class Listeners<T> {
  readonly #log: Log;
  readonly #listeners = new Set<(value: T) => void>();

  constructor(log: Log) {
    this.#log = log;
  }

  add(listener: (value: T) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  tell(value: T): void {
    for (const listener of this.#listeners) {
      try {
        listener(value);
      } catch (cause) {
        this.#log.error("ari.listener-failed", {}, cause);
      }
    }
  }
}
