import type { ThreatStage } from "../model/threat.js";
import type { CueCounts } from "./features.js";

const STAGE_OF_GROUP: Readonly<Record<string, ThreatStage>> = {
  claim: "contact",
  pretext: "pretext",
  pressure: "pressure",
  request: "request",
};
const RISING: readonly ThreatStage[] = ["none", "contact", "pretext", "pressure", "request"];

/** How far the suspected side has got: the furthest stage that one of its cues belongs to. It does not fall back. */
export function stageOf(counts: CueCounts, cueNames: readonly string[], turns: number): ThreatStage {
  let furthest = turns > 0 ? 1 : 0;
  cueNames.forEach((name, cue) => {
    if ((counts[cue] ?? 0) === 0) return;
    const stage = STAGE_OF_GROUP[name.slice(0, name.indexOf("."))];
    if (stage !== undefined) furthest = Math.max(furthest, RISING.indexOf(stage));
  });
  return RISING[furthest] ?? "none";
}
