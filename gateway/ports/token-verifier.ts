import type { Result } from "../core/result.js";

/** Signatures by a private key only: a secret that we would have to know too is never taken, nor `none` (RFC 8725 §3.1, §3.2). */
export const TOKEN_ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
] as const;

/** A bearer token that is good: signed by the issuer, for us, and in force. */
export interface VerifiedToken {
  /** `sub`: whom the issuer means; at most 255 characters (OpenID Connect Core 1.0 §2). */
  readonly subject: string;
  /** Every claim, as the issuer wrote it. Only what is named in the settings is read. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Why a token is not taken. Told to the client, counted, and written into the audit log. */
export type TokenRefusal =
  | "malformed"
  | "type"
  | "algorithm"
  | "unknown-key"
  | "signature"
  | "issuer"
  | "audience"
  | "expired"
  | "not-yet"
  | "too-old"
  | "claims"
  /** The issuer's keys cannot be had, or are too old to be trusted: nobody can say whether it is good, so it is not taken. */
  | "unavailable";

/** Judges bearer tokens of an OpenID Connect issuer. Adapter: oidc. */
export interface TokenVerifier {
  /** Never throws. Waits at most for one fetch of the issuer's keys. */
  verify(token: string): Promise<Result<VerifiedToken, TokenRefusal>>;
}
