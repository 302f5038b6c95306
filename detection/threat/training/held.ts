import type { ScoredSample } from "./calibration.js";

/** The sums after a turn, each of the side that this head suspects more. */
export interface HeldTurn {
  readonly early: number;
  readonly sure: number;
  /** Whether there is something to show against the side that the sure head suspects. */
  readonly damning: boolean;
}

/** What a dialogue got, turn by turn, from weights that had seen neither its author nor its family. */
export interface HeldDialogue {
  /** undefined: our own. */
  readonly author: string | undefined;
  readonly language: string;
  readonly fraud: boolean;
  readonly turns: readonly HeldTurn[];
  readonly requestTurn: number | undefined;
}

/** The highest sum of the early head: of a fraud in the turns before it asks, of an honest call at any time. */
export function highestBefore({ turns, requestTurn }: HeldDialogue): number {
  return turns.slice(0, requestTurn).reduce((most, { early }) => Math.max(most, early), -Infinity);
}

/** The highest sum of the sure head in a turn with something damning to show; undefined where there is none. */
export function highestDamning({ turns }: HeldDialogue): number | undefined {
  const damning = turns.filter((turn) => turn.damning).map(({ sure }) => sure);
  return damning.length === 0 ? undefined : Math.max(...damning);
}

/** Every beginning, each dialogue weighing the same, in the mix that the score should be right for. */
export function calibrationSamples(
  held: readonly HeldDialogue[],
  head: "early" | "sure",
  honestPerFraud: number,
): ScoredSample[] {
  const frauds = held.filter(({ fraud }) => fraud).length;
  const honestWeight = (honestPerFraud * frauds) / Math.max(1, held.length - frauds);
  return held.flatMap(({ fraud, turns }) =>
    turns.map((turn): ScoredSample => ({
      sum: turn[head],
      label: fraud ? 1 : 0,
      weight: (fraud ? 1 : honestWeight) / turns.length,
    })),
  );
}
