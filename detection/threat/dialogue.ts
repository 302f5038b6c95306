import type { ThreatState, Turn, TurnVerdict } from "../model/threat.js";
import { evidenceOf } from "./evidence.js";
import { HeardTalk, type Side, type TalkOptions } from "./heard-talk.js";
import { stageOf } from "./stage.js";
import { isDamning } from "./telltales.js";
import type { ThreatModel } from "./threat-model.js";

export type DialogueOptions = TalkOptions;

const MAX_EVIDENCE = 8;

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
    this.#talk = new HeardTalk(model.matcher, model.words, options);
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
    const caller = this.#suspect(0);
    const called = this.#talk.agentCalled ? undefined : this.#suspect(1);
    const side: Side = called !== undefined && called.sum > caller.sum ? 1 : 0;
    const { sum, features } = side === 1 && called !== undefined ? called : caller;
    const score = this.#model.calibrated(sum);
    const { counts } = this.#talk.tallies[side];
    const { cueNames } = this.#model.matcher;
    const stage = stageOf(counts, cueNames, this.#talk.length);
    const state = this.#stateOf(score, isDamning(counts, cueNames));
    const verdict: TurnVerdict = {
      index: this.#talk.length - 1,
      state,
      score: Math.round(score * 10_000) / 10_000,
      kind: state === "clear" ? "none" : this.#model.kindOf(features),
      stage,
      evidence: evidenceOf(this.#model, side, features, this.#talk.sightings()).slice(0, MAX_EVIDENCE),
    };
    this.#verdict = verdict;
    if (this.#peak === undefined || verdict.score >= this.#peak.score) this.#peak = verdict;
    return verdict;
  }

  #suspect(side: Side): { sum: number; features: readonly number[] } {
    const suspect = this.#talk.tallies[side];
    const other = this.#talk.tallies[side === 0 ? 1 : 0];
    const context = { called: side === 1, otherIsAgent: side === 0 && this.#talk.agentCalled };
    const features = this.#model.space.active(suspect.counts, other.counts, context);
    return { sum: this.#model.sum(features) + suspect.wordSum(true) + other.wordSum(false), features };
  }

  /** `scam` takes more than a number. */
  #stateOf(score: number, damning: boolean): ThreatState {
    const { scam, suspicious, uncertain } = this.#model.weights.thresholds;
    if (score >= scam && damning) return "scam";
    if (score >= suspicious) return "suspicious";
    return score >= uncertain ? "uncertain" : "clear";
  }
}
