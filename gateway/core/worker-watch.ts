import type { Clock } from "./clock.js";
import { monoMs } from "./time.js";

export interface WorkerWatchOptions {
  readonly clock: Clock;
  /** A worker that says nothing for so long hangs, ms. */
  readonly silentMs: number;
  /** Asks the worker for a sign of life. */
  readonly ask: () => void;
  readonly onHung: () => void;
}

/** Questions that fit into `silentMs`. */
const QUESTIONS = 4;

/**
 * Notices that a worker thread lives but does nothing any more. It counts questions without an answer, not time alone: when the
 * asking thread itself stood still, the answers are only waiting to be read.
 */
export class WorkerWatch {
  readonly #options: WorkerWatchOptions;
  #unanswered = 0;
  #allowed = 0;
  #cancel = (): void => undefined;

  constructor(options: WorkerWatchOptions) {
    this.#options = options;
  }

  /** Watches from now on. @param silentMs Silence that is allowed until the first sign of life; default: as always. */
  start(silentMs = this.#options.silentMs): void {
    this.stop();
    this.#unanswered = 0;
    this.#allowed = Math.ceil((silentMs / this.#options.silentMs) * QUESTIONS);
    this.#schedule();
  }

  /** Any message of the worker. */
  heard(): void {
    this.#unanswered = 0;
  }

  stop(): void {
    this.#cancel();
    this.#cancel = (): void => undefined;
  }

  #schedule(): void {
    const { clock, silentMs, ask, onHung } = this.#options;
    this.#cancel = clock.callAt(monoMs(clock.mono() + silentMs / QUESTIONS), () => {
      if (this.#unanswered >= this.#allowed) {
        onHung();
        return;
      }
      this.#unanswered++;
      ask();
      this.#schedule();
    });
  }
}
