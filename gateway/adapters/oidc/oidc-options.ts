export interface OidcOptions {
  /** As tokens have it in `iss`, character for character. https, or http on loopback. */
  readonly issuer: string;
  /** One of them must be in `aud`. */
  readonly audiences: readonly string[];
  /** Where the issuer's keys are; absent: where its discovery document says, on the issuer's own origin. */
  readonly jwksUrl?: string | undefined;
  readonly algorithms: readonly string[];
  /** What clocks may differ by, ms. */
  readonly clockSkewMs: number;
  /** Longest time since `iat`, ms; 0: no limit but `exp`. */
  readonly maxTokenAgeMs: number;
  /** Keys are fetched again when they are so old, ms. */
  readonly keysMaxAgeMs: number;
  /** Keys older than this are not trusted any more, ms: while the issuer is down tokens are taken so long. */
  readonly keysStaleMs: number;
  /** Least time between two fetches for age, and between two for unknown keys, ms, whatever tokens come in. */
  readonly refetchMs: number;
  /** Of one fetch, ms. */
  readonly timeoutMs: number;
}
