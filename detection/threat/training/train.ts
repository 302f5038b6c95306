import { THREAT_KINDS, type ThreatKind } from "../../model/threat.js";
import { CueMatcher } from "../cues/cue-matcher.js";
import { LEXICONS } from "../cues/lexicons.js";
import { FeatureSpace } from "../features.js";
import { HeardTalk, type Side } from "../heard-talk.js";
import { base64OfBytes } from "../text/base64.js";
import { KnownWords, wordHash } from "../text/word-hash.js";
import { tokens } from "../text/tokens.js";
import type { WordTables } from "../threat-model.js";
import type { LinearWeights, ThreatWeights } from "../weights.js";
import { calibrate, type ScoredSample } from "./calibration.js";
import { signsOf } from "./feature-signs.js";
import { trainLogistic, type LogisticModel, type LogisticOptions } from "./logistic.js";
import { SampleReader, tellAll, type Sample } from "./samples.js";
import { Seeded } from "./seeded.js";
import type { LabelledDialogue, Slots, Story } from "./stories.js";

/** Everything that the weights depend on, besides lexicons and stories. */
export interface TrainingSettings {
  readonly seed: number;
  readonly frauds: number;
  readonly honest: number;
  /** Honest dialogues for one fraud, in training and calibration. Real telephone traffic has thousands. */
  readonly honestPerFraud: number;
  readonly wordErrorRates: readonly number[];
  readonly chained: number;
  readonly epochs: number;
  readonly l2: number;
  readonly wordL2: number;
  readonly wordBits: number;
  readonly folds: number;
}

export const TRAINING_SETTINGS: TrainingSettings = {
  seed: 20_261_129,
  frauds: 10,
  honest: 16,
  honestPerFraud: 3,
  wordErrorRates: [0, 0.05, 0.1, 0.2],
  chained: 0.3,
  epochs: 12,
  l2: 0.3,
  wordL2: 0.1,
  wordBits: 14,
  folds: 4,
};

export interface TrainingInput {
  readonly stories: readonly Story[];
  readonly slotsOf: (language: string) => Slots;
  /** A digest of stories, lexicons and settings; kept in the weights. */
  readonly inputs: string;
  readonly settings: TrainingSettings;
  readonly log: (line: string) => void;
  /** Found before on a part of the stories; default: by cross-validation over families. */
  readonly calibration?: ThreatWeights["calibration"];
}

const KNOWN_FROM = 9;
const PREFIXES = 4;
const WORD_STEPS = 127;

/** Weights without thresholds worth the name: those are chosen afterwards, on development dialogues. Minutes of CPU. */
export function trainWeights(input: TrainingInput): ThreatWeights {
  const { stories, inputs, log } = input;
  const trainer = new Trainer(input);
  const calibration = input.calibration ?? crossCalibrated(trainer, input);
  const samples = trainer.samples(stories);
  const fraud = trainer.fit(samples);
  log(`fraud: ${fraud.weights.filter((weight) => weight !== 0).length} features`);
  return {
    version: 1,
    thresholds: { uncertain: 0.5, suspicious: 0.5, scam: 0.5, end: 0.5 },
    fraud: trainer.linear(fraud),
    words: trainer.words(fraud),
    calibration,
    kinds: trainer.kinds(samples),
    knownWords: trainer.knownWords,
    inputs,
  };
}

/** From the sums of families that the weights were not trained on. */
function crossCalibrated(trainer: Trainer, { stories, settings, log }: TrainingInput): ThreatWeights["calibration"] {
  const scored: ScoredSample[] = [];
  for (let fold = 0; fold < settings.folds; fold++) {
    const isHeld = ({ family }: Story): boolean => foldOf(family, settings.folds) === fold;
    const model = trainer.fraud(stories.filter((story) => !isHeld(story)));
    const held = trainer.score(model, stories.filter(isHeld));
    scored.push(...held);
    log(`fold ${fold + 1} of ${settings.folds}: ${held.length} beginnings scored`);
  }
  const { slope, offset } = calibrate(scored);
  return { slope: rounded(slope), offset: rounded(offset) };
}

/** All wordings of one plot fall into one fold. */
const foldOf = (family: string, folds: number): number => wordHash(family.replace(/-\d+$/, "")) % folds;

const rounded = (value: number): number => Math.round(value * 1000) / 1000;

class Trainer {
  readonly knownWords: string;
  readonly #input: TrainingInput;
  readonly #space: FeatureSpace;
  readonly #matcher: CueMatcher;
  readonly #reader: SampleReader;
  readonly #options: LogisticOptions;

  constructor(input: TrainingInput) {
    this.#input = input;
    const { settings } = input;
    const hashes = knownHashes(input);
    this.knownWords = base64OfBytes(new Uint8Array(hashes.buffer));
    const known = new KnownWords(hashes);
    this.#matcher = new CueMatcher(LEXICONS, (word) => known.has(word));
    this.#space = new FeatureSpace(this.#matcher.cueNames);
    const buckets = 1 << settings.wordBits;
    this.#reader = new SampleReader(this.#matcher, this.#space, emptyTables(buckets));
    this.#options = {
      epochs: settings.epochs,
      rate: 0.15,
      l1: 0.0005,
      l2: settings.l2,
      wordL2: settings.wordL2,
      signs: signsOf(this.#space.names),
      wordBuckets: buckets,
      seed: settings.seed,
    };
  }

