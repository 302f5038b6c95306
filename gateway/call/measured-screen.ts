import type { CallAnswered, CallEnded, CallStarted, Decision } from "../../detection/index.js";
import type { Clock } from "../core/clock.js";
import type { Counter, Histogram, Metrics } from "../core/metrics.js";
import type { CallScreen } from "./contracts.js";

const BUCKETS_MS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 50, 100];

/** Counts and times every decision, whichever side asked for it, under the names that dashboards of the source know. */
export class MeasuredScreen implements CallScreen {
  readonly #screen: CallScreen;
  readonly #clock: Pick<Clock, "mono">;
  readonly #processedTotal: Counter;
  readonly #latencyMs: Histogram;
  readonly #refusedTotal: Counter;
  readonly #wouldRefuseTotal: Counter;
  #processed = 0;
  #refused = 0;
  #latencySumMs = 0;

  constructor(screen: CallScreen, clock: Pick<Clock, "mono">, metrics: Metrics) {
    this.#screen = screen;
    this.#clock = clock;
    this.#processedTotal = metrics.counter(
      "fraud_calls_processed_total",
      "Decisions made; a call that is told of twice is decided on twice",
    );
    this.#latencyMs = metrics.histogram("fraud_detection_latency_ms", "Time of one decision, ms", BUCKETS_MS);
    this.#refusedTotal = metrics.counter("ringfence_calls_refused_total", "Calls refused because of fraud");
    this.#wouldRefuseTotal = metrics.counter(
      "ringfence_calls_would_refuse_total",
      "Calls let through by shadow mode, canary or a guard list that would have been refused",
    );
  }

  get processed(): number {
    return this.#processed;
  }

  get refused(): number {
    return this.#refused;
  }

  /** Mean since the start, ms; 0 before the first. */
  get meanLatencyMs(): number {
    return this.#processed === 0 ? 0 : this.#latencySumMs / this.#processed;
  }

  callStarted(event: CallStarted): Decision {
    const startedAt = this.#clock.mono();
    const decision = this.#screen.callStarted(event);
    const tookMs = this.#clock.mono() - startedAt;
    this.#processed++;
    this.#latencySumMs += tookMs;
    this.#processedTotal.inc();
    this.#latencyMs.observe(tookMs);
    if (decision.verdict === "refuse") {
      this.#refused++;
      this.#refusedTotal.inc();
    } else if (decision.wouldRefuse) this.#wouldRefuseTotal.inc();
    return decision;
  }

  callAnswered(event: CallAnswered): void {
    this.#screen.callAnswered(event);
  }

  callEnded(event: CallEnded): void {
    this.#screen.callEnded(event);
  }
}
