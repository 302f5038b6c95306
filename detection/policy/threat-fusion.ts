import { THREAT_STATES, type JudgeVerdict, type ThreatState, type TurnVerdict } from "../model/threat.js";
import type { ThreatOptions } from "./threat-options.js";

/** What is known of one call, from each side; 0–1, absent where nothing is known. */
export interface ThreatParts {
  readonly speech?: TurnVerdict;
  readonly judge?: JudgeVerdict;
  readonly signalling?: number;
  readonly history?: number;
}

export interface FusedThreat {
  readonly score: number;
  readonly state: ThreatState;
}

type Weights = Pick<ThreatOptions, "signallingWeight" | "historyWeight" | "judgeWeight">;

/** Corroboration that counts: a trunk under attack, a caller with a past, a model that is sure. */
const STRONG = 0.5;

const rank = (state: ThreatState): number => THREAT_STATES.indexOf(state);

/** Facts, not words, speak strongly against this call: signalling, or what its caller did before. */
export function hasFacts({ signalling = 0, history = 0 }: ThreatParts, weights: Omit<Weights, "judgeWeight">): boolean {
  const byFacts = signalling * weights.signallingWeight > 0 && signalling >= STRONG;
  return byFacts || (history * weights.historyWeight > 0 && history >= STRONG);
}

/**
 * One score of all that is known. What was said leads; everything else can only raise it, each within its weight:
 * `1 − (1 − speech) · Π(1 − weight · part)`.
 *
 * The state is the classifier's, raised by at most one step, and only where something else speaks strongly (0.5 or more):
 * - The language model may raise up to `suspicious`, never to `scam`: it can be talked round by what it reads.
 * - Signalling and the caller's past are facts, so they may raise `suspicious` to `scam`.
 * - Without a word that is suspicious nothing becomes `scam`: masking has a policy of its own.
 */
export function fuse(parts: ThreatParts, weights: Weights): FusedThreat {
  const { speech, judge, signalling = 0, history = 0 } = parts;
  const said = speech?.score ?? 0;
  const others =
    (1 - weights.judgeWeight * (judge?.score ?? 0)) *
    (1 - weights.signallingWeight * signalling) *
    (1 - weights.historyWeight * history);
  const score = 1 - (1 - said) * others;
  const from = rank(speech?.state ?? "clear");
  const byModel = weights.judgeWeight > 0 && (judge?.score ?? 0) >= STRONG;
  let to = from;
  if (hasFacts(parts, weights)) to = from + 1;
  else if (byModel) to = Math.max(from, Math.min(from + 1, rank("suspicious")));
  if (from < rank("suspicious")) to = Math.min(to, rank("suspicious"));
  return { score, state: THREAT_STATES[Math.min(to, THREAT_STATES.length - 1)] as ThreatState };
}
