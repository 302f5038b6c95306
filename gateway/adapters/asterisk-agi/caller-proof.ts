import type { CallerProof } from "../../../detection/index.js";

/** Nobody's fault but the verifier's: the call is neither better nor worse for it. */
const NOT_JUDGED: ReadonlySet<string> = new Set(["disabled", "invalid_arguments", "internal_error"]);
const ABSENT: ReadonlySet<string> = new Set([
  "absent",
  "none",
  "no-tn-validation",
  "missing_identity_hdr",
  "verification not present",
]);
const VALID = /^(?:valid|passed|success|verification passed|tn-validation-passed)(?:-([abc]))?$/;

/**
 * What the dialplan says of the caller's signature: `verify_result` of Asterisk's STIR_SHAKEN function (words before and after 22),
 * or a verstat value (3GPP TS 24.229). Any other word is a signature that does not hold.
 *
 * @returns Undefined where nothing was said.
 */
export function callerProof(verified: string | undefined, attest: string | undefined): CallerProof | undefined {
  const word = verified?.trim().toLowerCase();
  if (word === undefined) return undefined;
  const match = VALID.exec(word);
  const signature =
    match !== null ? "valid" : ABSENT.has(word) ? "absent" : NOT_JUDGED.has(word) ? "unknown" : "invalid";
  const attestation = attestationOf(match?.[1] ?? attest);
  return attestation === undefined || signature !== "valid" ? { signature } : { signature, attestation };
}

function attestationOf(text: string | undefined): CallerProof["attestation"] {
  const letter = text?.trim().toUpperCase();
  return letter === "A" || letter === "B" || letter === "C" ? letter : undefined;
}
