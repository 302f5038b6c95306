import { decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from "jose";
import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import type { Log } from "../../core/log.js";
import type { Counter, Metrics } from "../../core/metrics.js";
import { fail, ok, type Result } from "../../core/result.js";
import type { TokenRefusal, TokenVerifier, VerifiedToken } from "../../ports/token-verifier.js";
import { IssuerKeys } from "./issuer-keys.js";
import type { OidcOptions } from "./oidc-options.js";

const MOST_TOKEN_CHARS = 8_192;
const MOST_SUBJECT_CHARS = 255;
/** Access tokens (RFC 9068 §4) and issuers that say no more than that it is a token. Not `logout+jwt`, `dpop+jwt` and such. */
const TYPES: ReadonlySet<string> = new Set(["at+jwt", "application/at+jwt", "jwt"]);

/** Checks signed tokens (RFC 7519, RFC 8725) against one issuer: header first, then the key, the signature, the claims. */
export class OidcVerifier implements TokenVerifier {
  readonly #options: OidcOptions;
  readonly #clock: Clock;
  readonly #keys: IssuerKeys;
  readonly #judged: Counter;

  constructor(
    options: OidcOptions,
    { clock, log, metrics }: { readonly clock: Clock; readonly log: Log; readonly metrics: Metrics },
  ) {
    this.#options = options;
    this.#clock = clock;
    this.#keys = new IssuerKeys(options, clock, log);
    this.#judged = metrics.counter(
      "ringfence_oidc_tokens_total",
      "Bearer tokens that were judged, by outcome: accepted, or why not",
      ["outcome"],
    );
  }

  /** False: the issuer's keys could not be fetched the last time. */
  get healthy(): boolean {
    return this.#keys.healthy;
  }

  async verify(token: string): Promise<Result<VerifiedToken, TokenRefusal>> {
    const verdict = await this.#judge(token);
    this.#judged.labels(verdict.ok ? "accepted" : verdict.error).inc();
    return verdict;
  }

  async #judge(token: string): Promise<Result<VerifiedToken, TokenRefusal>> {
    const { issuer, audiences, algorithms, clockSkewMs, maxTokenAgeMs } = this.#options;
    const refusal = this.#headerRefusal(token);
    if (refusal !== undefined) return fail(refusal);
    try {
      const { payload } = await jwtVerify(token, this.#keys.find, {
        issuer,
        audience: [...audiences],
        algorithms: [...algorithms],
        clockTolerance: clockSkewMs / 1_000,
        currentDate: new Date(this.#clock.unix()),
        requiredClaims: ["exp", "sub"],
        ...(maxTokenAgeMs === 0 ? {} : { maxTokenAge: maxTokenAgeMs / 1_000 }),
      });
      return subjectOf(payload);
    } catch (error) {
      return fail(refusalOf(error));
    }
  }

  /** What needs no key and no signature is looked at before either. */
  #headerRefusal(token: string): TokenRefusal | undefined {
    if (token.length > MOST_TOKEN_CHARS) return "malformed";
    try {
      const { alg, typ } = decodeProtectedHeader(token);
      if (alg === undefined || !this.#options.algorithms.includes(alg)) return "algorithm";
      return typ === undefined || (typeof typ === "string" && TYPES.has(typ.toLowerCase())) ? undefined : "type";
    } catch {
      return "malformed";
    }
  }
}

function subjectOf(payload: JWTPayload): Result<VerifiedToken, TokenRefusal> {
  const { sub } = payload;
  if (typeof sub !== "string" || sub === "" || sub.length > MOST_SUBJECT_CHARS) return fail("claims");
  return ok({ subject: sub, claims: payload });
}

function refusalOf(error: unknown): TokenRefusal {
  if (error instanceof GatewayError) return "unavailable";
  if (error instanceof errors.JWTExpired) return error.claim === "iat" ? "too-old" : "expired";
  if (error instanceof errors.JWTClaimValidationFailed) return claimRefusal(error.claim);
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return "unknown-key";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "signature";
  if (error instanceof errors.JOSEAlgNotAllowed) return "algorithm";
  // Whatever else there is to say against it: a key that is too short, a header that must be understood, no claims.
  return "malformed";
}

function claimRefusal(claim: string): TokenRefusal {
  if (claim === "iss") return "issuer";
  if (claim === "aud") return "audience";
  return claim === "nbf" ? "not-yet" : "claims";
}
