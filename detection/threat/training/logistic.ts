import type { Sample } from "./samples.js";
import { Seeded } from "./seeded.js";

export interface LogisticOptions {
  readonly epochs: number;
  readonly rate: number;
  /** Pull towards 0 for a feature, a step: L2. */
  readonly l2: number;
  /** Soft threshold for a feature: L1, so that what does not help is exactly 0. */
  readonly l1: number;
  readonly wordL2: number;
  /** +1: may not fall below 0. −1: may not rise above. 0: free. Index: feature. */
  readonly signs: Int8Array;
  /** Buckets; 0: no words. */
  readonly wordBuckets: number;
  readonly seed: number;
}

export interface LogisticModel {
  readonly bias: number;
  readonly weights: Float64Array;
  readonly suspectWords: Float64Array;
  readonly otherWords: Float64Array;
}

const EPSILON = 1e-8;

/**
 * Logistic regression by AdaGrad on one sample after another, in a seeded order: the same samples give the same weights, bit for bit.
 * Words count 1 / √(their number), as in SideTally.
 */
export function trainLogistic(samples: readonly Sample[], features: number, options: LogisticOptions): LogisticModel {
  const random = new Seeded(options.seed);
  const table = new GradientTable(features, options);
  const order = samples.map((_, i) => i);
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    random.shuffle(order);
    for (const at of order) {
      const sample = samples[at];
      if (sample !== undefined) table.step(sample);
    }
  }
  return table.model();
}

/** The sum that the sigmoid is taken of. */
export function sumOf({ bias, weights, suspectWords, otherWords }: LogisticModel, sample: Sample): number {
  let sum = bias;
  for (const feature of sample.features) sum += weights[feature] ?? 0;
  if (suspectWords.length === 0) return sum;
  return sum + wordSum(suspectWords, sample.suspectWords) + wordSum(otherWords, sample.otherWords);
}

function wordSum(weights: Float64Array, buckets: Int32Array): number {
  if (buckets.length === 0) return 0;
  let sum = 0;
  for (const bucket of buckets) sum += weights[bucket] ?? 0;
  return sum / Math.sqrt(buckets.length);
}

class GradientTable {
  readonly #options: LogisticOptions;
  #bias = 0;
  #biasSquares = 0;
  readonly #weights: Float64Array;
  readonly #squares: Float64Array;
  readonly #words: readonly [Float64Array, Float64Array];
  readonly #wordSquares: readonly [Float64Array, Float64Array];

  constructor(features: number, options: LogisticOptions) {
    this.#options = options;
    this.#weights = new Float64Array(features);
    this.#squares = new Float64Array(features);
    const buckets = (): Float64Array => new Float64Array(options.wordBuckets);
    this.#words = [buckets(), buckets()];
    this.#wordSquares = [buckets(), buckets()];
  }

  model(): LogisticModel {
    return { bias: this.#bias, weights: this.#weights, suspectWords: this.#words[0], otherWords: this.#words[1] };
  }

  step(sample: Sample): void {
    const { rate, l2, l1, wordL2, signs, wordBuckets } = this.#options;
    const probability = 1 / (1 + Math.exp(-sumOf(this.model(), sample)));
    const slope = (probability - sample.label) * sample.weight;
    this.#biasSquares += slope * slope;
    this.#bias -= (rate * slope) / Math.sqrt(this.#biasSquares + EPSILON);
    for (const feature of sample.features) {
      const before = this.#weights[feature] ?? 0;
      const gradient = slope + l2 * before * sample.weight;
      const squares = (this.#squares[feature] ?? 0) + gradient * gradient;
      this.#squares[feature] = squares;
      const step = rate / Math.sqrt(squares + EPSILON);
      let after = before - step * gradient;
      const shrink = step * l1 * sample.weight;
      after = after > shrink ? after - shrink : after < -shrink ? after + shrink : 0;
      const sign = signs[feature] ?? 0;
      if (sign * after < 0) after = 0;
      this.#weights[feature] = after;
    }
    if (wordBuckets === 0) return;
    this.#wordStep(0, sample.suspectWords, slope, wordL2 * sample.weight);
    this.#wordStep(1, sample.otherWords, slope, wordL2 * sample.weight);
  }

  #wordStep(side: 0 | 1, buckets: Int32Array, slope: number, l2: number): void {
    const weights = this.#words[side];
    const squares = this.#wordSquares[side];
    const value = 1 / Math.sqrt(Math.max(1, buckets.length));
    for (const bucket of buckets) {
      const before = weights[bucket] ?? 0;
      const gradient = slope * value + l2 * before;
      const sum = (squares[bucket] ?? 0) + gradient * gradient;
      squares[bucket] = sum;
      weights[bucket] = before - (this.#options.rate * gradient) / Math.sqrt(sum + EPSILON);
    }
  }
}
