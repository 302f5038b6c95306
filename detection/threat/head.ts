import type { WordTables } from "./tally.js";
import { bytesOfBase64 } from "./text/base64.js";
import type { HeadWeights, KindWeights, LinearWeights, WordWeights } from "./weights.js";

const NO_WORDS: WordTables = { mask: 0, suspect: new Float32Array(1), other: new Float32Array(1) };

/** A weighted sum over features, ready for use. */
export class Linear {
  readonly #bias: number;
  readonly #weights: Float32Array;

  /** @param numbers Of the features, by name. Weights of features that are not known are left out. */
  constructor({ bias, features }: LinearWeights, numbers: ReadonlyMap<string, number>) {
    this.#bias = bias;
    this.#weights = new Float32Array(numbers.size);
    for (const [name, weight] of Object.entries(features)) {
      const number = numbers.get(name);
      if (number !== undefined) this.#weights[number] = weight;
    }
  }

  sum(features: readonly number[]): number {
    let sum = this.#bias;
    for (const feature of features) sum += this.#weights[feature] ?? 0;
    return sum;
  }

  /** What one feature adds to the sum. */
  weightOf(feature: number): number {
    return this.#weights[feature] ?? 0;
  }
}

/** One weighing of what was said: features and words, calibrated. */
export class Head {
  readonly features: Linear;
  readonly words: WordTables;
  readonly #calibration: HeadWeights["calibration"];

  constructor({ fraud, words, calibration }: HeadWeights, numbers: ReadonlyMap<string, number>) {
    this.features = new Linear(fraud, numbers);
    this.words = wordTables(words);
    this.#calibration = calibration;
  }

  /** 0–1. @param sum Of features and words. */
  score(sum: number): number {
    const { slope, offset } = this.#calibration;
    return 1 / (1 + Math.exp(-(slope * sum + offset)));
  }
}

/** How well one kind of fraud fits. */
export class KindHead {
  readonly features: Linear;
  readonly words: WordTables;

  constructor(weights: KindWeights, numbers: ReadonlyMap<string, number>) {
    this.features = new Linear(weights, numbers);
    this.words = wordTables(weights.words);
  }
}

function wordTables(words: WordWeights | undefined): WordTables {
  if (words === undefined) return NO_WORDS;
  const { bits, scale, suspect, other } = words;
  const table = (text: string): Float32Array => {
    const bytes = bytesOfBase64(text);
    return Float32Array.from({ length: 1 << bits }, (_, i) => (((bytes[i] ?? 0) << 24) >> 24) * scale);
  };
  return { mask: (1 << bits) - 1, suspect: table(suspect), other: table(other) };
}
