import type { ThreatState, Turn, TurnVerdict } from "../model/threat.js";
import { evidenceOf } from "./evidence.js";
import type { Head } from "./head.js";
import { HeardTalk, type Side, type TalkOptions } from "./heard-talk.js";
import { stageOf } from "./stage.js";
import { isDamning } from "./telltales.js";
import type { ThreatModel } from "./threat-model.js";

export type DialogueOptions = TalkOptions;

const MAX_EVIDENCE = 8;

interface Seen {
  readonly side: Side;
  readonly features: readonly number[];
}

/** A side of the call, as one head sees it. */
interface Suspected extends Seen {
  readonly head: Head;
  readonly score: number;
}

/**
 * One call's talk, judged after every turn by what was said until then: who they said they were at any time, and all else within
 * some three minutes of talk. A score may fall again; `peak` does not. Memory is bounded by the options.
 */
export class Dialogue {
  readonly #model: ThreatModel;
  readonly #talk: HeardTalk;
  #verdict: TurnVerdict | undefined;
  #peak: TurnVerdict | undefined;

  constructor(model: ThreatModel, options: DialogueOptions) {
    this.#model = model;
    this.#talk = new HeardTalk(model.matcher, [model.early.words, model.sure.words], options);
  }

  /** Turns so far, forgotten ones included. */
  get length(): number {
    return this.#talk.length;
  }

  /** After the last turn; undefined before the first. */
  get verdict(): TurnVerdict | undefined {
    return this.#verdict;
  }

  /** The verdict with the highest score so far, the later of equals; undefined before the first turn. */
  get peak(): TurnVerdict | undefined {
    return this.#peak;
  }

  /** Takes the next turn. @returns What is thought of the call now. */
  add(turn: Turn): TurnVerdict {
    this.#talk.add(turn);
    return this.#judge();
  }

  /** The last turn was a partial, or has grown: takes `turn` in its place. As `add` when there is none. */
  replaceLast(turn: Turn): TurnVerdict {
    return this.replace(this.#talk.length - 1, turn);
  }

  /**
   * Takes `turn` in the place of an earlier one, which both speakers talking at once may ask for.
   * @param index Of the turn, from 0. One that has been forgotten changes nothing; one beyond the last adds.
   * @returns What is thought of the call now: `index` of the verdict is the last turn's.
   */
  replace(index: number, turn: Turn): TurnVerdict {
    this.#talk.replace(index, turn);
    return this.#judge();
  }

  #judge(): TurnVerdict {
    const seen = this.#seen();
    const sure = this.#mostSuspected(this.#model.sure, seen);
    const { scam } = this.#model.weights.thresholds;
    const isSure = sure.score >= scam;
    const early =
      isSure || this.#model.early === this.#model.sure ? sure : this.#mostSuspected(this.#model.early, seen);
    // What only the early head says never looks surer than what the sure one says.
    const score = isSure ? sure.score : Math.min(early.score, scam);
    const { head, side, features } = early;
    const { counts } = this.#talk.tallies[side];
    const { cueNames } = this.#model.matcher;
    const stage = stageOf(counts, cueNames, this.#talk.length);
    const state = this.#stateOf(score, isSure && isDamning(counts, cueNames));
    const wordings = this.#talk.wordings(side, head.words);
    const evidence = evidenceOf(this.#model, head, side, features, this.#talk.sightings(), wordings);
    const verdict: TurnVerdict = {
      index: this.#talk.length - 1,
      state,
      score: Math.round(score * 10_000) / 10_000,
      kind: state === "clear" ? "none" : this.#model.kindOf(features, (tables) => this.#talk.wordSum(side, tables)),
      stage,
      evidence: evidence.slice(0, MAX_EVIDENCE),
    };
    this.#verdict = verdict;
    if (this.#peak === undefined || verdict.score >= this.#peak.score) this.#peak = verdict;
    return verdict;
  }

  /** The sides that may be suspected, with what is there. */
  #seen(): Seen[] {
    const sides: readonly Side[] = this.#talk.agentCalled ? [0] : [0, 1];
    return sides.map((side) => {
      const [mine, others] = [this.#talk.tallies[side], this.#talk.tallies[side === 0 ? 1 : 0]];
      return { side, features: this.#model.space.active(mine.counts, others.counts, this.#talk.contextOf(side)) };
    });
  }

  #mostSuspected(head: Head, seen: readonly Seen[]): Suspected {
    return seen
      .map(({ side, features }): Suspected => {
        const words = this.#talk.wordSum(side, head.words);
        return { head, side, features, score: head.score(head.features.sum(features) + words) };
      })
      .reduce((most, other) => (other.score > most.score ? other : most));
  }

  /** `scam` takes more than a number. */
  #stateOf(score: number, isScam: boolean): ThreatState {
    const { suspicious, uncertain } = this.#model.weights.thresholds;
    if (isScam) return "scam";
    if (score >= suspicious) return "suspicious";
    return score >= uncertain ? "uncertain" : "clear";
  }
}
