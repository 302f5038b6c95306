import type { Beginning, Sample } from "./samples.js";
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
  /** A power of 2, of which a bucket's last bits choose; 0: no words. */
  readonly wordBuckets: number;
  /** Share of a dialogue's weight that goes to its most suspicious beginning, 0–1: by that one a call is warned of or not. */
  readonly mostSuspicious: number;
  readonly seed: number;
}

export interface LogisticModel {
  readonly bias: number;
  readonly weights: Float64Array;
  readonly suspectWords: Float64Array;
  readonly otherWords: Float64Array;
}

interface Step {
  readonly beginning: Beginning;
  readonly label: 0 | 1;
  readonly weight: number;
}

const EPSILON = 1e-8;
/** Which beginning is the most suspicious is asked anew in this epoch and in every third from it on. */
const SUSPECT_FROM = 2;
const SUSPECT_EVERY = 3;

/**
 * Logistic regression by AdaGrad on one beginning after another, in a seeded order: the same samples give the same weights, bit for
 * bit. Words count 1 / √(their number), as in SideTally.
 */
export function trainLogistic(samples: readonly Sample[], features: number, options: LogisticOptions): LogisticModel {
  const { mostSuspicious, epochs, seed } = options;
  const random = new Seeded(seed);
  const table = new GradientTable(features, options);
  let steps = chosenSteps(samples, 1);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const asks = mostSuspicious > 0 && epoch >= SUSPECT_FROM && (epoch - SUSPECT_FROM) % SUSPECT_EVERY === 0;
    if (asks) {
      steps = chosenSteps(samples, 1 - mostSuspicious);
      for (const sample of samples) steps.push(mostSuspiciousStep(table.model, sample, mostSuspicious));
    }
    for (const step of random.shuffle(steps)) table.step(step);
  }
  return table.model;
}

/** The mean of models of one make: for what none of them has seen it scores as they do on average, only steadier. */
export function meanModel(models: readonly LogisticModel[]): LogisticModel {
  const mean = (of: (model: LogisticModel) => Float64Array): Float64Array =>
    (models[0] === undefined ? new Float64Array(0) : of(models[0])).map(
      (_, at) => models.reduce((sum, model) => sum + (of(model)[at] ?? 0), 0) / models.length,
    );
  return {
    bias: models.reduce((sum, { bias }) => sum + bias, 0) / models.length,
    weights: mean(({ weights }) => weights),
    suspectWords: mean(({ suspectWords }) => suspectWords),
    otherWords: mean(({ otherWords }) => otherWords),
  };
}

function chosenSteps(samples: readonly Sample[], share: number): Step[] {
  return samples.flatMap(({ beginnings, chosen, label, weight }) =>
    chosen.flatMap((turn) => {
      const beginning = beginnings[turn];
      return beginning === undefined ? [] : [{ beginning, label, weight: (weight * share) / chosen.length }];
    }),
  );
}

function mostSuspiciousStep(model: LogisticModel, sample: Sample, share: number): Step {
  const { beginnings, early, label, weight } = sample;
  let [most] = beginnings;
  let highest = -Infinity;
  for (const beginning of beginnings.slice(0, early)) {
    const sum = sumOf(model, beginning);
    if (sum <= highest) continue;
    most = beginning;
    highest = sum;
  }
  if (most === undefined) throw new Error(`a dialogue without turns: ${sample.family}`);
  return { beginning: most, label, weight: weight * share };
}

/** The sum that the sigmoid is taken of. */
export function sumOf({ bias, weights, suspectWords, otherWords }: LogisticModel, beginning: Beginning): number {
  const { features } = beginning;
  let sum = bias;
  for (let i = 0; i < features.length; i++) sum += weights[features[i] ?? 0] ?? 0;
  if (suspectWords.length === 0) return sum;
  return sum + wordSum(suspectWords, beginning.suspectWords) + wordSum(otherWords, beginning.otherWords);
}

function wordSum(weights: Float64Array, buckets: Int32Array): number {
  if (buckets.length === 0) return 0;
  const mask = weights.length - 1;
  let sum = 0;
  for (let i = 0; i < buckets.length; i++) sum += weights[(buckets[i] ?? 0) & mask] ?? 0;
  return sum / Math.sqrt(buckets.length);
}

class GradientTable {
  readonly model: { bias: number } & Omit<LogisticModel, "bias">;
  readonly #options: LogisticOptions;
  #biasSquares = 0;
  readonly #squares: Float64Array;
  readonly #suspectSquares: Float64Array;
  readonly #otherSquares: Float64Array;

  constructor(features: number, options: LogisticOptions) {
    this.#options = options;
    const buckets = (): Float64Array => new Float64Array(options.wordBuckets);
    this.model = { bias: 0, weights: new Float64Array(features), suspectWords: buckets(), otherWords: buckets() };
    this.#squares = new Float64Array(features);
    this.#suspectSquares = buckets();
    this.#otherSquares = buckets();
  }

  step({ beginning, label, weight }: Step): void {
    const { rate, l2, l1, wordL2, signs, wordBuckets } = this.#options;
    const probability = 1 / (1 + Math.exp(-sumOf(this.model, beginning)));
    const slope = (probability - label) * weight;
    this.#biasSquares += slope * slope;
    this.model.bias -= (rate * slope) / Math.sqrt(this.#biasSquares + EPSILON);
    const { weights } = this.model;
    const { features } = beginning;
    for (let i = 0; i < features.length; i++) {
      const feature = features[i] ?? 0;
      const before = weights[feature] ?? 0;
      const gradient = slope + l2 * before * weight;
      const squares = (this.#squares[feature] ?? 0) + gradient * gradient;
      this.#squares[feature] = squares;
      const step = rate / Math.sqrt(squares + EPSILON);
      let after = before - step * gradient;
      const shrink = step * l1 * weight;
      after = after > shrink ? after - shrink : after < -shrink ? after + shrink : 0;
      const sign = signs[feature] ?? 0;
      if (sign * after < 0) after = 0;
      weights[feature] = after;
    }
    if (wordBuckets === 0) return;
    const { suspectWords, otherWords } = this.model;
    this.#wordStep(suspectWords, this.#suspectSquares, beginning.suspectWords, slope, wordL2 * weight);
    this.#wordStep(otherWords, this.#otherSquares, beginning.otherWords, slope, wordL2 * weight);
  }

  #wordStep(weights: Float64Array, squares: Float64Array, buckets: Int32Array, slope: number, l2: number): void {
    const value = slope / Math.sqrt(Math.max(1, buckets.length));
    const mask = weights.length - 1;
    for (let i = 0; i < buckets.length; i++) {
      const bucket = (buckets[i] ?? 0) & mask;
      const before = weights[bucket] ?? 0;
      const gradient = value + l2 * before;
      const sum = (squares[bucket] ?? 0) + gradient * gradient;
      squares[bucket] = sum;
      weights[bucket] = before - (this.#options.rate * gradient) / Math.sqrt(sum + EPSILON);
    }
  }
}
