import { THREAT_KINDS, type ThreatKind } from "../../model/threat.js";
import { CueMatcher } from "../cues/cue-matcher.js";
import { LEXICONS } from "../cues/lexicons.js";
import { FeatureSpace } from "../features.js";
import { HeardTalk, type Side } from "../heard-talk.js";
import { base64OfBytes } from "../text/base64.js";
import { KnownWords, wordHash } from "../text/word-hash.js";
import { tokens } from "../text/tokens.js";
import type { WordTables } from "../tally.js";
import type { HeadWeights, KindWeights, LinearWeights, ThreatWeights, WordWeights } from "../weights.js";
import { isDamning } from "../telltales.js";
import { calibrate } from "./calibration.js";
import { calibrationSamples, type HeldDialogue, type HeldTurn } from "./held.js";
import { signsOf } from "./feature-signs.js";
import { meanModel, trainLogistic, type LogisticModel, type LogisticOptions } from "./logistic.js";
import { SampleReader, tellAll, type Sample } from "./samples.js";
import { Seeded } from "./seeded.js";
import type { LabelledDialogue, Slots, Story } from "./stories.js";
import { chooseThresholds, THRESHOLD_SETTINGS, type ThresholdSettings } from "./thresholds.js";

/** In what the two heads differ: the one must see a fraud before it asks, the other must be right when a call is cut. */
export interface HeadSettings {
  readonly l2: number;
  readonly mostSuspicious: number;
  readonly wordBits: number;
}

/** Everything that the weights depend on, besides lexicons and stories. */
export interface TrainingSettings {
  readonly seed: number;
  readonly frauds: number;
  readonly honest: number;
  /** Tellings of a story that weights which never saw it are tried on. */
  readonly held: number;
  /** Honest dialogues for one fraud, in training and calibration. Real telephone traffic has thousands. */
  readonly honestPerFraud: number;
  /** 0: every story weighs the same; 1: all stories of an author together weigh what another's do. */
  readonly authorBalance: number;
  readonly wordErrorRates: readonly number[];
  readonly chained: number;
  readonly epochs: number;
  readonly wordL2: number;
  readonly early: HeadSettings;
  readonly sure: HeadSettings;
  /** For the kinds: to name a kind takes less care than to suspect. */
  readonly kind: { readonly l2: number; readonly wordL2: number; readonly wordBits: number; readonly epochs: number };
  /** So many weights are made and their mean taken; each leaves out one author (or more), and a part of our own stories. */
  readonly folds: number;
}

export const TRAINING_SETTINGS: TrainingSettings = {
  seed: 20_261_130,
  frauds: 5,
  honest: 5,
  held: 4,
  honestPerFraud: 3,
  authorBalance: 0.5,
  wordErrorRates: [0, 0.05, 0.1, 0.2],
  chained: 0.3,
  epochs: 8,
  wordL2: 0.1,
  early: { l2: 0.5, mostSuspicious: 0.7, wordBits: 17 },
  sure: { l2: 0.3, mostSuspicious: 0, wordBits: 16 },
  kind: { l2: 1, wordL2: 0.02, wordBits: 12, epochs: 10 },
  folds: 5,
};

export interface TrainingInput {
  readonly stories: readonly Story[];
  readonly slotsOf: (language: string) => Slots;
  /** Whose a story is; undefined: our own. */
  readonly authorOf: (story: Story) => string | undefined;
  /** A digest of stories, lexicons and settings; kept in the weights. */
  readonly inputs: string;
  readonly settings: TrainingSettings;
  readonly log: (line: string) => void;
}

const KNOWN_FROM = 9;
const BEGINNINGS = 4;
const WORD_STEPS = 127;

/** Weights, and what each dialogue got from weights that had seen neither its author nor its family. */
export interface Trained {
  readonly weights: ThreatWeights;
  readonly held: readonly HeldDialogue[];
}

