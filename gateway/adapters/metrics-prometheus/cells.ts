import type { Counter, Gauge, Histogram } from "../../core/metrics.js";

/** One line of prom-client's JSON form. */
export interface Sample {
  value: number;
  labels: Record<string, string | number>;
  metricName?: string;
}

/** Beyond this many label sets of one metric all others are counted together, so that nobody can fill memory through a label. */
const MAX_CHILDREN = 1000;
const OVERFLOW_LABEL = "other";

/** The children of one metric, by their label values. */
export class Family<Cell> {
  readonly #labelNames: readonly string[];
  readonly #make: (family: Family<Cell>) => Cell;
  readonly #children = new Map<string, { readonly labels: Record<string, string>; readonly cell: Cell }>();
  /** The metric itself where it has no labels. */
  readonly root: Cell;

  constructor(labelNames: readonly string[], make: (family: Family<Cell>) => Cell) {
    this.#labelNames = labelNames;
    this.#make = make;
    this.root = make(this);
    if (labelNames.length === 0) this.#children.set("", { labels: {}, cell: this.root });
  }

  child(values: readonly string[]): Cell {
    if (values.length !== this.#labelNames.length)
      throw new RangeError(`${this.#labelNames.length} label values expected, ${values.length} given`);
    const key = values.join("\u0000");
    const known = this.#children.get(key);
    if (known !== undefined) return known.cell;
    if (this.#children.size >= MAX_CHILDREN && values.some((value) => value !== OVERFLOW_LABEL))
      return this.child(values.map(() => OVERFLOW_LABEL));
    const labels = Object.fromEntries(this.#labelNames.map((name, i) => [name, values[i] ?? ""]));
    const cell = this.#make(this);
    this.#children.set(key, { labels, cell });
    return cell;
  }

  samples(read: (cell: Cell, labels: Record<string, string>) => Sample[]): Sample[] {
    return [...this.#children.values()].flatMap(({ cell, labels }) => read(cell, labels));
  }
}

export class CounterCell implements Counter {
  value = 0;
  readonly #family: Family<CounterCell>;
  constructor(family: Family<CounterCell>) {
    this.#family = family;
  }
  inc(by = 1): void {
    this.value += by;
  }
  labels(...values: readonly string[]): Counter {
    return this.#family.child(values);
  }
}

export class GaugeCell implements Gauge {
  value = 0;
  readonly #family: Family<GaugeCell>;
  constructor(family: Family<GaugeCell>) {
    this.#family = family;
  }
  set(value: number): void {
    this.value = value;
  }
  labels(...values: readonly string[]): Gauge {
    return this.#family.child(values);
  }
}

export class HistogramCell implements Histogram {
  sum = 0;
  /** One more than there are bounds: the last is +Inf. */
  readonly #counts: Float64Array;
  readonly #bounds: readonly number[];
  readonly #family: Family<HistogramCell>;

  constructor(family: Family<HistogramCell>, bounds: readonly number[]) {
    this.#family = family;
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((bounds[middle] ?? Infinity) < value) low = middle + 1;
      else high = middle;
    }
    this.#counts[low] = (this.#counts[low] ?? 0) + 1;
    this.sum += value;
  }

  labels(...values: readonly string[]): Histogram {
    return this.#family.child(values);
  }

  /** Cumulative buckets, sum and count, as Prometheus wants them. */
  samples(name: string, labels: Record<string, string>): Sample[] {
    let total = 0;
    const samples: Sample[] = this.#bounds.map((bound, i) => {
      total += this.#counts[i] ?? 0;
      return { metricName: `${name}_bucket`, labels: { ...labels, le: bound }, value: total };
    });
    total += this.#counts[this.#bounds.length] ?? 0;
    samples.push({ metricName: `${name}_bucket`, labels: { ...labels, le: "+Inf" }, value: total });
    samples.push({ metricName: `${name}_sum`, labels, value: this.sum });
    samples.push({ metricName: `${name}_count`, labels, value: total });
    return samples;
  }
}
