import type { TokenRefusal } from "../../ports/token-verifier.js";

/** Three parts of base64url (RFC 7515 §7.1), the first of which begins with `{"`. No API key that we know looks like that by chance. */
const TOKEN = /^eyJ[\w-]+\.[\w-]+\.[\w-]*$/;
const MOST_CHARS = 8_192;

export const mayBeToken = (offered: string): boolean => offered.length <= MOST_CHARS && TOKEN.test(offered);

const TEXTS: Readonly<Record<TokenRefusal, string>> = {
  malformed: "the token cannot be read",
  type: "this kind of token (typ) is not taken",
  algorithm: "the token is not signed with an algorithm that is taken (access.oidc.algorithms)",
  "unknown-key": "the token is signed with a key that is not among the issuer's",
  signature: "the token's signature is not good",
  issuer: "the token is of another issuer",
  audience: "the token is not for this service",
  expired: "the token has expired",
  "not-yet": "the token is not in force yet",
  "too-old": "the token was issued too long ago",
  claims: "the token lacks a claim: exp, sub, or iat",
  unavailable: "tokens cannot be judged now: the issuer's keys are not available",
};

export const refusalText = (refusal: TokenRefusal): string => TEXTS[refusal];
