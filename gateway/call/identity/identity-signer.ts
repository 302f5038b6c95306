import type { CdrIdentity } from "../../../detection/index.js";
import type { Clock } from "../../core/clock.js";
import type { Log } from "../../core/log.js";
import type { Counter, Metrics } from "../../core/metrics.js";
import type { Random } from "../../core/random.js";
import type { IdentityCrypto } from "../../ports/identity-crypto.js";
import type { HeaderEntries } from "../../ports/sip-endpoint.js";
import { divInput, joinSignature, shakenInput } from "../../sip/identity/build-passport.js";
import { lastOfChain } from "../../sip/identity/div-chain.js";
import { formatSipDate } from "../../sip/identity/freshness.js";
import { formatIdentity } from "../../sip/identity/identity-header.js";
import { sameParty, type Attestation, type PassportParty } from "../../sip/identity/passport.js";
import { tnOf } from "../../sip/identity/telephone-number.js";
import type { TrunkSigning } from "./identity-contracts.js";
import { readIdentities } from "./read-identities.js";

/** The call that is to be signed. */
export interface CallToSign {
  /** Canonical, as the call counts for it: only E.164 numbers (with `+`) are signed. */
  readonly caller: string;
  readonly target: PassportParty | undefined;
  /** Identity values that are there already. */
  readonly values: readonly string[];
  /** The Date header field; undefined: none, or unreadable. */
  readonly dateMs: number | undefined;
  /** What verification said; undefined: nobody looked. */
  readonly verified: CdrIdentity | undefined;
}

export interface SignerDeps {
  readonly crypto: IdentityCrypto;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Header fields that a signed call leaves with. */
export interface SignedHeaders {
  readonly identity: string;
  /** Set where the request's Date is missing or too far off. RFC 8224 §6.1 step 3 */
  readonly date: string | undefined;
}

interface Claim {
  readonly ppt: "shaken" | "div";
  readonly attest: Attestation | undefined;
  readonly input: string;
}

/**
 * Signs calls on their way out. RFC 8224 §6.1, RFC 8588. What is signed already passes untouched; where such a call was sent on to
 * another number, a `div` PASSporT joins it (RFC 8946), but for one whose signature failed.
 */
export class IdentitySigner {
  readonly #x5u: string;
  readonly #freshnessMs: number;
  readonly #deps: SignerDeps;
  readonly #signed: Counter;

  /**
   * @param x5u Where our certificate is.
   * @param freshnessMs A Date that is further off than this is replaced, ms.
   */
  constructor(x5u: string, freshnessMs: number, deps: SignerDeps) {
    this.#x5u = x5u;
    this.#freshnessMs = freshnessMs;
    this.#deps = deps;
    this.#signed = deps.metrics.counter("ringfence_identity_signed_total", "PASSporTs that we made", ["ppt", "attest"]);
  }

  /** Whether there is anything to sign; cheap. */
  wants(call: CallToSign, signing: TrunkSigning): boolean {
    return this.#claim(call, signing) !== undefined;
  }

  /** @returns Undefined: the call goes as it is. Never rejects. */
  async sign(call: CallToSign, signing: TrunkSigning): Promise<SignedHeaders | undefined> {
    const claim = this.#claim(call, signing);
    if (claim === undefined) return undefined;
    const { crypto, clock, log } = this.#deps;
    try {
      const signature = await crypto.signEs256(Buffer.from(claim.input, "latin1"));
      this.#signed.labels(claim.ppt, claim.attest ?? "").inc();
      const identity = formatIdentity(joinSignature(claim.input, signature), this.#x5u, claim.ppt);
      const now = clock.unix();
      const isTimely = call.dateMs !== undefined && Math.abs(now - call.dateMs) <= this.#freshnessMs;
      // The Date belongs to what others have signed.
      const keeps = isTimely || (call.values.length > 0 && call.dateMs !== undefined);
      return { identity, date: keeps ? undefined : formatSipDate(now) };
    } catch (fault) {
      log.error("identity.not-signed", {}, fault);
      return undefined;
    }
  }

  #claim(call: CallToSign, signing: TrunkSigning): Claim | undefined {
    return call.values.length === 0 ? this.#shaken(call, signing) : this.#div(call, signing);
  }

  #shaken({ caller, target }: CallToSign, { ownNumbers, others, origid }: TrunkSigning): Claim | undefined {
    const tn = caller.startsWith("+") ? tnOf(caller) : undefined;
    if (tn === undefined || target?.kind !== "tn") return undefined;
    const attest = isOwn(caller, ownNumbers) ? "A" : others;
    if (attest === "none") return undefined;
    const input = shakenInput({
      x5u: this.#x5u,
      iat: this.#now(),
      orig: { kind: "tn", tn },
      dest: [target],
      attest,
      origid: origid ?? this.#uuid(),
    });
    return { ppt: "shaken", attest, input };
  }

  /** Whoever signs a redirection answers for the number that it was sent on from. RFC 8946 §4.1 */
  #div({ target, values, verified }: CallToSign, { div, ownNumbers }: TrunkSigning): Claim | undefined {
    if (!div || target === undefined || (verified !== undefined && verified.verdict !== "verified")) return undefined;
    const { callers, divs } = readIdentities(values, { orig: undefined, dest: undefined, dateMs: undefined });
    const first = callers[0]?.passport;
    if (first === undefined) return undefined;
    const last = lastOfChain(first, divs);
    const from = last.dest.find((dest) => dest.kind === "tn" && isOwn(`+${dest.tn}`, ownNumbers));
    if (from === undefined || last.dest.some((dest) => sameParty(dest, target))) return undefined;
    const input = divInput({ x5u: this.#x5u, iat: this.#now(), orig: first.orig, dest: [target], div: from });
    return { ppt: "div", attest: undefined, input };
  }

  #now(): number {
    return Math.floor(this.#deps.clock.unix() / 1000);
  }

  /** RFC 9562 §5.4 */
  #uuid(): string {
    const hex = this.#deps.random.token(16);
    const variant = "89ab"[Number.parseInt(hex.charAt(16), 16) % 4] ?? "8";
    return [
      hex.slice(0, 8),
      hex.slice(8, 12),
      `4${hex.slice(13, 16)}`,
      variant + hex.slice(17, 20),
      hex.slice(20, 32),
    ].join("-");
  }
}

const isOwn = (number: string, ownNumbers: readonly string[]): boolean =>
  ownNumbers.some((own) => number.startsWith(own));

/** Both as header fields. */
export function headersOf({ identity, date }: SignedHeaders): HeaderEntries {
  return [["Identity", identity], ...(date === undefined ? [] : [["Date", date] as const])];
}
