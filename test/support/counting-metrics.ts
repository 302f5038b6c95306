import type { Counter, Gauge, Histogram, Metrics } from "../../gateway/core/metrics.js";

/** Metrics that a test can read: `value("name")`, `value("name", "label")`. A histogram's value is its number of observations. */
export class CountingMetrics implements Metrics {
  readonly #values = new Map<string, number>();
  readonly #beforeScrape: (() => void)[] = [];

  value(name: string, ...labels: readonly string[]): number {
    for (const fn of this.#beforeScrape) fn();
    return this.#values.get([name, ...labels].join("|")) ?? 0;
  }

  counter(name: string): Counter {
    return {
      inc: (by = 1) => this.#values.set(name, (this.#values.get(name) ?? 0) + by),
      labels: (...values) => this.counter([name, ...values].join("|")),
    };
  }
  gauge(name: string): Gauge {
    return {
      set: (value) => this.#values.set(name, value),
      labels: (...values) => this.gauge([name, ...values].join("|")),
    };
  }
  histogram(name: string): Histogram {
    const count = this.counter(name);
    return { observe: () => count.inc(), labels: (...values) => this.histogram([name, ...values].join("|")) };
  }
  onScrape(fn: () => void): void {
    this.#beforeScrape.push(fn);
  }
}
