import type { CdrIdentity, Decision } from "../../detection/index.js";

/** Part of an attack, but let through: its rule is in shadow, its number guarded or busy by habit. */
const SUSPECTED = 0.5;
/** A rule would have refused it. */
const WOULD_BE_REFUSED = 0.8;
/** Its signed caller identity does not hold: spoofed, or broken by somebody on its way. */
const IDENTITY_FAILED = 0.5;
/** Nobody vouches for its caller, or only whoever let it in from abroad. */
const NOT_VOUCHED_FOR = 0.1;

/**
 * How much signalling suspects a call, 0–1, by what detection said of its INVITE and what its signed caller identity is worth.
 * Calls that were refused are never heard; of those
 * that go on, the ones with the lowest risk lose transcription first when the CPU is short.
 */
export function riskOf({ detected, wouldRefuse, verdict }: Decision, identity?: CdrIdentity): number {
  if (verdict === "refuse") return 1;
  if (wouldRefuse) return WOULD_BE_REFUSED;
  return Math.max(detected ? SUSPECTED : 0, identity === undefined ? 0 : identityRisk(identity));
}

function identityRisk({ verdict, attest }: CdrIdentity): number {
  if (verdict === "failed") return IDENTITY_FAILED;
  return verdict === "verified" && attest !== "C" ? 0 : NOT_VOUCHED_FOR;
}
