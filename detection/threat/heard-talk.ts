import type { Speaker } from "../model/speech.js";
import type { Turn } from "../model/threat.js";
import type { Sighting } from "./evidence.js";
import type { SuspectContext } from "./features.js";
import { SideTally, wordBuckets, type WordTables } from "./tally.js";
import { strongestRun, type Wording } from "./wording.js";
import type { CueMatcher } from "./cues/cue-matcher.js";
import { tokens, type Token } from "./text/tokens.js";

export interface TalkOptions {
  /** `agent` where a contact centre's agent is called. Default: as the turns say. */
  readonly calledSide?: Exclude<Speaker, "caller">;
  /** Turns kept; of older ones only who they said they were still counts. Default 200. */
  readonly maxTurns?: number;
  /** Longer turns are cut there. Default 4,000. */
  readonly maxTurnCharacters?: number;
}

/** One side of a call: 0 the caller, 1 the called. */
export type Side = 0 | 1;

interface Heard {
  /** So long ago that only what lasts still counts. */
  past: boolean;
  readonly index: number;
  readonly side: Side;
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly cues: readonly number[];
  readonly buckets: readonly number[];
  readonly sightings: readonly Sighting[];
}

/** A cue may begin in what the same speaker said just before. */
const CARRIED_WORDS = 8;
/** An "okay" between does not break it. */
const INTERJECTION_WORDS = 2;

/** With fewer words and word pairs nobody can tell who talks how much. */
const LEAST_TALK = 25;

/** Words of both sides after which a cue no longer counts: some three minutes of talk. A long honest call mentions many things. */
const WINDOW_WORDS = 400;
/** Who calls whom, and as what, counts to the end. */
const LASTING = /^(?:claim\.|honest\.(?:service|customer)$)/;

/**
 * What was said of late, read for cues: counts for each side, and where each cue was seen. Cues older than the window count no
 * more, but for those that say who calls. Memory is bounded by the options.
 */
export class HeardTalk {
  readonly tallies: readonly [SideTally, SideTally];
  readonly #matcher: CueMatcher;
  readonly #mask: number;
  readonly #lasts: readonly boolean[];
  readonly #maxTurns: number;
  readonly #maxCharacters: number;
  readonly #heard: Heard[] = [];
  /** What forgotten turns showed that lasts: the last sighting of each cue and side. */
  readonly #kept = new Map<number, Sighting>();
  #agent: boolean;
  #length = 0;

  /** @param words The tables that sums of words are wanted of. */
  constructor(matcher: CueMatcher, words: readonly WordTables[], options: TalkOptions) {
    const { calledSide, maxTurns = 200, maxTurnCharacters = 4000 } = options;
    this.#matcher = matcher;
    this.#mask = Math.max(...words.map(({ mask }) => mask));
    this.#maxTurns = Math.max(1, maxTurns);
    this.#maxCharacters = Math.max(1, maxTurnCharacters);
    this.#agent = calledSide === "agent";
    this.#lasts = matcher.cueNames.map((name) => LASTING.test(name));
    const cues = matcher.cueNames.length;
    this.tallies = [new SideTally(cues, words), new SideTally(cues, words)];
  }

  /** Turns so far, forgotten ones included. */
  get length(): number {
    return this.#length;
  }

  /** The called side is a contact centre's agent. */
  get agentCalled(): boolean {
    return this.#agent;
  }

