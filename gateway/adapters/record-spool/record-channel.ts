import type { Clock } from "../../core/clock.js";
import type { Log } from "../../core/log.js";
import type { Counter, Gauge, Metrics } from "../../core/metrics.js";
import { monoMs, type MonoMs } from "../../core/time.js";
import type { RecordSink, StoreRecord } from "../../ports/records.js";
import { isEvidence, type RecordBatch } from "./record-batch.js";
import { SpillLog } from "./spill-log.js";

/** Hands a batch to the thread that stores. Must not block; may throw when that thread is gone. */
export type PostBatch = (batch: RecordBatch) => void;

export interface RecordChannelOptions {
  /** For `channel-*.jsonl`: where records go while nobody acknowledges. */
  readonly folder: string;
  /** Records in a message at most. Default 256. */
  readonly batchSize?: number;
  /** A record waits this long for others, ms. Default 50. */
  readonly batchDelayMs?: number;
  /** Batches that may be posted and not acknowledged. Default 64. */
  readonly credit?: number;
  /** Records that may wait in memory for credit; from half of it on they go to disk, beyond it new ones are lost. Default 20,000. */
  readonly queueLimit?: number;
  /** Files together, bytes. Default 256 MiB. */
  readonly spillLimitBytes?: number;
}

export interface RecordChannelDeps {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

interface ChannelMetrics {
  readonly pending: Gauge;
  readonly unacknowledged: Gauge;
  readonly spilled: Counter;
  readonly lost: Counter;
}

const DEFAULTS = {
  batchSize: 256,
  batchDelayMs: 50,
  credit: 64,
  queueLimit: 20_000,
  spillLimitBytes: 256 * 1024 * 1024,
};
const SPILL_RETRY_MS = 1_000;
/** Files that cannot be read are looked at again after this time. */
const UNREADABLE_RETRY_MS = 10_000;
/** While nobody is attached, memory is emptied to disk this often, ms: what kill -9 can cost then. */
const DETACHED_SPILL_MS = 250;

/**
 * The SIP thread's end of the way to the store: gathers records and posts them as text, one message for many. The receiver's
 * acknowledgement gives credit for the next, so a stuck or dead receiver cannot make memory grow: what has no credit waits,
 * then goes to disk, and is posted when credit comes back. What was posted and not acknowledged when the receiver died is
 * posted again to the next one. At least once, and the store does not mind repetition.
 */
export class RecordChannel implements RecordSink {
  readonly #deps: RecordChannelDeps;
  readonly #options: typeof DEFAULTS;
  readonly #metrics: ChannelMetrics;
  readonly #spill: SpillLog;
  #post: PostBatch | undefined;
  #gathering: StoreRecord[] = [];
  /** Whole batches without credit. */
  #waiting: StoreRecord[][] = [];
  #waitingRecords = 0;
  readonly #posted = new Map<number, { readonly json: string; readonly onAck: (() => void) | undefined }>();
  #seq = 0;
  #cancelTimer: (() => void) | undefined;
  #spilling: Promise<void> | undefined;
  #replaying = false;
  #replayAt: MonoMs = monoMs(0);
  #unreadable = false;
  #spillRetryAt: MonoMs = monoMs(0);
  #spillFailed = false;
  #losing = false;
  #closed = false;

  private constructor(deps: RecordChannelDeps, options: typeof DEFAULTS, spill: SpillLog) {
    this.#deps = deps;
    this.#options = options;
    this.#spill = spill;
    const { metrics } = deps;
    this.#metrics = {
      pending: metrics.gauge("ringfence_records_pending", "Records that wait to be handed to the back office"),
      unacknowledged: metrics.gauge("ringfence_records_unacknowledged", "Batches handed over and not yet safe"),
      spilled: metrics.counter(
        "ringfence_records_spilled_total",
        "Records written to disk because the back office was stuck or gone",
      ),
      lost: metrics.counter("ringfence_records_lost_total", "Records lost: neither back office nor disk took them", [
        "kind",
      ]),
    };
    metrics.onScrape(() => {
      this.#metrics.pending.set(this.pending);
      this.#metrics.unacknowledged.set(this.#posted.size);
    });
  }

