import type { CdrIdentity } from "../../../detection/index.js";
import type { Counter, Histogram, Metrics } from "../../core/metrics.js";

const WAIT_BUCKETS_MS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500];

/** What the gate counts. */
export class IdentityMeters {
  readonly #verdicts: Counter;
  readonly #failures: Counter;
  readonly #refused: Counter;
  readonly #cancelled: Counter;
  readonly #wait: Histogram;

  /** @param waiting Calls that wait now. */
  constructor(metrics: Metrics, waiting: () => number) {
    this.#verdicts = metrics.counter(
      "ringfence_identity_verdicts_total",
      "Calls by what their signed caller identity is worth",
      ["verdict", "attest"],
    );
    this.#failures = metrics.counter(
      "ringfence_identity_failures_total",
      "Calls whose signed caller identity does not hold or was not judged, by reason",
      ["reason"],
    );
    this.#refused = metrics.counter("ringfence_identity_refused_total", "Calls refused for their signed identity", [
      "status",
    ]);
    this.#cancelled = metrics.counter(
      "ringfence_identity_cancelled_total",
      "Calls that their caller gave up while their signed identity was judged",
    );
    this.#wait = metrics.histogram(
      "ringfence_identity_wait_ms",
      "Time that INVITEs waited for verification and signing",
      WAIT_BUCKETS_MS,
    );
    const held = metrics.gauge("ringfence_identity_waiting", "INVITEs that wait for verification or signing");
    metrics.onScrape(() => held.set(waiting()));
  }

  judged({ verdict, attest, reason }: CdrIdentity): void {
    this.#verdicts.labels(verdict, attest ?? "").inc();
    if (reason !== undefined) this.#failures.labels(reason).inc();
  }

  waited(ms: number): void {
    this.#wait.observe(ms);
  }

  refused(status: number): void {
    this.#refused.labels(String(status)).inc();
  }

  cancelled(): void {
    this.#cancelled.inc();
  }
}
