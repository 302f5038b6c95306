import type { Counter, Gauge, Histogram, Metrics } from "../../core/metrics.js";

/** What the store's side tells of itself. */
export interface SpoolMetrics {
  readonly queueLength: Gauge;
  readonly spillBytes: Gauge;
  readonly up: Gauge;
  readonly writeSeconds: Histogram;
  readonly written: Counter;
  readonly spilled: Counter;
  readonly replayed: Counter;
  readonly rejected: Counter;
  readonly broken: Counter;
  /** By kind of record. */
  readonly lost: Counter;
}

export const spoolMetrics = (metrics: Metrics): SpoolMetrics => ({
  queueLength: metrics.gauge("ringfence_store_queue_length", "Records in memory that wait for the database"),
  spillBytes: metrics.gauge("ringfence_store_spill_bytes", "Bytes of records on disk that wait for the database"),
  up: metrics.gauge(
    "ringfence_store_up",
    "1: the last write to the database went well; 0: it failed and is tried again",
  ),
  writeSeconds: metrics.histogram(
    "ringfence_store_write_seconds",
    "Time of one batch write to the database",
    [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
  ),
  written: metrics.counter("ringfence_store_written_total", "Records that the database has taken"),
  spilled: metrics.counter(
    "ringfence_store_spilled_total",
    "Records written to disk because the database was down or slow",
  ),
  replayed: metrics.counter("ringfence_store_replayed_total", "Records read back from disk into the database"),
  rejected: metrics.counter(
    "ringfence_store_rejected_total",
    "Records that the database refused for good; see rejected.jsonl",
  ),
  broken: metrics.counter("ringfence_store_broken_lines_total", "Lines of spill files that were no records, skipped"),
  lost: metrics.counter(
    "ringfence_store_lost_total",
    "Records lost: queue full while neither database nor disk took them",
    ["kind"],
  ),
});
