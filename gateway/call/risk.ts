import type { Decision } from "../../detection/index.js";

/** Part of an attack, but let through: its rule is in shadow, its number guarded or busy by habit. */
const SUSPECTED = 0.5;
/** A rule would have refused it. */
const WOULD_BE_REFUSED = 0.8;

/**
 * How much signalling suspects a call, 0–1, by what detection said of its INVITE. Calls that were refused are never heard; of those
 * that go on, the ones with the lowest risk lose transcription first when the CPU is short.
 */
export function riskOf({ detected, wouldRefuse, verdict }: Decision): number {
  if (verdict === "refuse") return 1;
  if (wouldRefuse) return WOULD_BE_REFUSED;
  return detected ? SUSPECTED : 0;
}
