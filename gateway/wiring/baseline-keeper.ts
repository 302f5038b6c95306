import type { FraudDetection } from "../../detection/index.js";
import { BaselineFile } from "../adapters/baseline-file/baseline-file.js";
import type { Clock } from "../core/clock.js";
import type { Log } from "../core/log.js";
import { monoMs } from "../core/time.js";

const SAVE_EVERY_MS = 300_000;

/** Takes learned busy numbers from one run to the next: read at start, saved every five minutes and at the end. */
export class BaselineKeeper {
  readonly #file: BaselineFile;
  readonly #detection: Pick<FraudDetection, "importBaseline" | "exportBaseline">;
  readonly #clock: Clock;
  readonly #log: Log;
  #cancel = (): void => undefined;
  #loaded = false;
  #saving: Promise<void> = Promise.resolve();

  constructor(folder: string, deps: { detection: FraudDetection; clock: Clock; log: Log }) {
    this.#file = new BaselineFile(folder);
    this.#detection = deps.detection;
    this.#clock = deps.clock;
    this.#log = deps.log;
  }

  /** @returns How many busy numbers are known from before. A file that cannot be read costs the learning, not the start. */
  async start(): Promise<number> {
    let known = 0;
    try {
      const rows = await this.#file.load();
      if (rows === undefined) this.#log.error("baseline.unreadable");
      else known = this.#detection.importBaseline(rows);
      this.#loaded = true;
      this.#arm();
    } catch (error) {
      // What is there may be good: this run learns without saving, and leaves it alone.
      this.#log.error("baseline.unreadable", {}, error);
    }
    return known;
  }

  async close(): Promise<void> {
    this.#cancel();
    if (this.#loaded) this.#save();
    this.#loaded = false;
    await this.#saving;
  }

  #arm(): void {
    this.#cancel = this.#clock.callAt(monoMs(this.#clock.mono() + SAVE_EVERY_MS), () => {
      this.#save();
      this.#arm();
    });
  }

  #save(): void {
    const rows = this.#detection.exportBaseline();
    this.#saving = this.#saving
      .then(() => this.#file.save(rows))
      .catch((error: unknown) => this.#log.error("baseline.not-saved", {}, error));
  }
}
