import type { Metrics } from "../../core/metrics.js";
import type { RelayReport, RelayTotals } from "./messages.js";

/** Why a packet did not go on, or was not heard. */
const DROPPED = ["strangers", "malformed", "oversized", "early", "refused", "unopened"] as const;

/** The relay's figures as the metrics page has them. The worker's counters begin anew when it does. */
export class RelayMetrics {
  readonly #packets;
  readonly #dropped;
  readonly #forked;
  readonly #forkDropped;
  readonly #prompts;
  readonly #restarts;
  readonly #up;
  readonly #calls;
  readonly #freePairs;
  #before: RelayTotals | undefined;

  constructor(metrics: Metrics) {
    this.#packets = metrics.counter("ringfence_media_packets_total", "RTP packets of calls' ends that the relay took");
    const dropped = metrics.counter(
      "ringfence_media_dropped_packets_total",
      "Datagrams that the relay did not pass on, by reason; unopened: passed on, not heard",
      ["reason"],
    );
    this.#dropped = DROPPED.map((reason) => dropped.labels(reason));
    this.#forked = metrics.counter("ringfence_media_forked_packets_total", "RTP packets handed to the listening side");
    this.#forkDropped = metrics.counter(
      "ringfence_media_fork_dropped_packets_total",
      "RTP packets that the listening side had no room for",
    );
    this.#prompts = metrics.counter("ringfence_media_prompts_total", "Prompts that were begun");
    this.#restarts = metrics.counter(
      "ringfence_media_relay_restarts_total",
      "Times the relay's thread was started again",
    );
    this.#up = metrics.gauge("ringfence_media_relay_up", "1 while the relay's thread serves");
    this.#calls = metrics.gauge("ringfence_media_calls", "Calls whose media passes through the relay");
    this.#freePairs = metrics.gauge("ringfence_media_free_port_pairs", "Port pairs of the range that are not in use");
  }

  up(): void {
    this.#up.set(1);
  }

  down(): void {
    this.#up.set(0);
    this.#calls.set(0);
  }

  restarted(): void {
    this.#before = undefined;
    this.#restarts.inc();
    this.up();
  }

  take({ totals, calls, freePairs }: RelayReport): void {
    const before = this.#before;
    const since = (name: keyof RelayTotals): number => Math.max(0, totals[name] - (before?.[name] ?? 0));
    this.#packets.inc(since("packetsIn"));
    for (const [i, reason] of DROPPED.entries()) this.#dropped[i]?.inc(since(reason));
    this.#forked.inc(since("forked"));
    this.#forkDropped.inc(since("forkDropped"));
    this.#prompts.inc(since("prompts"));
    this.#calls.set(calls);
    if (freePairs !== undefined) this.#freePairs.set(freePairs);
    this.#before = totals;
  }
}
