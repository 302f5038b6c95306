import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import type { Log } from "../../core/log.js";
import type { Random } from "../../core/random.js";
import { monoMs, type MonoMs } from "../../core/time.js";
import type { Store, StoreRecord } from "../../ports/records.js";
import type { RejectFile } from "./reject-file.js";
import type { SpoolMetrics } from "./spool-metrics.js";

export interface StoreWriterDeps {
  readonly store: Pick<Store, "write">;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: SpoolMetrics;
  readonly rejects: RejectFile;
  /** Told of a record that could be kept nowhere. */
  readonly onLost: (record: StoreRecord) => void;
}

export interface StoreWriterOptions {
  readonly writeTimeoutMs: number;
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
}

/**
 * One write to the store at a time: bounded in time, with poison set aside by halving the batch, and with a growing, jittered
 * pause after failures.
 */
export class StoreWriter {
  readonly #deps: StoreWriterDeps;
  readonly #options: StoreWriterOptions;
  #failures = 0;
  #retryAt: MonoMs = monoMs(0);

  constructor(deps: StoreWriterDeps, options: StoreWriterOptions) {
    this.#deps = deps;
    this.#options = options;
    deps.metrics.up.set(1);
  }

  /** The last write failed. */
  get down(): boolean {
    return this.#failures > 0;
  }

  /** Not before this time should it be tried again. */
  get retryAt(): MonoMs {
    return this.#retryAt;
  }

  /** Writes all, setting aside what is refused for good. @returns False when the store is down; repeating is harmless. */
  async write(records: readonly StoreRecord[]): Promise<boolean> {
    const parts = [records];
    let refused: GatewayError | undefined;
    let refusals = 0;
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      const first = part[0];
      if (first === undefined) continue;
      const failure = await this.#tryOnce(part);
      if (failure === undefined) continue;
      if (!(failure instanceof GatewayError) || failure.code !== "store.rejected") {
        this.#onFailure(failure);
        return false;
      }
      if (part.length === 1) {
        refused = failure;
        refusals++;
        await this.#setAside(first, failure);
      } else {
        const half = part.length >> 1;
        parts.push(part.slice(half), part.slice(0, half));
      }
    }
    if (refused !== undefined) this.#deps.log.error("store.records-rejected", { records: refusals }, refused);
    this.#onSuccess();
    return true;
  }

  async #tryOnce(records: readonly StoreRecord[]): Promise<unknown> {
    const { clock, metrics, store } = this.#deps;
    const startedAt = clock.mono();
    try {
      await this.#inTime(store.write(records));
    } catch (error) {
      return error ?? new Error("the store failed without a reason");
    }
    metrics.writeSeconds.observe((clock.mono() - startedAt) / 1_000);
    metrics.written.inc(records.length);
    return undefined;
  }

  async #setAside(record: StoreRecord, reason: GatewayError): Promise<void> {
    this.#deps.metrics.rejected.inc();
    if (!(await this.#deps.rejects.append(record, reason.message))) this.#deps.onLost(record);
  }

  #onFailure(error: unknown): void {
    const { retryMinMs, retryMaxMs } = this.#options;
    const pause = Math.min(retryMaxMs, retryMinMs * 2 ** Math.min(this.#failures, 16));
    // Half fixed, half random: many gateways on one database do not come back in step.
    this.#retryAt = monoMs(this.#deps.clock.mono() + pause * (0.5 + this.#deps.random.next() / 2));
    this.#failures++;
    this.#deps.metrics.up.set(0);
    if (this.#failures > 1) return;
    this.#deps.log.error("store.down", { code: error instanceof GatewayError ? error.code : "unknown" }, error);
  }

  #onSuccess(): void {
    if (this.#failures > 0) this.#deps.log.info("store.up", { failures: this.#failures });
    this.#failures = 0;
    this.#retryAt = monoMs(0);
    this.#deps.metrics.up.set(1);
  }

  async #inTime(work: Promise<void>): Promise<void> {
    const { clock } = this.#deps;
    const { writeTimeoutMs } = this.#options;
    let cancel: () => void = () => undefined;
    const late = new Promise<never>((_resolve, reject) => {
      cancel = clock.callAt(monoMs(clock.mono() + writeTimeoutMs), () => {
        reject(new GatewayError("store.unavailable", `a write took longer than ${writeTimeoutMs} ms`));
      });
    });
    // A write that fails after it was given up must not end the process.
    work.catch(() => undefined);
    try {
      await Promise.race([work, late]);
    } finally {
      cancel();
    }
  }
}