  /** What else is known of the call, with that side suspected. */
  contextOf(suspect: Side): SuspectContext {
    const mine = this.tallies[suspect].words;
    const all = mine + this.tallies[suspect === 0 ? 1 : 0].words;
    const talks = all < LEAST_TALK ? undefined : mine / all;
    return { called: suspect === 1, otherIsAgent: suspect === 0 && this.#agent, talks };
  }

  add(turn: Turn): void {
    this.#hear(this.#length++, turn, this.#heard.length);
    this.#leaveBehind();
    while (this.#heard.length > this.#maxTurns) this.#forget();
  }

  /** Takes `turn` in the place of an earlier one. One that has been forgotten changes nothing; one that is not there yet adds. */
  replace(index: number, turn: Turn): void {
    const at = this.#heard.findIndex((heard) => heard.index === index);
    const before = this.#heard[at];
    if (before === undefined) {
      if (index < 0 || index >= this.#length) this.add(turn);
      return;
    }
    this.#takeBack(before);
    this.#heard.splice(at, 1);
    this.#hear(index, turn, at);
    this.#leaveBehind();
  }

  /** The last sighting of each cue, by cue × 2 + side. */
  sightings(): ReadonlyMap<number, Sighting> {
    const sightings = new Map(this.#kept);
    for (const { sightings: seen, past } of this.#heard) {
      for (const sighting of seen) if (!past || this.#lasting(sighting.cue)) sightings.set(keyOf(sighting), sighting);
    }
    return sightings;
  }

  /** What the words of both sides weigh by these tables, with `suspect` suspected. */
  wordSum(suspect: Side, tables: WordTables): number {
    const [mine, others] = [this.tallies[suspect], this.tallies[suspect === 0 ? 1 : 0]];
    return mine.wordSum(tables, true) + others.wordSum(tables, false);
  }

  /**
   * Of each turn that still counts, the words that speak most for a fraud of `suspect`, by these tables.
   * @returns Also what the words of all turns weigh, so that a part of the whole can be told.
   */
  wordings(suspect: Side, tables: WordTables): { readonly wordings: readonly Wording[]; readonly weight: number } {
    const wordings: Wording[] = [];
    let weight = 0;
    for (const { past, index: turn, side, text, tokens: words, buckets } of this.#heard) {
      if (past || buckets.length === 0) continue;
      const add = (bucket: number | undefined): number =>
        bucket === undefined ? 0 : this.tallies[side].wordWeight(tables, bucket, side === suspect);
      const { best, net } = strongestRun(
        words.map((_, at) => (at === 0 ? add(buckets[0]) : add(buckets[2 * at - 1]) + add(buckets[2 * at]))),
      );
      weight += Math.max(Math.abs(net), best?.adds ?? 0);
      if (best === undefined) continue;
      const start = words[best.from]?.start ?? 0;
      const end = words[best.to - 1]?.end ?? start;
      wordings.push({ turn, start, end, text: text.slice(start, end), adds: best.adds });
    }
    return { wordings, weight };
  }

  #lasting(cue: number): boolean {
    return this.#lasts[cue] === true;
  }

  #takeBack({ side, cues, buckets, past }: Heard): void {
    if (past)
      this.tallies[side].remove(
        cues.filter((cue) => this.#lasting(cue)),
        [],
      );
    else this.tallies[side].remove(cues, buckets);
  }

  #leaveBehind(): void {
    let words = 0;
    for (let i = this.#heard.length - 1; i >= 0; i--) {
      const heard = this.#heard[i];
      if (heard === undefined || heard.past) break;
      if (words >= WINDOW_WORDS) this.#letPass(heard);
      words += heard.tokens.length;
    }
  }

  #letPass(heard: Heard): void {
    this.tallies[heard.side].remove(
      heard.cues.filter((cue) => !this.#lasting(cue)),
      heard.buckets,
    );
    heard.past = true;
  }

  #hear(index: number, turn: Turn, at: number): void {
    const text = turn.text.length > this.#maxCharacters ? turn.text.slice(0, this.#maxCharacters) : turn.text;
    const side: Side = turn.speaker === "caller" ? 0 : 1;
    if (turn.speaker === "agent") this.#agent = true;
    const own = tokens(text);
    const carried = this.#carried(side, at);
    const all = carried.length === 0 ? own : [...carried, ...own];
    const hits = this.#matcher.match(all).filter(({ to }) => to > carried.length);
    const sightings = hits.map(({ cue, from, to }): Sighting => {
      const start = all[Math.max(from, carried.length)]?.start ?? 0;
      const end = all[to - 1]?.end ?? start;
      return { cue, side, turn: index, start, end, text: text.slice(start, end) };
    });
    const cues = hits.map(({ cue }) => cue);
    const buckets = wordBuckets(own, this.#mask);
    this.#heard.splice(at, 0, { past: false, index, side, text, tokens: own, cues, buckets, sightings });
    this.tallies[side].add(cues, buckets);
  }

  /** The last words that the side said before, if the other has hardly spoken since. */
  #carried(side: Side, at: number): readonly Token[] {
    for (let i = at - 1; i >= 0; i--) {
      const heard = this.#heard[i];
      if (heard === undefined) break;
      if (heard.side === side) return heard.tokens.slice(-CARRIED_WORDS);
      if (heard.tokens.length > INTERJECTION_WORDS) break;
    }
    return [];
  }

  #forget(): void {
    const oldest = this.#heard.shift();
    if (oldest === undefined) return;
    if (!oldest.past) this.#letPass(oldest);
    for (const sighting of oldest.sightings) {
      if (this.#lasting(sighting.cue)) this.#kept.set(keyOf(sighting), sighting);
    }
  }
}

const keyOf = ({ cue, side }: Sighting): number => cue * 2 + side;
