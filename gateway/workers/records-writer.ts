import type { Alert, CallRecord, SettingChange } from "../../detection/index.js";
import type { Clock } from "../core/clock.js";
import type { Counter, Metrics } from "../core/metrics.js";
import { monoMs } from "../core/time.js";
import type { DeskResult } from "../pipeline/records/record-desk.js";
import type { IntakePosition } from "../ports/intake-position.js";
import type { BatchSink, StoreRecord } from "../ports/records.js";

export interface RecordsWriterDeps {
  readonly sink: BatchSink;
  readonly onAlert: (alert: Alert) => void;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** So long it is waited for that what was written is in the store or on disk. */
const KEPT_WITHIN_MS = 2_000;

/**
 * Writes call records so that what is in the store was judged, and what was found in it is there too: both go together. What cannot
 * be judged yet is written at once with a mark that it was not, and the mark goes with what is found in it. So whoever dies at any
 * point leaves nothing that nobody looks at: the next one judges what is marked. That may judge a record twice; findings and alerts
 * have the same ids then, and are kept once.
 */
export class RecordsWriter {
  readonly #deps: RecordsWriterDeps;
  readonly #taken: Counter;
  readonly #found: Counter;
  #kept: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(deps: RecordsWriterDeps) {
    this.#deps = deps;
    const { metrics } = deps;
    this.#taken = metrics.counter("ringfence_call_records_total", "Call records that the detectors saw", ["source"]);
    this.#found = metrics.counter("ringfence_findings_total", "What was told of incidents in call records", [
      "rule",
      "change",
    ]);
  }

  /** When all that was written so far is in the store or on disk. */
  get kept(): Promise<void> {
    return this.#kept;
  }

  /** What cannot be judged yet, and changes that never will be. */
  writeUnjudged(records: readonly CallRecord[], changes: readonly SettingChange[]): void {
    this.#write([
      ...records.map((record) => ({ kind: "call-record", record, unjudged: true }) as const),
      ...all(changes),
    ]);
  }

  /** @param waited These were written before, and are judged now. */
  write({ records, changes, findings, alerts }: DeskResult, waited?: readonly CallRecord[]): void {
    for (const { source } of records) this.#taken.labels(source).inc();
    for (const { rule, change } of findings) this.#found.labels(rule, change).inc();
    // What was found comes first: where they cannot be kept together, a record that is not there comes again.
    this.#write([
      ...findings.map((finding) => ({ kind: "finding", finding }) as const),
      ...alerts.map((alert) => ({ kind: "alert", alert }) as const),
      ...all(changes),
      ...(waited === undefined ? records.map((record) => ({ kind: "call-record", record }) as const) : judged(waited)),
    ]);
    for (const alert of alerts) this.#deps.onAlert(alert);
  }

  /** Behind what it stands for, or nobody would ask for that again. */
  keep(position: IntakePosition): void {
    void this.#kept.then(() => {
      if (!this.#closed) this.#deps.sink.write({ kind: "intake-position", position });
    });
  }

  /** @returns False: neither store nor disk has taken it within a while. */
  async isKept(): Promise<boolean> {
    const { clock } = this.#deps;
    let cancel = (): void => undefined;
    const late = new Promise<false>((resolve) => {
      cancel = clock.callAt(monoMs(clock.mono() + KEPT_WITHIN_MS), () => resolve(false));
    });
    const kept = await Promise.race([this.#kept.then(() => true), late]);
    cancel();
    return kept;
  }

  /** Waits a while for what was written. Safe to call twice. */
  async close(): Promise<void> {
    await this.isKept();
    this.#closed = true;
  }

  #write(together: readonly StoreRecord[]): void {
    if (together.length === 0) return;
    const written = this.#deps.sink.writeTogether(together);
    this.#kept = Promise.all([this.#kept, written]).then(() => undefined);
  }
}

const all = (changes: readonly SettingChange[]): readonly StoreRecord[] =>
  changes.map((change) => ({ kind: "setting-change", change }));

const judged = (records: readonly CallRecord[]): readonly StoreRecord[] =>
  records.length === 0 ? [] : [{ kind: "records-judged", judged: records.map(({ source, id }) => ({ source, id })) }];
