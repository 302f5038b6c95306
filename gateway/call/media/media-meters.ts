import type { Log } from "../../core/log.js";
import type { Counter, Histogram, Metrics } from "../../core/metrics.js";
import type { MediaStats, NotHeard, SideStats } from "../../ports/media-anchor.js";

const DESCRIBE_BUCKETS_MS = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500];
const MOS_BUCKETS = [1.5, 2, 2.5, 3, 3.5, 4, 4.3];
const JITTER_BUCKETS_MS = [1, 2, 5, 10, 20, 50, 100, 200];

/** What is counted of anchored calls. */
export class MediaMeters {
  readonly #log: Log;
  readonly #calls: Counter;
  readonly #notHeard: Counter;
  readonly #described: Counter;
  readonly #describeMs: Histogram;
  readonly #packets: Counter;
  readonly #lost: Counter;
  readonly #strangers: Counter;
  readonly #jitterMs: Histogram;
  readonly #mos: Histogram;
  #open = 0;

  constructor(metrics: Metrics, log: Log) {
    this.#log = log;
    this.#calls = metrics.counter(
      "ringfence_call_media_total",
      "Calls whose media was to be anchored, by what came of it",
      ["outcome"],
    );
    this.#notHeard = metrics.counter(
      "ringfence_call_media_not_heard_total",
      "Calls whose media, or a part of it, passed us by or was not heard, by the first reason; consent: the announcement could not be played",
      ["why"],
    );
    this.#described = metrics.counter(
      "ringfence_call_media_descriptions_total",
      "Session descriptions that crossed anchored calls: anchored, untouched, timed-out, failed, or given-up as the call ended",
      ["result"],
    );
    this.#describeMs = metrics.histogram(
      "ringfence_call_media_describe_ms",
      "Time that the relay or rtpengine took for one description",
      DESCRIBE_BUCKETS_MS,
    );
    this.#packets = metrics.counter("ringfence_call_media_packets_total", "RTP packets of ended calls", ["side"]);
    this.#lost = metrics.counter("ringfence_call_media_lost_total", "RTP packets of ended calls that never came", [
      "side",
    ]);
    this.#strangers = metrics.counter(
      "ringfence_call_media_strangers_total",
      "Packets of ended calls that came from an address which is not the peer's",
      ["side"],
    );
    this.#jitterMs = metrics.histogram(
      "ringfence_call_media_jitter_ms",
      "Interarrival jitter of ended calls",
      JITTER_BUCKETS_MS,
      ["side"],
    );
    this.#mos = metrics.histogram(
      "ringfence_call_media_mos",
      "Estimated quality of ended calls, E-model",
      MOS_BUCKETS,
      ["side"],
    );
    const open = metrics.gauge("ringfence_call_media_sessions", "Calls with an open media session");
    metrics.onScrape(() => open.set(this.#open));
  }

  opened(): void {
    this.#open++;
  }

  /** An anchored call could not be: nobody carries media at the moment. */
  passedBy(): void {
    this.#calls.labels("unavailable").inc();
    this.#notHeard.labels("unavailable").inc();
  }

  described(result: string, tookMs: number | undefined): void {
    this.#described.labels(result).inc();
    if (tookMs !== undefined) this.#describeMs.observe(tookMs);
  }

  failed(what: "describe" | "close", cause: unknown): void {
    this.#log.error("media.failed", { what }, cause);
  }

  closed(outcome: string, notHeard: NotHeard | undefined, stats: MediaStats | undefined): void {
    this.#open--;
    this.#calls.labels(outcome).inc();
    if (notHeard !== undefined) this.#notHeard.labels(notHeard).inc();
    if (stats === undefined) return;
    this.#side("a", stats.a);
    this.#side("b", stats.b);
  }

  #side(side: "a" | "b", { packets, lost, strangers, jitterMs, mos }: SideStats): void {
    this.#packets.labels(side).inc(packets);
    this.#lost.labels(side).inc(lost);
    this.#strangers.labels(side).inc(strangers);
    if (packets > 0) this.#jitterMs.labels(side).observe(jitterMs);
    if (mos !== undefined) this.#mos.labels(side).observe(mos);
  }
}