  samples(stories: readonly Story[]): Sample[] {
    const { settings, slotsOf } = this.#input;
    const random = new Seeded(settings.seed);
    const frauds = stories.filter(({ suspect }) => suspect !== undefined).length;
    const { wordErrorRates, chained } = settings;
    const honestWeight = (settings.honestPerFraud * frauds) / (stories.length - frauds) / settings.honest;
    return [true, false].flatMap((fraud) => {
      const perStory = fraud ? settings.frauds : settings.honest;
      const told = tellAll(
        stories.filter(({ suspect }) => (suspect !== undefined) === fraud),
        { slotsOf, perStory, wordErrorRates, chained, seed: settings.seed + perStory },
      );
      return told.flatMap((dialogue) =>
        this.#reader.read(dialogue, PREFIXES, fraud ? 1 / perStory : honestWeight, random),
      );
    });
  }

  fraud(stories: readonly Story[]): LogisticModel {
    return this.fit(this.samples(stories));
  }

  fit(samples: readonly Sample[]): LogisticModel {
    return trainLogistic(samples, this.#space.names.length, this.#options);
  }

  /** Every beginning of fresh dialogues, by the more suspected side. */
  score(model: LogisticModel, stories: readonly Story[]): ScoredSample[] {
    const { settings, slotsOf } = this.#input;
    const { chained, wordErrorRates } = settings;
    const told = tellAll(stories, { slotsOf, perStory: 6, wordErrorRates, chained, seed: settings.seed + 1 });
    const frauds = told.filter(({ suspect }) => suspect !== undefined).length;
    const honestWeight = (settings.honestPerFraud * frauds) / (told.length - frauds);
    return told.flatMap((dialogue) => {
      const label = dialogue.suspect === undefined ? 0 : 1;
      const weight = (label === 1 ? 1 : honestWeight) / dialogue.turns.length;
      return sumsOf(model, dialogue, this.#matcher, this.#space).map((sum) => ({ sum, label, weight }) as const);
    });
  }

  linear(model: LogisticModel): LinearWeights {
    const features: Record<string, number> = {};
    model.weights.forEach((weight, feature) => {
      const short = rounded(weight);
      if (short !== 0) features[this.#space.names[feature] ?? ""] = short;
    });
    return { bias: rounded(model.bias), features };
  }

  words({ suspectWords, otherWords }: LogisticModel): NonNullable<ThreatWeights["words"]> {
    let largest = 1e-6;
    for (const weight of [...suspectWords, ...otherWords]) largest = Math.max(largest, Math.abs(weight));
    const scale = Math.ceil((largest / WORD_STEPS) * 1e6) / 1e6;
    const pack = (weights: Float64Array): string =>
      base64OfBytes(Uint8Array.from(weights, (weight) => Math.round(weight / scale) & 0xff));
    return { bits: this.#input.settings.wordBits, scale, suspect: pack(suspectWords), other: pack(otherWords) };
  }

  /** One kind against the others, on frauds only. */
  kinds(samples: readonly Sample[]): Partial<Record<ThreatKind, LinearWeights>> {
    const frauds = samples.filter(({ label }) => label === 1);
    const kinds: Partial<Record<ThreatKind, LinearWeights>> = {};
    const options = { ...this.#options, epochs: 6, wordBuckets: 0, signs: new Int8Array(this.#space.names.length) };
    for (const kind of THREAT_KINDS) {
      if (!frauds.some((sample) => sample.kind === kind)) continue;
      const labelled = frauds.map((sample): Sample => ({ ...sample, label: sample.kind === kind ? 1 : 0 }));
      kinds[kind] = this.linear(trainLogistic(labelled, this.#space.names.length, options));
    }
    return kinds;
  }
}

/** The sum after every turn, of the side that is suspected more. */
function sumsOf(
  model: LogisticModel,
  { turns, called }: LabelledDialogue,
  matcher: CueMatcher,
  space: FeatureSpace,
): number[] {
  const suspect = Float32Array.from(model.suspectWords);
  const other = Float32Array.from(model.otherWords);
  const talk = new HeardTalk(matcher, { mask: suspect.length - 1, suspect, other }, { calledSide: called });
  return turns.map((turn) => {
    talk.add(turn);
    const sides: Side[] = talk.agentCalled ? [0] : [0, 1];
    return Math.max(
      ...sides.map((side) => {
        const [mine, others] = [talk.tallies[side], talk.tallies[side === 0 ? 1 : 0]];
        const context = { called: side === 1, otherIsAgent: side === 0 && talk.agentCalled };
        let sum = model.bias + mine.wordSum(true) + others.wordSum(false);
        for (const feature of space.active(mine.counts, others.counts, context)) sum += model.weights[feature] ?? 0;
        return sum;
      }),
    );
  });
}

function emptyTables(buckets: number): WordTables {
  return { mask: buckets - 1, suspect: new Float32Array(buckets), other: new Float32Array(buckets) };
}

/** Long words of the stories: right as they are, so a lexicon's word that is spelt like them is not meant. */
function knownHashes({ stories, slotsOf, settings }: TrainingInput): Uint32Array {
  const told = tellAll(stories, { slotsOf, perStory: 3, wordErrorRates: [0], chained: 0, seed: settings.seed });
  const hashes = new Set<number>();
  for (const { turns } of told) {
    for (const { text } of turns) {
      for (const { word } of tokens(text)) if (word.length >= KNOWN_FROM) hashes.add(wordHash(word));
    }
  }
  return Uint32Array.from([...hashes].sort((a, b) => a - b));
}