  /** Takes up what an earlier process left on disk. @throws GatewayError `store.unavailable`: the folder cannot be used. */
  static async open(deps: RecordChannelDeps, options: RecordChannelOptions): Promise<RecordChannel> {
    const all = { ...DEFAULTS, ...options };
    const { folder, spillLimitBytes: limitBytes } = all;
    const spill = await SpillLog.open({ folder, prefix: "channel", limitBytes, clock: deps.clock });
    return new RecordChannel(deps, all, spill);
  }

  /** Records in memory that were not posted yet. */
  get pending(): number {
    return this.#gathering.length + this.#waitingRecords;
  }

  /** The receiver is there, or another one is. What is not acknowledged is posted to it again. */
  attach(post: PostBatch): void {
    this.#post = post;
    for (const [seq, { json }] of this.#posted) this.#tryPost({ seq, json });
    this.#pump();
  }

  /** The receiver is gone. */
  detach(): void {
    this.#post = undefined;
    this.#startTimer(DETACHED_SPILL_MS);
  }

  /** Takes a record; costs an array push, and once in a batch its JSON. Never throws. */
  write(record: StoreRecord): void {
    const { queueLimit, batchSize, batchDelayMs } = this.#options;
    const limit = isEvidence(record.kind) ? queueLimit : queueLimit * 0.9;
    if (this.pending >= limit || this.#closed) {
      this.#countLost(record);
      return;
    }
    this.#gathering.push(record);
    if (this.#gathering.length >= batchSize) this.#pump();
    else if (this.#cancelTimer === undefined) this.#startTimer(batchDelayMs);
  }

  /** Posts what is gathered now, as far as credit goes: for an answer that must not arrive before the records it tells of. */
  flush(): void {
    if (this.#gathering.length > 0 && this.#hasCredit) this.#pump();
  }

  /**
   * Posts what there is, as far as credit goes.
   * @returns Whether all that was written until now has been posted to who receives now: none of it waits here, in memory or on disk.
   */
  handOver(): boolean {
    this.#pump();
    const isPosted = this.#post !== undefined || this.#posted.size === 0;
    return isPosted && this.pending === 0 && this.#spill.empty;
  }

  /** The receiver says that batch `seq` is safe. Unknown numbers are ignored: a batch may be acknowledged twice. */
  acknowledge(seq: number): void {
    const posted = this.#posted.get(seq);
    if (posted === undefined) return;
    this.#posted.delete(seq);
    this.#losing = false;
    posted.onAck?.();
    if (this.#waiting.length > 0 || !this.#spill.empty) this.#pump();
  }

  /**
   * Posts what there is and waits until it is acknowledged, for at most `graceMs`; the rest goes to disk and is posted after the
   * next start. Safe to call twice.
   */
  async close(graceMs = 2_000): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTimer?.();
    const { clock } = this.#deps;
    const deadline = monoMs(clock.mono() + graceMs);
    this.#pump();
    while (this.#post !== undefined && (this.#posted.size > 0 || this.pending > 0) && clock.mono() < deadline) {
      await new Promise<void>((resolve) => clock.callAt(monoMs(clock.mono() + 10), resolve));
      this.#pump();
    }
    this.#post = undefined;
    await this.#spilling;
    for (const { json, onAck } of this.#posted.values()) {
      // What came from disk is still there.
      if (onAck === undefined) this.#waiting.push(JSON.parse(json) as StoreRecord[]);
    }
    this.#posted.clear();
    await this.#spillWaiting();
    for (const record of this.#waiting.flat()) this.#countLost(record);
    await this.#spill.close();
  }

  #startTimer(afterMs: number): void {
    if (this.#closed) return;
    this.#cancelTimer?.();
    const { clock } = this.#deps;
    this.#cancelTimer = clock.callAt(monoMs(clock.mono() + afterMs), () => {
      this.#cancelTimer = undefined;
      this.#pump();
    });
  }

  /** Moves what is gathered on: to the receiver while there is credit, else to the waiting line, and from there to disk. */
  #pump(): void {
    if (this.#gathering.length > 0) {
      const batch = this.#gathering;
      this.#gathering = [];
      if (this.#waiting.length > 0 || !this.#postRecords(batch, undefined)) {
        this.#waiting.push(batch);
        this.#waitingRecords += batch.length;
      }
    }
    while (this.#waiting.length > 0 && this.#hasCredit) {
      const batch = this.#waiting.shift() ?? [];
      this.#waitingRecords -= batch.length;
      this.#postRecords(batch, undefined);
    }
    if (this.#waitingRecords > this.#options.queueLimit / 2 || this.#post === undefined) this.#startSpilling();
    if (this.#waiting.length === 0 && !this.#spill.empty) void this.#replay();
    if (this.#waiting.length > 0 && this.#cancelTimer === undefined) this.#startTimer(DETACHED_SPILL_MS);
  }

  get #hasCredit(): boolean {
    return this.#post !== undefined && this.#posted.size < this.#options.credit;
  }

  /** @returns False when there is no credit. */
  #postRecords(records: readonly StoreRecord[], onAck: (() => void) | undefined): boolean {
    if (!this.#hasCredit) return false;
    const batch = { seq: ++this.#seq, json: JSON.stringify(records) };
    this.#posted.set(batch.seq, { json: batch.json, onAck });
    this.#tryPost(batch);
    return true;
  }

  #tryPost(batch: RecordBatch): void {
    try {
      this.#post?.(batch);
    } catch {
      // The receiver is gone and whoever watches it will detach; the batch stays among the unacknowledged.
    }
  }

  /** One batch from disk at a time; the next when that one is safe. */
  async #replay(): Promise<void> {
    const { clock, log } = this.#deps;
    if (this.#replaying || !this.#hasCredit || this.#closed || clock.mono() < this.#replayAt) return;
    this.#replaying = true;
    try {
      const batch = await this.#spill.read(this.#options.batchSize);
      this.#unreadable = false;
      if (batch !== undefined && (await this.#postAndWait(batch.records))) await this.#spill.commit();
      if (!this.#spill.empty)
        this.#startTimer(this.#posted.size < this.#options.credit ? 0 : this.#options.batchDelayMs);
    } catch (error) {
      // The files stay, and are tried again with what is written, acknowledged or asked for then.
      this.#replayAt = monoMs(clock.mono() + UNREADABLE_RETRY_MS);
      if (!this.#unreadable) log.error("records.spill-unreadable", {}, error);
      this.#unreadable = true;
    } finally {
      this.#replaying = false;
    }
  }

  /** @returns True when they are safe; false when there was no credit after all. After `close` it never settles. */
  #postAndWait(records: readonly StoreRecord[]): Promise<boolean> {
    if (records.length === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      if (!this.#postRecords(records, () => resolve(true))) resolve(false);
    });
  }

  #startSpilling(): void {
    if (this.#spilling !== undefined || this.#deps.clock.mono() < this.#spillRetryAt) return;
    this.#spilling = this.#spillWaiting().finally(() => {
      this.#spilling = undefined;
    });
  }

  async #spillWaiting(): Promise<void> {
    for (let batch = this.#waiting[0]; batch !== undefined; batch = this.#waiting[0]) {
      this.#waiting.shift();
      try {
        await this.#spill.append(batch);
      } catch (error) {
        this.#waiting.unshift(batch);
        this.#spillRetryAt = monoMs(this.#deps.clock.mono() + SPILL_RETRY_MS);
        if (!this.#spillFailed) this.#deps.log.error("records.spill-failed", {}, error);
        this.#spillFailed = true;
        return;
      }
      this.#spillFailed = false;
      this.#waitingRecords -= batch.length;
      this.#metrics.spilled.inc(batch.length);
    }
  }

  #countLost(record: StoreRecord): void {
    this.#metrics.lost.labels(record.kind).inc();
    if (this.#losing) return;
    this.#losing = true;
    this.#deps.log.error("records.lost", { queueLimit: this.#options.queueLimit, closing: this.#closed });
  }
}
