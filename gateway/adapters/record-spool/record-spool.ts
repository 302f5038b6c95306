import { join } from "node:path";
import { BoundedQueue } from "../../core/bounded-queue.js";
import type { Clock } from "../../core/clock.js";
import type { Log } from "../../core/log.js";
import type { Metrics } from "../../core/metrics.js";
import type { Random } from "../../core/random.js";
import { monoMs, type MonoMs } from "../../core/time.js";
import type { BatchSink, Store, StoreRecord } from "../../ports/records.js";
import { isEvidence, isStoreRecord, parseJson, type RecordBatch } from "./record-batch.js";
import { RejectFile } from "./reject-file.js";
import { SpillLog } from "./spill-log.js";
import { spoolMetrics, type SpoolMetrics } from "./spool-metrics.js";
import { StoreWriter } from "./store-writer.js";

export interface RecordSpoolOptions {
  /** For `spill-*.jsonl` and `rejected.jsonl`. */
  readonly folder: string;
  /** Records in memory at most; beyond it new ones are lost and counted. Call records are refused from 90 % on. Default 50,000. */
  readonly queueLimit?: number;
  /** From this many records in memory on the queue moves to disk. Default 10,000. */
  readonly highMark?: number;
  /** Records in one write. Default 500. */
  readonly batchSize?: number;
  /** A record waits this long for others, ms. Default 100. */
  readonly batchDelayMs?: number;
  /** Spill files together, bytes. Default 1 GiB, about three million call records. */
  readonly spillLimitBytes?: number;
  /** One write to the store may take this long, ms; then it counts as failed and is repeated. Default 30,000. */
  readonly writeTimeoutMs?: number;
  /** First pause after a failure, ms; doubles, with jitter, up to `retryMaxMs`. Defaults 200 and 10,000. */
  readonly retryMinMs?: number;
  readonly retryMaxMs?: number;
}

export interface RecordSpoolDeps {
  readonly store: Pick<Store, "write">;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
}

interface Chunk {
  readonly records: StoreRecord[];
  /** Called once, when every record of it is in the store, on disk, refused for good, or lost. */
  readonly done: (() => void) | undefined;
}

const DEFAULTS = {
  queueLimit: 50_000,
  highMark: 10_000,
  batchSize: 500,
  batchDelayMs: 100,
  spillLimitBytes: 1024 ** 3,
  writeTimeoutMs: 30_000,
  retryMinMs: 200,
  retryMaxMs: 10_000,
};
const REJECT_LIMIT_BYTES = 32 * 1024 * 1024;
const SPILL_RETRY_MS = 1_000;
/** Spill files that cannot be read are looked at again after this time. */
const UNREADABLE_RETRY_MS = 10_000;
/** Records of single `write` calls that share a chunk. */
const CHUNK_RECORDS = 256;

/**
 * Carries records to the store, in batches. While the store is down or slow they go to files on disk and from there to the store
 * once it is back, in their order; fresh records go first. Writes commute (the Store port says so), so that changes nothing.
 *
 * At least once: a record is on disk or in the store, or it is counted as rejected or lost. In memory, and so lost by kill -9,
 * is what came in the last `batchDelayMs` or is in the write under way; `accept` says when a batch no longer is.
 */
export class RecordSpool implements BatchSink {
  readonly #deps: RecordSpoolDeps;
  readonly #options: typeof DEFAULTS;
  readonly #metrics: SpoolMetrics;
  readonly #spill: SpillLog;
  readonly #writer: StoreWriter;
  readonly #queue: BoundedQueue<Chunk>;
  /** Gathers single records; not in the queue yet. */
  #open: Chunk = { records: [], done: undefined };
  #queued = 0;
  #cancelTimer: (() => void) | undefined;
  #draining: Promise<void> | undefined;
  #spilling: Promise<void> | undefined;
  /** Taken from the queue for the write under way. */
  #inFlight: readonly Chunk[] = [];
  #replayAt: MonoMs = monoMs(0);
  #spillRetryAt: MonoMs = monoMs(0);
  #spillFailed = false;
  #losing = false;
  #closing = false;

