import { ThreatClassifier } from "../threat-classifier.js";
import type { ThreatThresholds, ThreatWeights } from "../weights.js";
import { judgeAll, type Outcome } from "./evaluation.js";
import type { LabelledDialogue } from "./stories.js";

export interface ThresholdSettings {
  /** Share of frauds to be warned of before they ask. */
  readonly warnedBefore: number;
  /** Honest dialogues that may be warned of for it, at most. */
  readonly honestWarned: number;
  /** Distance of `uncertain` below `suspicious`, and of `scam` and `end` above the highest honest score, as log odds. */
  readonly uncertainMargin: number;
  readonly scamMargin: number;
  readonly endMargin: number;
}

export const THRESHOLD_SETTINGS: ThresholdSettings = {
  warnedBefore: 0.9,
  honestWarned: 0.2,
  uncertainMargin: 0.8,
  scamMargin: 0.5,
  endMargin: 3,
};

const LEAST = 0.02;
const MOST = 0.9999;

/**
 * Chooses where states begin, on development dialogues that the weights were not trained on: `suspicious` so that frauds are warned
 * of before they ask, as far as honest calls allow; `scam` and `end` above every honest dialogue there, with a margin.
 */
export function chooseThresholds(
  weights: ThreatWeights,
  dialogues: readonly LabelledDialogue[],
  settings: ThresholdSettings,
): ThreatThresholds {
  // With all thresholds at 0 the state tells only whether there is something damning.
  const open = { uncertain: 0, suspicious: 0, scam: 0, end: 0 };
  const outcomes = judgeAll(new ThreatClassifier({ ...weights, thresholds: open }), dialogues);
  const honest = outcomes.filter(({ dialogue }) => dialogue.suspect === undefined);
  const frauds = outcomes.filter(({ dialogue }) => dialogue.suspect !== undefined);
  const before = frauds.flatMap((outcome) => highestBefore(outcome) ?? []).sort((a, b) => b - a);
  const honestHighest = honest.map((outcome) => highest(outcome, false)).sort((a, b) => b - a);
  const wanted = before[Math.ceil(before.length * settings.warnedBefore) - 1] ?? 0.5;
  const bearable = honestHighest[Math.floor(honestHighest.length * settings.honestWarned)] ?? 0.5;
  const suspicious = clamp(Math.max(wanted, bearable));
  const damningHonest = Math.max(0.5, suspicious, ...honest.map((outcome) => highest(outcome, true)));
  return {
    uncertain: clamp(shifted(suspicious, -settings.uncertainMargin)),
    suspicious,
    scam: clamp(shifted(damningHonest, settings.scamMargin)),
    end: clamp(shifted(damningHonest, settings.endMargin)),
  };
}

function highest({ verdicts }: Outcome, damning: boolean): number {
  return Math.max(0, ...verdicts.filter(({ state }) => !damning || state === "scam").map(({ score }) => score));
}

function highestBefore({ dialogue, verdicts }: Outcome): number | undefined {
  if (dialogue.requestTurn === undefined) return undefined;
  return Math.max(0, ...verdicts.slice(0, dialogue.requestTurn).map(({ score }) => score));
}

function shifted(score: number, logOdds: number): number {
  const inside = Math.min(MOST, Math.max(1 - MOST, score));
  return 1 / (1 + Math.exp(-(Math.log(inside / (1 - inside)) + logOdds)));
}

const clamp = (score: number): number => Math.round(Math.min(MOST, Math.max(LEAST, score)) * 10_000) / 10_000;
