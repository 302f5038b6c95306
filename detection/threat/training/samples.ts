import type { CueMatcher } from "../cues/cue-matcher.js";
import type { FeatureSpace } from "../features.js";
import { HeardTalk, type Side } from "../heard-talk.js";
import type { WordTables } from "../tally.js";
import { Seeded } from "./seeded.js";
import { misheard } from "./recogniser-noise.js";
import { tell, type LabelledDialogue, type Slots, type Story } from "./stories.js";
import type { ThreatKind } from "../../model/threat.js";

/** What a dialogue has shown up to a turn. */
export interface Beginning {
  readonly features: Int32Array;
  /** Buckets of the suspected side's words and of the other's. */
  readonly suspectWords: Int32Array;
  readonly otherWords: Int32Array;
}

/** A dialogue, seen with one side suspected. */
export interface Sample {
  /** One a turn. */
  readonly beginnings: readonly Beginning[];
  /** Turns of the beginnings that are always trained on. */
  readonly chosen: readonly number[];
  /** Which of the first beginnings may be the most suspicious one: of a fraud, those before it asks. */
  readonly early: number;
  readonly label: 0 | 1;
  readonly weight: number;
  readonly family: string;
  readonly kind: ThreatKind;
}

const NOTHING = new Int32Array(0);

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

  /** @param beginnings So many by chance, besides the whole and those around the demand. @param weight Of the dialogue. */
  read(dialogue: LabelledDialogue, beginnings: number, weight: number, random: Seeded): Sample[] {
    const chosen = [...chooseEnds(dialogue, beginnings, random)];
    const talk = new HeardTalk(this.#matcher, [this.#words], { calledSide: dialogue.called });
    const sides: Side[] = dialogue.called === "agent" ? [0] : [0, 1];
    const read: Beginning[][] = sides.map(() => []);
    let words: [Int32Array, Int32Array] = [NOTHING, NOTHING];
    for (const turn of dialogue.turns) {
      talk.add(turn);
      const [caller, called] = talk.tallies;
      words = [changed(words[0], caller.present()), changed(words[1], called.present())];
      for (const side of sides) read[side]?.push(this.#beginning(talk, side, words));
    }
    return sides.map((side) => this.#sample(dialogue, side, read[side] ?? [], chosen, weight));
  }

  #beginning(talk: HeardTalk, side: Side, words: readonly [Int32Array, Int32Array]): Beginning {
    const other: Side = side === 0 ? 1 : 0;
    const { tallies } = talk;
    const features = this.#space.active(tallies[side].counts, tallies[other].counts, talk.contextOf(side));
    return { features: Int32Array.from(features), suspectWords: words[side], otherWords: words[other] };
  }

  #sample(
    dialogue: LabelledDialogue,
    side: Side,
    beginnings: readonly Beginning[],
    chosen: readonly number[],
    weight: number,
  ): Sample {
    const isFraud = dialogue.suspect === (side === 0 ? "caller" : "called");
    const asks = dialogue.requestTurn ?? 0;
    return {
      beginnings,
      chosen,
      early: isFraud && asks > 0 ? asks : beginnings.length,
      label: isFraud ? 1 : 0,
      // An honest called side is seen as often as an honest caller, but matters less: most frauds call.
      weight: side === 1 && !isFraud ? weight / 2 : weight,
      family: dialogue.family,
      kind: isFraud ? dialogue.kind : "none",
    };
  }
}

/** The array from before where nothing has changed: most memory is in these. */
function changed(before: Int32Array, now: Int32Array): Int32Array {
  return before.length === now.length && before.every((bucket, at) => bucket === now[at]) ? before : now;
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
