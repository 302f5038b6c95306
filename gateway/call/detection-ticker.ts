import type { FraudDetection } from "../../detection/index.js";
import type { Clock } from "../core/clock.js";
import type { Metrics } from "../core/metrics.js";
import { monoMs } from "../core/time.js";
import type { ActionCarrier } from "./carry-out.js";

const TICK_MS = 1_000;

/** Lends detection the clock that it does not have: incidents close, blocks expire, and what follows is carried out. */
export class DetectionTicker {
  readonly #detection: Pick<FraudDetection, "tick" | "stats">;
  readonly #carrier: Pick<ActionCarrier, "carryOut">;
  readonly #clock: Clock;
  #cancel: (() => void) | undefined;

  constructor(
    detection: Pick<FraudDetection, "tick" | "stats">,
    carrier: Pick<ActionCarrier, "carryOut">,
    clock: Clock,
    metrics: Metrics,
  ) {
    this.#detection = detection;
    this.#carrier = carrier;
    this.#clock = clock;
    exposeStats(detection, metrics);
  }

  start(): void {
    this.#cancel ??= this.#next();
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #next(): () => void {
    return this.#clock.callAt(monoMs(this.#clock.mono() + TICK_MS), () => {
      this.#carrier.carryOut(this.#detection.tick(this.#clock.unix()));
      if (this.#cancel !== undefined) this.#cancel = this.#next();
    });
  }
}

function exposeStats(detection: Pick<FraudDetection, "stats">, metrics: Metrics): void {
  const openIncidents = metrics.gauge("ringfence_incidents_open", "Incidents that are open");
  const activeBlocks = metrics.gauge("ringfence_blocks_active", "Blocks in force");
  const tracked = metrics.gauge("ringfence_window_numbers", "Called numbers in the masking window");
  const evicted = metrics.gauge(
    "ringfence_window_evicted_numbers",
    "Called numbers forgotten early since the start because the window was full",
  );
  const busy = metrics.gauge("ringfence_busy_numbers", "Called numbers that are known to be busy");
  const untrusted = metrics.gauge(
    "ringfence_untrusted_times",
    "Events since the start whose time was off by more than 30 s, so that arrival counted",
  );
  metrics.onScrape(() => {
    const stats = detection.stats();
    openIncidents.set(stats.openIncidents);
    activeBlocks.set(stats.activeBlocks);
    tracked.set(stats.trackedNumbers);
    evicted.set(stats.evictedNumbers);
    busy.set(stats.busyNumbers);
    untrusted.set(stats.untrustedTimes);
  });
}