/** Calibration and thresholds are found on the stories of other authors where there are any. Minutes of CPU. */
export function trainWeights(input: TrainingInput, settings: ThresholdSettings = THRESHOLD_SETTINGS): Trained {
  const { folds, honestPerFraud, early: earlyHead, sure: sureHead } = input.settings;
  const trainer = new Trainer(input);
  const read = trainer.samples();
  const foldOfStory = foldsOf(input);
  const models: HeadModels[] = [];
  const all: HeldDialogue[] = [];
  for (let fold = 0; fold < folds; fold++) {
    const seen = read.filter(({ story }) => foldOfStory(story) !== fold).map(({ sample }) => sample);
    const heads = { early: trainer.fit(seen, earlyHead), sure: trainer.fit(seen, sureHead) };
    models.push(heads);
    const judged = trainer.judge(heads, (story) => foldOfStory(story) === fold);
    all.push(...judged);
    input.log(`weights ${fold + 1} of ${folds}, tried on ${judged.length} dialogues that they had not seen`);
  }
  const others = all.filter(({ author }) => author !== undefined);
  const held = others.length > 0 ? others : all;
  const head = (name: "early" | "sure"): HeadWeights =>
    trainer.head(
      meanModel(models.map((heads) => heads[name])),
      calibrate(calibrationSamples(held, name, honestPerFraud)),
    );
  const [sure, early] = [head("sure"), head("early")];
  const calibrations = { early: early.calibration, sure: sure.calibration };
  const weights: ThreatWeights = {
    version: 1,
    thresholds: chooseThresholds(held, calibrations, settings),
    ...sure,
    warning: early,
    kinds: trainer.kinds(read.map(({ sample }) => sample)),
    knownWords: trainer.knownWords,
    inputs: input.inputs,
  };
  return { weights, held };
}

interface HeadModels {
  readonly early: LogisticModel;
  readonly sure: LogisticModel;
}

/** Which weights leave a story out: all of one author's the same, of our own stories all wordings of one plot. */
function foldsOf({ stories, authorOf, settings: { folds } }: TrainingInput): (story: Story) => number {
  const authors = [...new Set(stories.flatMap((story) => authorOf(story) ?? []))].sort();
  return (story) => {
    const author = authorOf(story);
    return author === undefined ? foldOf(story.family, folds) : authors.indexOf(author) % folds;
  };
}

/** All wordings of one plot fall into one fold. */
export const foldOf = (family: string, folds: number): number => wordHash(family.replace(/-\d+$/, "")) % folds;

const rounded = (value: number): number => Math.round(value * 1000) / 1000;

interface ReadSample {
  readonly story: Story;
  readonly sample: Sample;
}

class Trainer {
  readonly knownWords: string;
  readonly #input: TrainingInput;
  readonly #space: FeatureSpace;
  readonly #matcher: CueMatcher;
  readonly #reader: SampleReader;
  readonly #options: Omit<LogisticOptions, "l2" | "mostSuspicious" | "wordBuckets">;

  constructor(input: TrainingInput) {
    this.#input = input;
    const { settings } = input;
    const hashes = knownHashes(input);
    this.knownWords = base64OfBytes(new Uint8Array(hashes.buffer));
    const known = new KnownWords(hashes);
    this.#matcher = new CueMatcher(LEXICONS, (word) => known.has(word));
    this.#space = new FeatureSpace(this.#matcher.cueNames);
    const buckets = 1 << Math.max(settings.early.wordBits, settings.sure.wordBits);
    this.#reader = new SampleReader(this.#matcher, this.#space, emptyTables(buckets));
    this.#options = {
      epochs: settings.epochs,
      rate: 0.15,
      l1: 0.0005,
      wordL2: settings.wordL2,
      signs: signsOf(this.#space.names),
      seed: settings.seed,
    };
  }

  samples(): ReadSample[] {
    const { settings, slotsOf, stories } = this.#input;
    const { seed, frauds, honest, wordErrorRates, chained } = settings;
    const random = new Seeded(seed);
    return [true, false].flatMap((isFraud) => {
      const some = stories.filter(({ suspect }) => (suspect !== undefined) === isFraud);
      const perStory = isFraud ? frauds : honest;
      const weightOf = this.#weights(some, isFraud ? 1 : settings.honestPerFraud);
      const told = tellAll(some, { slotsOf, perStory, wordErrorRates, chained, seed: seed + perStory });
      return told.flatMap((dialogue, index) => {
        const story = some[Math.floor(index / perStory)];
        if (story === undefined) return [];
        const weight = weightOf(story) / perStory;
        return this.#reader.read(dialogue, BEGINNINGS, weight, random).map((sample) => ({ story, sample }));
      });
    });
  }

