import type { CallerProof, CdrIdentity } from "../../../detection/index.js";
import { sameParty, type PassportParty } from "../../sip/identity/passport.js";
import type { Verstat } from "../../sip/identity/verstat.js";
import type { IdentityReason, JudgedIdentity } from "./identity-contracts.js";

export const ABSENT: CdrIdentity = { verdict: "absent" };

export const failedFor = (reason: IdentityReason): CdrIdentity => ({ verdict: "failed", reason });

export const unverified = (reason: IdentityReason): CdrIdentity => ({ verdict: "unverified", reason });

/**
 * TS 24.229 §7.2A.20: what the called side is told of one number. `Passed` only of the one that was signed for: a request names
 * several callers (From, P-Asserted-Identity), and a signature for one of them says nothing of the others.
 * @param party Whom the header value names.
 */
export function verstatOf({ identity, signedFor }: JudgedIdentity, party: PassportParty | undefined): Verstat {
  if (identity.verdict === "failed") return "TN-Validation-Failed";
  const isSigned = signedFor !== undefined && party !== undefined && sameParty(signedFor, party);
  return identity.verdict === "verified" && isSigned ? "TN-Validation-Passed" : "No-TN-Validation";
}

const SIGNATURES = { verified: "valid", failed: "invalid", absent: "absent", unverified: "unknown" } as const;

/**
 * What is known of a call's signature when another system asks about it. Who judged a signature counts; one that found none, or could
 * not judge it, may not have seen all.
 * @param said By the system that asks.
 * @param found By the hop, which carries the call; undefined: nobody looked.
 */
export function proofOf(said: CallerProof | undefined, found: CdrIdentity | undefined): CallerProof {
  if (said?.signature === "valid" || said?.signature === "invalid") return said;
  if (found === undefined) return said ?? { signature: "unknown" };
  const { verdict, attest } = found;
  return { signature: SIGNATURES[verdict], ...(attest === undefined ? {} : { attestation: attest }) };
}

/** Value of X-Ringfence-Identity: `verified;attest=A;origid=…`, `failed;reason=signature`, `absent`. */
export function identityHeader({ verdict, attest, origid, reason, diverted }: CdrIdentity): string {
  return [
    verdict,
    ...(attest === undefined ? [] : [`attest=${attest}`]),
    ...(origid === undefined || !/^[\w-]+$/.test(origid) ? [] : [`origid=${origid}`]),
    ...(reason === undefined ? [] : [`reason=${reason}`]),
    ...(diverted === true ? ["diverted"] : []),
  ].join(";");
}

/** RFC 8224 §6.2.2 */
const REFUSALS: Readonly<Record<string, readonly [status: number, reason: string]>> = {
  stale: [403, "Stale Date"],
  info: [436, "Bad Identity Info"],
  "certificate-url": [436, "Bad Identity Info"],
  "certificate-unreachable": [436, "Bad Identity Info"],
  certificate: [437, "Unsupported Credential"],
  authority: [437, "Unsupported Credential"],
};

/**
 * The answer to a call that is refused for its identity. What could not be judged is never refused.
 * @returns Undefined: it goes on.
 */
export function refusalOf(
  identity: CdrIdentity,
  { onFailure, onAbsent }: { readonly onFailure: "pass" | "refuse"; readonly onAbsent: "pass" | "refuse" },
): readonly [status: number, reason: string] | undefined {
  if (identity.verdict === "absent" && onAbsent === "refuse") return [428, "Use Identity Header"];
  if (identity.verdict !== "failed" || onFailure === "pass") return undefined;
  return REFUSALS[identity.reason ?? ""] ?? [438, "Invalid Identity Header"];
}
