import type { UnixMs } from "../../core/time.js";
import type { CertificateFault, IdentityCertificates } from "../../ports/identity-certificates.js";
import type { IdentityCrypto } from "../../ports/identity-crypto.js";
import { divChain } from "../../sip/identity/div-chain.js";
import { isFresh } from "../../sip/identity/freshness.js";
import { sameParty, type Passport, type PassportParty } from "../../sip/identity/passport.js";
import { coversTn } from "../../sip/identity/tn-auth-list.js";
import type { CdrIdentity, IdentityReason, JudgedIdentity } from "./identity-contracts.js";
import { ABSENT, failedFor, unverified } from "./identity-facts.js";
import { readIdentities } from "./read-identities.js";

export interface VerifierOptions {
  /** How far a PASSporT's time and the Date may be from now, ms. RFC 8224 §6.2 step 4 recommends 60 s. */
  readonly freshnessMs: number;
  /** `info` and `x5u` have to be the same. */
  readonly strictInfo: boolean;
  /** A certificate has to say whose numbers it is for. RFC 8226 §9, ATIS-1000080 §6.4.1 */
  readonly requireTnAuthList: boolean;
}

/** What is verified, and against what. */
export interface ClaimedIdentity {
  /** The trunk by which the call came. */
  readonly trunk: string;
  /** Identity values as received, one each. */
  readonly values: readonly string[];
  /** Who calls; any of them may be signed for. */
  readonly callers: readonly PassportParty[];
  /** Whom the call is for; one of them has to be signed for, or `div` PASSporTs have to lead there. */
  readonly targets: readonly PassportParty[];
  /** Whom it was for before, where the trunk's word counts for that. */
  readonly formerTargets: readonly PassportParty[];
  /** The Date header field; undefined: none, or unreadable. */
  readonly dateMs: number | undefined;
  readonly at: UnixMs;
}

const CERTIFICATE_REASONS: Readonly<Record<CertificateFault, IdentityReason>> = {
  url: "certificate-url",
  address: "certificate-url",
  unreachable: "certificate-unreachable",
  "too-large": "certificate-unreachable",
  busy: "busy",
  content: "certificate",
  untrusted: "certificate",
  expired: "certificate",
  "not-yet-valid": "certificate",
};

/** Judges signed caller identities. RFC 8224 §6.2, RFC 8588, RFC 8946 §4.2. PASSporTs that were seen before are not remembered. */
export class IdentityVerifier {
  readonly #options: VerifierOptions;
  readonly #certificates: IdentityCertificates;
  readonly #crypto: IdentityCrypto;

  constructor(options: VerifierOptions, certificates: IdentityCertificates, crypto: IdentityCrypto) {
    this.#options = options;
    this.#certificates = certificates;
    this.#crypto = crypto;
  }

  /**
   * One good signature is enough; without one the first reason counts.
   * @param isWanted False once nobody waits any more: no further certificate is asked for.
   */
  async verify(claimed: ClaimedIdentity, isWanted: () => boolean = () => true): Promise<JudgedIdentity> {
    if (claimed.values.length === 0) return nobody(ABSENT);
    const [orig] = claimed.callers;
    const [dest] = claimed.targets;
    const read = readIdentities(claimed.values, { orig, dest, dateMs: claimed.dateMs });
    let first: IdentityReason | undefined;
    for (const { passport, info } of read.callers) {
      if (!isWanted()) return nobody(unverified("time-out"));
      const outcome = await this.#judge(passport, info, read.divs, claimed);
      if (typeof outcome !== "string") return outcome;
      first ??= outcome;
    }
    const reason = first ?? read.fault;
    if (reason === "busy") return nobody(unverified("busy"));
    if (reason !== undefined) return nobody(failedFor(reason));
    return nobody(read.divs.length > 0 ? failedFor("claims") : unverified("unsupported"));
  }

  async #judge(
    passport: Passport,
    info: string | undefined,
    divs: readonly Passport[],
    { trunk, callers, targets, formerTargets, dateMs, at }: ClaimedIdentity,
  ): Promise<JudgedIdentity | IdentityReason> {
    const { freshnessMs, strictInfo } = this.#options;
    if (strictInfo && info !== undefined && info !== passport.x5u) return "info";
    if (!callers.some((caller) => sameParty(caller, passport.orig))) return "orig";
    const direct = divChain(passport, divs, targets);
    const chain = direct ?? divChain(passport, divs, formerTargets);
    if (chain === undefined) return "dest";
    const all = [passport, ...chain];
    if (!all.every(({ iat }) => isFresh(iat, dateMs, at, freshnessMs))) return "stale";
    const reasons = await Promise.all(all.map((each) => this.#reasonAgainst(each, at, trunk)));
    const reason = reasons.find((each) => each !== undefined);
    if (reason !== undefined) return reason;
    const { attest, origid, orig } = passport;
    const identity: CdrIdentity = {
      verdict: "verified",
      ...(attest === undefined ? {} : { attest }),
      ...(origid === undefined ? {} : { origid }),
      ...(chain.length > 0 || direct === undefined ? { diverted: true } : {}),
    };
    return { identity, signedFor: orig };
  }

  /** Certificate, authority over the number, signature. @returns Undefined: it holds. */
  async #reasonAgainst(passport: Passport, at: UnixMs, trunk: string): Promise<IdentityReason | undefined> {
    const { x5u, orig, div, signingInput, signature } = passport;
    const found = await this.#certificates.find(x5u, at, trunk);
    if (!found.ok) return CERTIFICATE_REASONS[found.error];
    // It is valid now, and the PASSporT's own time is no further from now than clocks are (RFC 8224 §6.2 step 4).
    const { spki, tnAuthList } = found.value;
    // Who sends a call on answers for the number that it was sent on from. RFC 8946 §4.1
    const owner = div ?? orig;
    if (
      tnAuthList === undefined
        ? this.#options.requireTnAuthList
        : owner.kind === "tn" && !coversTn(tnAuthList, owner.tn)
    )
      return "authority";
    return (await this.#crypto.verifyEs256(spki, signingInput, signature)) ? undefined : "signature";
  }
}

const nobody = (identity: CdrIdentity): JudgedIdentity => ({ identity, signedFor: undefined });
