/** Metrics as the call path sees them: handles made once at start, cheap to touch. Adapter: adapters/metrics-prometheus. */
export interface Metrics {
  counter(name: string, help: string, labelNames?: readonly string[]): Counter;
  gauge(name: string, help: string, labelNames?: readonly string[]): Gauge;
  /** `buckets` in the unit that the name ends with, ascending. */
  histogram(name: string, help: string, buckets: readonly number[], labelNames?: readonly string[]): Histogram;
  /** Runs before each scrape, to set gauges that are cheaper to read than to keep. */
  onScrape(fn: () => void): void;
}

export interface Counter {
  inc(by?: number): void;
  /** The child for these label values, in the order of `labelNames`. Keep it: looking it up costs more than `inc`. */
  labels(...values: readonly string[]): Counter;
}
export interface Gauge {
  set(value: number): void;
  labels(...values: readonly string[]): Gauge;
}
export interface Histogram {
  observe(value: number): void;
  labels(...values: readonly string[]): Histogram;
}

const nothing = (): undefined => undefined;
const noCounter: Counter = { inc: nothing, labels: () => noCounter };
const noGauge: Gauge = { set: nothing, labels: () => noGauge };
const noHistogram: Histogram = { observe: nothing, labels: () => noHistogram };
/** For tests and for tools that nobody scrapes. */
export const noMetrics: Metrics = {
  counter: () => noCounter,
  gauge: () => noGauge,
  histogram: () => noHistogram,
  onScrape: nothing,
};
