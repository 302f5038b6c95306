import type { Evidence } from "../model/threat.js";
import type { Head } from "./head.js";
import type { ThreatModel } from "./threat-model.js";
import type { Wording } from "./wording.js";

/** Where a cue was last seen. */
export interface Sighting {
  readonly cue: number;
  readonly side: 0 | 1;
  readonly turn: number;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const LEAST_WEIGHT = 0.01;
/** What words that are no cue are called, and how many such pieces are shown. */
const WORDING = "wording";
const MOST_WORDINGS = 2;

/**
 * Shares each feature's weight out among the cues behind it; a pair's weight goes half to either group. Words that lift the score
 * though they are no cue are shown too, as `wording`: no score rises without something to show.
 * @param sightings By cue × 2 + side.
 * @param talk What the words add.
 * @returns Strongest first; weights are parts of the whole, so their absolute values sum to at most 1.
 */
export function evidenceOf(
  model: ThreatModel,
  head: Head,
  suspect: 0 | 1,
  features: readonly number[],
  sightings: ReadonlyMap<number, Sighting>,
  talk: { readonly wordings: readonly Wording[]; readonly weight: number },
): Evidence[] {
  const weights = new Map<number, number>();
  let whole = talk.weight;
  for (const feature of features) {
    const weight = head.features.weightOf(feature);
    if (weight === 0) continue;
    whole += Math.abs(weight);
    const sources = model.space.sourcesOf(feature);
    for (const { side, cues } of sources) {
      const base = side === "S" ? suspect : suspect === 0 ? 1 : 0;
      const seen = cues.filter((cue) => sightings.has(cue * 2 + base));
      for (const cue of seen) {
        const key = cue * 2 + base;
        weights.set(key, (weights.get(key) ?? 0) + weight / sources.length / seen.length);
      }
    }
  }
  const evidence: Evidence[] = [];
  for (const [key, weight] of weights) {
    const sighting = sightings.get(key);
    const share = weight / Math.max(whole, 1);
    if (sighting === undefined || Math.abs(share) < LEAST_WEIGHT) continue;
    const { turn, start, end, text, cue } = sighting;
    const name = model.matcher.cueNames[cue] ?? "";
    evidence.push({ turn, start, end, text, cue: name, weight: Math.round(share * 1000) / 1000 });
  }
  const strongest = [...talk.wordings].sort((a, b) => b.adds - a.adds).slice(0, MOST_WORDINGS);
  for (const { adds, ...place } of strongest) {
    const weight = Math.round((adds / Math.max(whole, 1)) * 1000) / 1000;
    if (weight >= LEAST_WEIGHT) evidence.push({ ...place, cue: WORDING, weight });
  }
  return evidence.sort((a, b) => strength(b) - strength(a));
}

/** Weights are rounded to thousandths, so that equals keep the order of their turns. */
const strength = ({ weight, turn }: Evidence): number => Math.abs(weight) * 1e7 - turn;