  /** @param each What a story weighs on average, where there are as many frauds as these. */
  #weights(stories: readonly Story[], each: number): (story: Story) => number {
    const { authorOf, settings } = this.#input;
    const frauds = this.#input.stories.filter(({ suspect }) => suspect !== undefined).length;
    const byAuthor = new Map<string | undefined, number>();
    for (const story of stories) byAuthor.set(authorOf(story), (byAuthor.get(authorOf(story)) ?? 0) + 1);
    const raw = (story: Story): number => (byAuthor.get(authorOf(story)) ?? 1) ** -settings.authorBalance;
    const whole = stories.reduce((sum, story) => sum + raw(story), 0);
    const perStory = each === 1 ? stories.length : each * frauds;
    return (story) => (raw(story) * perStory) / whole;
  }

  fit(samples: readonly Sample[], { l2, mostSuspicious, wordBits }: HeadSettings): LogisticModel {
    const options = { ...this.#options, l2, mostSuspicious, wordBuckets: 1 << wordBits };
    return trainLogistic(samples, this.#space.names.length, options);
  }

  /** What fresh dialogues get. */
  judge(models: HeadModels, isHeld: (story: Story) => boolean): HeldDialogue[] {
    const { settings, slotsOf, stories, authorOf } = this.#input;
    const { held: perStory, chained, wordErrorRates, seed } = settings;
    const held = stories.filter(isHeld);
    const heads = { early: withTables(models.early), sure: withTables(models.sure) };
    return tellAll(held, { slotsOf, perStory, wordErrorRates, chained, seed: seed + 1 }).map((dialogue, index) => {
      const story = held[Math.floor(index / perStory)];
      const { language, suspect, requestTurn } = dialogue;
      return {
        author: story === undefined ? undefined : authorOf(story),
        language,
        fraud: suspect !== undefined,
        turns: this.#judged(heads, dialogue),
        requestTurn,
      };
    });
  }

  #judged({ early, sure }: Readonly<Record<"early" | "sure", ReadyModel>>, dialogue: LabelledDialogue): HeldTurn[] {
    const talk = new HeardTalk(this.#matcher, [early.tables, sure.tables], { calledSide: dialogue.called });
    const sides: Side[] = dialogue.called === "agent" ? [0] : [0, 1];
    return dialogue.turns.map((turn) => {
      talk.add(turn);
      const seen = sides.map((side) => {
        const [mine, others] = [talk.tallies[side], talk.tallies[side === 0 ? 1 : 0]];
        const features = this.#space.active(mine.counts, others.counts, talk.contextOf(side));
        const sum = ({ model, tables }: ReadyModel): number =>
          features.reduce((total, feature) => total + (model.weights[feature] ?? 0), model.bias) +
          mine.wordSum(tables, true) +
          others.wordSum(tables, false);
        return { early: sum(early), sure: sum(sure), damning: isDamning(mine.counts, this.#matcher.cueNames) };
      });
      const most = seen.reduce((one, other) => (other.sure > one.sure ? other : one));
      return { ...most, early: Math.max(...seen.map((one) => one.early)) };
    });
  }

  head(model: LogisticModel, { slope, offset }: HeadWeights["calibration"]): HeadWeights {
    const calibration = { slope: rounded(slope), offset: rounded(offset) };
    return { fraud: this.linear(model), words: wordWeights(model), calibration };
  }

  linear(model: LogisticModel): LinearWeights {
    const features: Record<string, number> = {};
    model.weights.forEach((weight, feature) => {
      const short = rounded(weight);
      if (short !== 0) features[this.#space.names[feature] ?? ""] = short;
    });
    return { bias: rounded(model.bias), features };
  }

  /** One kind against the others, on frauds only. */
  kinds(samples: readonly Sample[]): Partial<Record<ThreatKind, KindWeights>> {
    const frauds = samples.filter(({ label }) => label === 1);
    const kinds: Partial<Record<ThreatKind, KindWeights>> = {};
    const signs = new Int8Array(this.#space.names.length);
    const { wordBits, ...rest } = this.#input.settings.kind;
    const options = { ...this.#options, ...rest, wordBuckets: 1 << wordBits, mostSuspicious: 0, signs };
    for (const kind of THREAT_KINDS) {
      if (!frauds.some((sample) => sample.kind === kind)) continue;
      const labelled = frauds.map((sample): Sample => ({ ...sample, label: sample.kind === kind ? 1 : 0 }));
      const model = trainLogistic(labelled, this.#space.names.length, options);
      kinds[kind] = { ...this.linear(model), words: wordWeights(model) };
    }
    return kinds;
  }
}

interface ReadyModel {
  readonly model: LogisticModel;
  readonly tables: WordTables;
}

function withTables(model: LogisticModel): ReadyModel {
  const { suspectWords, otherWords } = model;
  const tables = {
    mask: suspectWords.length - 1,
    suspect: Float32Array.from(suspectWords),
    other: Float32Array.from(otherWords),
  };
  return { model, tables };
}

function wordWeights({ suspectWords, otherWords }: LogisticModel): WordWeights {
  let largest = 1e-6;
  for (const weight of [...suspectWords, ...otherWords]) largest = Math.max(largest, Math.abs(weight));
  const scale = Math.ceil((largest / WORD_STEPS) * 1e6) / 1e6;
  const pack = (weights: Float64Array): string =>
    base64OfBytes(Uint8Array.from(weights, (weight) => Math.round(weight / scale) & 0xff));
  return { bits: Math.log2(suspectWords.length), scale, suspect: pack(suspectWords), other: pack(otherWords) };
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
