import { THREAT_KINDS, type ThreatKind } from "../model/threat.js";
import { CueMatcher } from "./cues/cue-matcher.js";
import { LEXICONS } from "./cues/lexicons.js";
import { FeatureSpace } from "./features.js";
import { bytesOfBase64 } from "./text/base64.js";
import { KnownWords } from "./text/word-hash.js";
import type { LinearWeights, ThreatWeights } from "./weights.js";

/** Weights of words and word pairs; index: hash bucket. */
export interface WordTables {
  readonly mask: number;
  readonly suspect: Float32Array;
  readonly other: Float32Array;
}

interface Linear {
  readonly bias: number;
  readonly weights: Float32Array;
}

const NO_WORDS: WordTables = { mask: 0, suspect: new Float32Array(1), other: new Float32Array(1) };

/** The weights, ready for use: lexicons compiled, names resolved. Making one takes some 50 ms; it is shared by all calls. */
export class ThreatModel {
  readonly weights: ThreatWeights;
  readonly matcher: CueMatcher;
  readonly space: FeatureSpace;
  readonly words: WordTables;
  readonly #fraud: Linear;
  readonly #kinds: readonly (readonly [ThreatKind, Linear])[];

  constructor(weights: ThreatWeights) {
    this.weights = weights;
    const known = new KnownWords(hashesOf(weights.knownWords));
    this.matcher = new CueMatcher(LEXICONS, (word) => known.has(word));
    this.space = new FeatureSpace(this.matcher.cueNames);
    const numbers = new Map(this.space.names.map((name, number) => [name, number]));
    this.#fraud = linear(weights.fraud, numbers);
    this.#kinds = THREAT_KINDS.flatMap((kind) => {
      const trained = weights.kinds[kind];
      return trained === undefined ? [] : [[kind, linear(trained, numbers)] as const];
    });
    this.words = wordTables(weights);
  }

  /** @returns The sum before calibration, without words. */
  sum(features: readonly number[]): number {
    return total(this.#fraud, features);
  }

  /** What one feature adds to the sum. */
  weightOf(feature: number): number {
    return this.#fraud.weights[feature] ?? 0;
  }

  /** 0–1. */
  calibrated(sum: number): number {
    const { slope, offset } = this.weights.calibration;
    return 1 / (1 + Math.exp(-(slope * sum + offset)));
  }

  /** The kind of fraud that fits best. */
  kindOf(features: readonly number[]): ThreatKind {
    let best: ThreatKind = "none";
    let bestSum = -Infinity;
    for (const [kind, trained] of this.#kinds) {
      const sum = total(trained, features);
      if (sum <= bestSum) continue;
      best = kind;
      bestSum = sum;
    }
    return best;
  }
}

function linear({ bias, features }: LinearWeights, numbers: ReadonlyMap<string, number>): Linear {
  const weights = new Float32Array(numbers.size);
  for (const [name, weight] of Object.entries(features)) {
    const number = numbers.get(name);
    if (number !== undefined) weights[number] = weight;
  }
  return { bias, weights };
}

function total({ bias, weights }: Linear, features: readonly number[]): number {
  let sum = bias;
  for (const feature of features) sum += weights[feature] ?? 0;
  return sum;
}

function hashesOf(base64: string): Uint32Array {
  const bytes = bytesOfBase64(base64);
  const view = new DataView(bytes.buffer);
  return Uint32Array.from({ length: bytes.byteLength >> 2 }, (_, i) => view.getUint32(i * 4, true));
}

function wordTables({ words }: ThreatWeights): WordTables {
  if (words === undefined) return NO_WORDS;
  const table = (text: string): Float32Array => {
    const bytes = bytesOfBase64(text);
    return Float32Array.from({ length: 1 << words.bits }, (_, i) => (((bytes[i] ?? 0) << 24) >> 24) * words.scale);
  };
  return { mask: (1 << words.bits) - 1, suspect: table(words.suspect), other: table(words.other) };
}