  private constructor(deps: RecordSpoolDeps, options: typeof DEFAULTS & { readonly folder: string }, spill: SpillLog) {
    this.#deps = deps;
    this.#options = options;
    this.#metrics = spoolMetrics(deps.metrics);
    this.#spill = spill;
    this.#writer = new StoreWriter(
      {
        ...deps,
        metrics: this.#metrics,
        rejects: new RejectFile(join(options.folder, "rejected.jsonl"), REJECT_LIMIT_BYTES),
        onLost: (record) => this.#countLost(record),
      },
      options,
    );
    this.#queue = new BoundedQueue(options.queueLimit);
    deps.metrics.onScrape(() => {
      this.#metrics.queueLength.set(this.#queued);
      this.#metrics.spillBytes.set(spill.bytes);
    });
    if (!spill.empty) this.#wake(0);
  }

  /** Takes up what an earlier process left on disk. @throws GatewayError `store.unavailable`: the folder cannot be used. */
  static async open(deps: RecordSpoolDeps, options: RecordSpoolOptions): Promise<RecordSpool> {
    const all = { ...DEFAULTS, ...options };
    const { folder, spillLimitBytes: limitBytes } = all;
    const spill = await SpillLog.open({ folder, prefix: "spill", limitBytes, clock: deps.clock });
    return new RecordSpool(deps, all, spill);
  }

  /** Records in memory. */
  get size(): number {
    return this.#queued;
  }

  /** Why records do not reach the store as they should, for people; undefined: they do, or there was none. */
  get trouble(): string | undefined {
    if (this.#losing) return "records are lost: memory and disk are full";
    if (this.#spillFailed && this.#queued > 0) return "records can be written neither to the database nor to the disk";
    if (this.#writer.down) return "the last write to the database failed; records wait on disk";
    if (this.#spilling !== undefined) return "the database is slow; records wait on disk";
    return undefined;
  }

  /** Takes a record; costs an array push. Never throws. */
  write(record: StoreRecord): void {
    if (!this.#hasRoom(record)) return;
    this.#open.records.push(record);
    this.#queued++;
    if (this.#open.records.length >= CHUNK_RECORDS) this.#closeChunk();
    this.#schedule();
  }

  /**
   * Takes a batch from another thread.
   * @returns When every record of it is in the store or on disk (or counted as rejected or lost): the sender may forget it.
   */
  accept(batch: RecordBatch): Promise<void> {
    const parsed = parseJson(batch.json);
    const items: readonly unknown[] = Array.isArray(parsed) ? parsed : [parsed];
    const records = items.filter(isStoreRecord);
    if (records.length < items.length) this.#metrics.broken.inc(items.length - records.length);
    return this.writeTogether(records);
  }

  writeTogether(records: readonly StoreRecord[]): Promise<void> {
    const kept = records.filter((record) => this.#hasRoom(record));
    if (kept.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#closeChunk();
      this.#queue.push({ records: kept, done: resolve });
      this.#queued += kept.length;
      this.#schedule();
    });
  }

  /** Waits until what is in memory now is no more. @returns Whether all of it, and of before, is in the store: none waits on disk. */
  async stored(): Promise<boolean> {
    await new Promise<void>((resolve) => {
      this.#closeChunk();
      this.#queue.push({ records: [], done: resolve });
      this.#kick();
      this.#schedule();
    });
    return this.#spill.empty && !this.#writer.down;
  }

  /** Waits until nothing is in memory any more: all is in the store, on disk, rejected or lost. */
  async flush(): Promise<void> {
    while (this.#queued > 0) {
      this.#kick();
      await (this.#draining ?? this.#spilling ?? this.#pause(10));
    }
    await this.#draining;
    await this.#spilling;
  }

  /**
   * Writes what is in memory to the store, or to disk when the store fails or takes longer than `graceMs`. Records that arrive
   * afterwards are lost and counted. Safe to call twice. The store is not closed: it is the caller's.
   */
  async close(graceMs = 5_000): Promise<void> {
    if (this.#closing) return;
    const deadline = this.#deps.clock.mono() + graceMs;
    while (this.#queued > 0 && !this.#writer.down && this.#deps.clock.mono() < deadline) {
      this.#kick();
      await Promise.race([this.#draining, this.#pause(50)]);
    }
    this.#closing = true;
    this.#cancelTimer?.();
    await this.#spilling;
    // The store may still take what is under way; on disk as well it is safe either way.
    const underWay = this.#inFlight.flatMap((chunk) => chunk.records);
    if (underWay.length > 0)
      await this.#spill.append(underWay).catch(() => underWay.forEach((r) => this.#countLost(r)));
    await this.#spillAll();
    for (const { records } of this.#queue.take(this.#queue.size)) records.forEach((record) => this.#countLost(record));
    await this.#spill.close();
  }

  #hasRoom(record: StoreRecord): boolean {
    const { queueLimit } = this.#options;
    const limit = isEvidence(record.kind) ? queueLimit : queueLimit * 0.9;
    if (this.#queued < limit && !this.#closing) return true;
    this.#countLost(record);
    return false;
  }

  #countLost(record: StoreRecord): void {
    this.#metrics.lost.labels(record.kind).inc();
    if (this.#losing) return;
    this.#losing = true;
    this.#deps.log.error("store.records-lost", { queueLimit: this.#options.queueLimit, closing: this.#closing });
  }

  #closeChunk(): void {
    if (this.#open.records.length === 0) return;
    this.#queue.push(this.#open);
    this.#open = { records: [], done: undefined };
  }

  #schedule(): void {
    if (this.#queued >= this.#options.highMark) this.#startSpilling();
    if (this.#draining !== undefined) return;
    if (this.#queued >= this.#options.batchSize && !this.#writer.down) this.#kick();
    else this.#wake(this.#options.batchDelayMs);
  }

  #wake(afterMs: number): void {
    if (this.#cancelTimer !== undefined || this.#closing) return;
    this.#cancelTimer = this.#deps.clock.callAt(monoMs(this.#deps.clock.mono() + afterMs), () => {
      this.#cancelTimer = undefined;
      this.#kick();
    });
  }

  #kick(): void {
    if (this.#writer.down) this.#startSpilling();
    const now = this.#deps.clock.mono();
    if (this.#draining !== undefined) return;
    if (now < this.#writer.retryAt) {
      // Sooner than the next attempt: what comes meanwhile has to get from memory to disk.
      this.#wake(Math.min(this.#options.batchDelayMs, this.#writer.retryAt - now));
      return;
    }
    this.#draining = this.#drain().finally(() => {
      this.#draining = undefined;
      const { batchDelayMs } = this.#options;
      if (this.#queue.size > 0 || this.#queued > 0 || this.#writer.down) this.#wake(batchDelayMs);
      else if (!this.#spill.empty) this.#wake(Math.max(batchDelayMs, this.#replayAt - this.#deps.clock.mono()));
    });
  }

  /** Until the queue holds less than a batch and the disk nothing, or the store fails. */
  async #drain(): Promise<void> {
    this.#closeChunk();
    for (;;) {
      const chunks = this.#takeBatch();
      if (chunks.length > 0 && !(await this.#writeChunks(chunks))) return;
      if (this.#toReplay && !(await this.#replay())) return;
      if (this.#closing) return;
      if (this.#queued < this.#options.batchSize && !this.#toReplay) return;
      this.#closeChunk();
    }
  }

  #takeBatch(): Chunk[] {
    const chunks: Chunk[] = [];
    let count = 0;
    while (count < this.#options.batchSize) {
      const [chunk] = this.#queue.take(1);
      if (chunk === undefined) break;
      chunks.push(chunk);
      count += chunk.records.length;
    }
    return chunks;
  }

  async #writeChunks(chunks: readonly Chunk[]): Promise<boolean> {
    this.#inFlight = chunks;
    const stored = await this.#writer.write(chunks.flatMap((chunk) => chunk.records));
    this.#inFlight = [];
    if (stored) this.#settle(chunks);
    else this.#queue.putBack(chunks);
    return stored;
  }

  #settle(chunks: readonly Chunk[]): void {
    for (const chunk of chunks) {
      this.#queued -= chunk.records.length;
      chunk.done?.();
    }
    this.#losing = false;
  }

  /** @returns False: the store is down and the disk's records stay where they are. */
  async #replay(): Promise<boolean> {
    try {
      const batch = await this.#spill.read(this.#options.batchSize);
      if (batch === undefined) return true;
      if (!(await this.#writer.write(batch.records))) return false;
      await this.#spill.commit();
      this.#metrics.replayed.inc(batch.records.length);
      if (batch.broken === 0) return true;
      this.#metrics.broken.inc(batch.broken);
      this.#deps.log.warn("store.spill-lines-skipped", { lines: batch.broken });
    } catch (error) {
      this.#replayAt = monoMs(this.#deps.clock.mono() + UNREADABLE_RETRY_MS);
      this.#deps.log.error("store.spill-unreadable", {}, error);
    }
    return true;
  }

  get #toReplay(): boolean {
    return !this.#spill.empty && this.#deps.clock.mono() >= this.#replayAt;
  }

  #startSpilling(): void {
    if (this.#spilling !== undefined || this.#closing || this.#deps.clock.mono() < this.#spillRetryAt) return;
    this.#spilling = this.#spillAll().finally(() => {
      this.#spilling = undefined;
    });
  }

  /** Moves the queue to disk. A failure leaves the rest in memory. */
  async #spillAll(): Promise<void> {
    this.#closeChunk();
    for (;;) {
      const chunks = this.#takeBatch();
      if (chunks.length === 0) return;
      try {
        await this.#spill.append(chunks.flatMap((chunk) => chunk.records));
      } catch (error) {
        this.#queue.putBack(chunks);
        this.#spillRetryAt = monoMs(this.#deps.clock.mono() + SPILL_RETRY_MS);
        if (!this.#spillFailed) this.#deps.log.error("store.spill-failed", {}, error);
        this.#spillFailed = true;
        return;
      }
      this.#spillFailed = false;
      this.#metrics.spilled.inc(chunks.reduce((sum, chunk) => sum + chunk.records.length, 0));
      this.#settle(chunks);
      this.#closeChunk();
    }
  }

  #pause(ms: number): Promise<void> {
    const { clock } = this.#deps;
    return new Promise((resolve) => clock.callAt(monoMs(clock.mono() + ms), resolve));
  }
}
