/** What a switch is told to do with a call: the weakest first. */
export const VERDICTS = ["allow", "warn", "screen", "block"] as const;
export type Verdict = (typeof VERDICTS)[number];

export type VerdictReason =
  /** Nothing stands against it. */
  | "none"
  /** An emergency call: let through, whatever else is known. */
  | "emergency"
  /** It belongs to an attack that is under way. */
  | "masking"
  /** A block names it. */
  | "blocked"
  /** It would have been refused, but for shadow mode, a guard list or a learned baseline. */
  | "would-refuse"
  /** The caller was heard to be a fraud before. */
  | "known-fraud"
  /** The signature of its identity is missing or does not hold. */
  | "identity"
  | "anonymous"
  /** Never seen before. */
  | "unknown-caller"
  /** No verdict could be had; it is let through. */
  | "unavailable";

/** What is known of the caller's signed identity (RFC 8224). */
export interface CallerProof {
  /** `unknown`: nobody looked, or the check itself failed. */
  readonly signature: "valid" | "invalid" | "absent" | "unknown";
  /** RFC 8588 §4: full, partial, gateway. */
  readonly attestation?: "A" | "B" | "C";
}
