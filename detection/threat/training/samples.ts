import type { CueMatcher } from "../cues/cue-matcher.js";
import type { FeatureSpace } from "../features.js";
import { HeardTalk, type Side } from "../heard-talk.js";
import type { WordTables } from "../threat-model.js";
import { Seeded } from "./seeded.js";
import { misheard } from "./recogniser-noise.js";
import { tell, type LabelledDialogue, type Slots, type Story } from "./stories.js";
import type { ThreatKind } from "../../model/threat.js";

/** The beginning of a dialogue, seen with one side suspected. */
export interface Sample {
  readonly features: Int32Array;
  /** Buckets of the suspected side's words and of the other's. */
  readonly suspectWords: Int32Array;
  readonly otherWords: Int32Array;
  readonly label: 0 | 1;
  readonly weight: number;
  readonly family: string;
  readonly kind: ThreatKind;
}

/** Reads dialogues for cues as the classifier does, and keeps what a trainer needs. */
export class SampleReader {
  readonly #matcher: CueMatcher;
  readonly #space: FeatureSpace;
  readonly #words: WordTables;

  constructor(matcher: CueMatcher, space: FeatureSpace, words: WordTables) {
    this.#matcher = matcher;
    this.#space = space;
    this.#words = words;
  }

  /** @param prefixes So many beginnings a dialogue, the whole among them. @param weight Of the dialogue. */
  read(dialogue: LabelledDialogue, prefixes: number, weight: number, random: Seeded): Sample[] {
    const ends = chooseEnds(dialogue, prefixes, random);
    const talk = new HeardTalk(this.#matcher, this.#words, { calledSide: dialogue.called });
    const samples: Sample[] = [];
    dialogue.turns.forEach((turn, index) => {
      talk.add(turn);
      if (!ends.has(index)) return;
      const sides: Side[] = talk.agentCalled ? [0] : [0, 1];
      for (const side of sides) samples.push(this.#sample(talk, side, dialogue, weight / ends.size));
    });
    return samples;
  }

  #sample(talk: HeardTalk, side: Side, dialogue: LabelledDialogue, weight: number): Sample {
    const suspect = talk.tallies[side];
    const other = talk.tallies[side === 0 ? 1 : 0];
    const context = { called: side === 1, otherIsAgent: side === 0 && talk.agentCalled };
    const isFraud = dialogue.suspect === (side === 0 ? "caller" : "called");
    return {
      features: Int32Array.from(this.#space.active(suspect.counts, other.counts, context)),
      suspectWords: suspect.present(),
      otherWords: other.present(),
      label: isFraud ? 1 : 0,
      // An honest called side is seen as often as an honest caller, but matters less: most frauds call.
      weight: side === 1 && !isFraud ? weight / 2 : weight,
      family: dialogue.family,
      kind: isFraud ? dialogue.kind : "none",
    };
  }
}

function chooseEnds({ turns, requestTurn }: LabelledDialogue, prefixes: number, random: Seeded): Set<number> {
  const ends = new Set([turns.length - 1]);
  if (requestTurn !== undefined) ends.add(requestTurn);
  if (requestTurn !== undefined && requestTurn > 0) ends.add(requestTurn - 1);
  for (let i = 0; i < prefixes; i++) ends.add(random.below(turns.length));
  return ends;
}

export interface TellOptions {
  readonly slotsOf: (language: string) => Slots;
  readonly perStory: number;
  /** Taken in turn; at 0 every second dialogue is as written. */
  readonly wordErrorRates: readonly number[];
  /** Share of honest dialogues that go on with other honest matters, 0–1: long calls mention many things. */
  readonly chained: number;
  readonly seed: number;
}

/** Dialogues of each story, some of them misheard. The same options give the same dialogues. */
export function tellAll(stories: readonly Story[], options: TellOptions): LabelledDialogue[] {
  const { slotsOf, perStory, wordErrorRates, chained, seed } = options;
  const random = new Seeded(seed);
  return stories.flatMap((story) =>
    Array.from({ length: perStory }, (_, i) => {
      let dialogue = tell(story, slotsOf(story.language), random);
      if (story.suspect === undefined && random.chance(chained)) dialogue = goOn(dialogue, stories, slotsOf, random);
      const wordErrorRate = wordErrorRates[i % wordErrorRates.length] ?? 0;
      if (wordErrorRate === 0 && i % 2 === 0) return dialogue;
      return misheard(dialogue, { wordErrorRate, splitRate: 0.15, bare: true }, random);
    }),
  );
}

function goOn(
  dialogue: LabelledDialogue,
  stories: readonly Story[],
  slotsOf: (language: string) => Slots,
  random: Seeded,
): LabelledDialogue {
  const { language, called } = dialogue;
  const alike = stories.filter((other) => {
    return other.suspect === undefined && other.language === language && other.called === called;
  });
  const turns = [...dialogue.turns];
  const stages = [...dialogue.stages];
  for (let more = 1 + random.below(3); more > 0; more--) {
    const next = tell(random.pick(alike), slotsOf(language), random);
    const startMs = (turns.at(-1)?.atMs ?? 0) + 3000;
    for (const turn of next.turns.slice(1)) turns.push({ ...turn, atMs: startMs + turn.atMs });
    stages.push(...next.stages.slice(1));
  }
  return { ...dialogue, turns, stages };
}
