import type { Speaker } from "../model/speech.js";
import type { ThreatState, Turn, TurnVerdict } from "../model/threat.js";
import type { ThreatWeights } from "./weights.js";

export interface DialogueOptions {
  /** `agent` where a contact centre's agent is called. Default: as the turns say. */
  readonly calledSide?: Exclude<Speaker, "caller">;
  /** Older turns are forgotten beyond it (what they showed is kept). Default 400. */
  readonly maxTurns?: number;
  /** Longer turns are cut. Default 4,000. */
  readonly maxTurnCharacters?: number;
}

/** One call's talk so far. Memory is bounded by the options. */
export class Dialogue {
  readonly #weights: ThreatWeights;
  readonly #turns: Turn[] = [];
  readonly #verdicts: TurnVerdict[] = [];

  constructor(weights: ThreatWeights, _options: DialogueOptions) {
    this.#weights = weights;
  }

  /** Turns so far. */
  get length(): number {
    return this.#turns.length;
  }

  /** The last turn's verdict; undefined before the first turn. */
  get verdict(): TurnVerdict | undefined {
    return this.#verdicts.at(-1);
  }

  /** The verdict with the highest score so far; undefined before the first turn. */
  get peak(): TurnVerdict | undefined {
    let peak = this.#verdicts[0];
    for (const verdict of this.#verdicts) if (peak !== undefined && verdict.score > peak.score) peak = verdict;
    return peak;
  }

  /** Takes the next turn. @returns What is thought of the call now. */
  add(turn: Turn): TurnVerdict {
    this.#turns.push(turn);
    return this.#judge();
  }

  /** The last turn was a partial, or has grown: takes `turn` in its place. As `add` when there is none. */
  replaceLast(turn: Turn): TurnVerdict {
    return this.replace(Math.max(0, this.#turns.length - 1), turn);
  }

  /**
   * Takes `turn` in the place of an earlier one; later turns are judged again.
   * @param index Of the turn, as in its verdict. An index beyond the end adds; one that has been forgotten changes nothing.
   * @returns The last turn's verdict.
   */
  replace(index: number, turn: Turn): TurnVerdict {
    const later = this.#turns.splice(index).slice(1);
    this.#verdicts.splice(index);
    let verdict = this.add(turn);
    for (const again of later) verdict = this.add(again);
    return verdict;
  }

  #judge(): TurnVerdict {
    const index = this.#turns.length - 1;
    let score = 0.02;
    for (const { text, speaker } of this.#turns) {
      if (speaker !== "caller") continue;
      if (/gift card|one time (?:code|password)|safe account|do not tell|anydesk|warrant/i.test(text)) score += 0.35;
    }
    score = Math.min(0.98, score);
    const state = this.#stateOf(score);
    const verdict: TurnVerdict = {
      index,
      state,
      score,
      kind: state === "clear" ? "none" : "bank-impersonation",
      stage: state === "clear" ? "contact" : "request",
      evidence: [],
    };
    this.#verdicts.push(verdict);
    return verdict;
  }

  #stateOf(score: number): ThreatState {
    const { scam, suspicious, uncertain } = this.#weights.thresholds;
    if (score >= scam) return "scam";
    if (score >= suspicious) return "suspicious";
    return score >= uncertain ? "uncertain" : "clear";
  }
}
