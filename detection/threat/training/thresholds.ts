import type { ThreatThresholds, ThreatWeights } from "../weights.js";
import { highestBefore, highestDamning, type HeldDialogue } from "./held.js";

export interface ThresholdSettings {
  /** Honest dialogues that may be warned of, at most: the mean of authors' shares. */
  readonly honestWarned: number;
  /** Honest dialogues that may lie above the score from which `scam` and `end` keep their distance. */
  readonly honestBeyond: number;
  /** Distance of `uncertain` below `suspicious`, and of `scam` and `end` above that score, as log odds. */
  readonly uncertainMargin: number;
  readonly scamMargin: number;
  readonly endMargin: number;
}

export const THRESHOLD_SETTINGS: ThresholdSettings = {
  honestWarned: 0.11,
  honestBeyond: 0.001,
  uncertainMargin: 0.8,
  scamMargin: 0.5,
  endMargin: 2,
};

type Calibration = ThreatWeights["calibration"];

const LEAST = 0.02;
const MOST = 0.9999;

/**
 * Chooses where states begin, on dialogues whose authors the weights had not read: `suspicious` as low as honest calls allow; `scam`
 * and `end` above all but very few honest dialogues there, with a margin.
 */
export function chooseThresholds(
  held: readonly HeldDialogue[],
  calibrations: Readonly<Record<"early" | "sure", Calibration>>,
  settings: ThresholdSettings,
): ThreatThresholds {
  const honest = held.filter(({ fraud }) => !fraud);
  const suspicious = clamp(score(calibrations.early, sumWarning(honest, settings.honestWarned)));
  const damning = honest.flatMap((dialogue) => highestDamning(dialogue) ?? []).sort((a, b) => b - a);
  const highest = damning[Math.floor(honest.length * settings.honestBeyond)] ?? -Infinity;
  const damningHonest = Math.max(0.5, suspicious, score(calibrations.sure, highest));
  return {
    uncertain: clamp(shifted(suspicious, -settings.uncertainMargin)),
    suspicious,
    scam: clamp(shifted(damningHonest, settings.scamMargin)),
    end: clamp(shifted(damningHonest, settings.endMargin)),
  };
}

/** The lowest sum from which on no more than that share of honest dialogues is warned of, every author counting the same. */
function sumWarning(honest: readonly HeldDialogue[], honestWarned: number): number {
  const perAuthor = new Map<string | undefined, number>();
  for (const { author } of honest) perAuthor.set(author, (perAuthor.get(author) ?? 0) + 1);
  const highest = honest
    .map((dialogue) => ({
      sum: highestBefore(dialogue),
      share: 1 / perAuthor.size / (perAuthor.get(dialogue.author) ?? 1),
    }))
    .sort((a, b) => b.sum - a.sum);
  let warned = 0;
  for (const { sum, share } of highest) {
    warned += share;
    if (warned > honestWarned) return sum;
  }
  return 0;
}

const score = ({ slope, offset }: Calibration, sum: number): number => 1 / (1 + Math.exp(-(slope * sum + offset)));

function shifted(score: number, logOdds: number): number {
  const inside = Math.min(MOST, Math.max(1 - MOST, score));
  return 1 / (1 + Math.exp(-(Math.log(inside / (1 - inside)) + logOdds)));
}

const clamp = (score: number): number => Math.round(Math.min(MOST, Math.max(LEAST, score)) * 10_000) / 10_000;
