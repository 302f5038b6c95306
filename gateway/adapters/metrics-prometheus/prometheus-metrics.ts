import { AggregatorRegistry, collectDefaultMetrics, Registry } from "prom-client";
import type { Counter, Gauge, Histogram, Metrics } from "../../core/metrics.js";
import { CounterCell, Family, GaugeCell, HistogramCell, type Sample } from "./cells.js";

export interface PrometheusOptions {
  /**
   * CPU, RSS, event-loop lag and garbage collection under prom-client's usual names (`process_*`, `nodejs_*`). For the SIP
   * thread only: process-wide values of two threads would be added up. Default false.
   */
  readonly processMetrics?: boolean;
}

/** prom-client's JSON form of one registry: plain data, fit for a message channel. */
export type MetricsJson = readonly unknown[];

type Kind = "counter" | "gauge" | "histogram";

interface Registered {
  readonly kind: Kind;
  readonly labelNames: readonly string[];
  readonly handle: Counter | Gauge | Histogram;
}

const METRIC_NAME = /^[a-z_][a-z0-9_]*$/;

/**
 * Metrics for Prometheus. Counting touches only our own cells (prom-client hashes the labels anew at every call); prom-client
 * writes the text, adds up threads and knows the process. One registry per instance, nothing global.
 */
export class PrometheusMetrics implements Metrics {
  readonly #registry = new Registry();
  readonly #registered = new Map<string, Registered>();
  readonly #beforeScrape: (() => void)[] = [];

  constructor(options: PrometheusOptions = {}) {
    if (options.processMetrics === true)
      collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: 20 });
  }

  counter(name: string, help: string, labelNames: readonly string[] = []): Counter {
    return this.#once(name, "counter", labelNames, () => {
      const family = new Family(labelNames, (of: Family<CounterCell>) => new CounterCell(of));
      this.#publish(name, help, "counter", () => family.samples((cell, labels) => [{ value: cell.value, labels }]));
      return family.root;
    });
  }

  gauge(name: string, help: string, labelNames: readonly string[] = []): Gauge {
    return this.#once(name, "gauge", labelNames, () => {
      const family = new Family(labelNames, (of: Family<GaugeCell>) => new GaugeCell(of));
      this.#publish(name, help, "gauge", () => family.samples((cell, labels) => [{ value: cell.value, labels }]));
      return family.root;
    });
  }

  histogram(name: string, help: string, buckets: readonly number[], labelNames: readonly string[] = []): Histogram {
    return this.#once(name, "histogram", labelNames, () => {
      const bounds = [...buckets].sort((a, b) => a - b);
      const family = new Family(labelNames, (of: Family<HistogramCell>) => new HistogramCell(of, bounds));
      this.#publish(name, help, "histogram", () => family.samples((cell, labels) => cell.samples(name, labels)));
      return family.root;
    });
  }

  onScrape(fn: () => void): void {
    this.#beforeScrape.push(fn);
  }

  /** Runs the `onScrape` hooks, then reads everything. */
  async toJson(): Promise<MetricsJson> {
    for (const fn of this.#beforeScrape) fn();
    return await this.#registry.getMetricsAsJSON();
  }

  /** Asking twice for one metric gives the same handle; asking for it in another shape is a bug of ours. */
  #once<T extends Counter | Gauge | Histogram>(
    name: string,
    kind: Kind,
    labelNames: readonly string[],
    make: () => T,
  ): T {
    const known = this.#registered.get(name);
    if (known !== undefined) {
      if (known.kind !== kind || known.labelNames.join() !== labelNames.join())
        throw new Error(`metric ${name} is already registered in another shape`);
      return known.handle as T;
    }
    if (!METRIC_NAME.test(name)) throw new Error(`not a metric name: ${name}`);
    const handle = make();
    this.#registered.set(name, { kind, labelNames, handle });
    return handle;
  }

  #publish(name: string, help: string, type: Kind, values: () => Sample[]): void {
    const get = () => Promise.resolve({ name, help, type, values: values(), aggregator: "sum" });
    // The registry asks no more of a metric than its name and `get`; its types know only prom-client's own classes.
    this.#registry.registerMetric({ name, get } as unknown as Parameters<Registry["registerMetric"]>[0]);
  }
}

/** What `renderMetrics` makes. */
export const METRICS_CONTENT_TYPE: string = Registry.PROMETHEUS_CONTENT_TYPE;

/** The text of one scrape over several threads' registries: counters, histograms and gauges of one name and label set are added up. */
export function renderMetrics(parts: readonly MetricsJson[]): Promise<string> {
  return AggregatorRegistry.aggregate(parts as unknown as object[]).metrics();
}
