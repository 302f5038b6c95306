import { createLocalJWKSet, errors, type JWK, type JWTVerifyGetKey } from "jose";
import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import type { Log } from "../../core/log.js";
import { fetchJson } from "./fetch-json.js";
import type { OidcOptions } from "./oidc-options.js";

const MOST_KEYS = 64;
const PUBLIC_TYPES: ReadonlySet<unknown> = new Set(["RSA", "EC", "OKP"]);

interface Held {
  readonly find: JWTVerifyGetKey;
  readonly fetchedAtMs: number;
}

/**
 * The issuer's public keys (RFC 7517), by discovery (OpenID Connect Discovery 1.0 §4) or from a URL of the settings.
 *
 * Fetched at the first token, again when they are `keysMaxAgeMs` old or a token names a key that is not among them (a rotation). For
 * their age never more often than every `refetchMs`, and neither for unknown keys; one does not count for the other, or a rotation
 * soon after a fetch would be noticed late. One fetch at a time. While the issuer does not answer the held ones stay good until they
 * are `keysStaleMs` old; after that nothing is.
 */
export class IssuerKeys {
  readonly #options: OidcOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  #held: Held | undefined;
  #fetching: Promise<void> | undefined;
  #triedAtMs = -Infinity;
  /** When an unknown key was looked for last. */
  #lookedAtMs = -Infinity;
  #failing = false;

  constructor(options: OidcOptions, clock: Clock, log: Log) {
    this.#options = options;
    this.#clock = clock;
    this.#log = log;
  }

  /** Whether the last fetch went well; true before the first. */
  get healthy(): boolean {
    return !this.#failing;
  }

  /**
   * The key that a token's header names.
   * @throws GatewayError `oidc.unavailable`: there are no keys that may be trusted.
   * @throws JWKSNoMatchingKey, JWKSMultipleMatchingKeys: of jose, when the header names none or not one of them.
   */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    let held = await this.#usable();
    // A fetch that is under way may have been answered before the rotation.
    for (const renewal of [() => this.#fetching, () => this.#lookForUnknown()]) {
      try {
        return await held.find(header, token);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
        await renewal();
        held = this.#held ?? held;
      }
    }
    return held.find(header, token);
  };

  async #usable(): Promise<Held> {
    const held = this.#fresh(this.#options.keysStaleMs);
    if (held !== undefined) {
      // Nobody waits for a renewal while the old ones are good.
      if (this.#fresh(this.#options.keysMaxAgeMs) === undefined && this.#mayFetch()) void this.#fetch();
      return held;
    }
    await this.#renewal();
    const fetched = this.#fresh(this.#options.keysStaleMs);
    if (fetched === undefined) throw new GatewayError("oidc.unavailable", "the issuer's keys cannot be had");
    return fetched;
  }

  #fresh(forMs: number): Held | undefined {
    const held = this.#held;
    return held !== undefined && this.#clock.mono() - held.fetchedAtMs <= forMs ? held : undefined;
  }

  /** The fetch that is under way, or one now if it may be; nothing otherwise. */
  async #renewal(): Promise<void> {
    if (this.#mayFetch()) await this.#fetch();
    else await this.#fetching;
  }

  /** Invented keys cost the issuer a fetch every `refetchMs`, no more; the first unknown one after a quiet time is looked for at once. */
  async #lookForUnknown(): Promise<void> {
    const now = this.#clock.mono();
    if (this.#fetching === undefined && now - this.#lookedAtMs >= this.#options.refetchMs) {
      this.#lookedAtMs = now;
      void this.#fetch();
    }
    await this.#fetching;
  }

  #mayFetch(): boolean {
    return this.#fetching === undefined && this.#clock.mono() - this.#triedAtMs >= this.#options.refetchMs;
  }

  /** Never throws: what is held stays. */
  #fetch(): Promise<void> {
    this.#triedAtMs = this.#clock.mono();
    this.#fetching ??= this.#load().then(
      (keys) => {
        this.#held = { find: createLocalJWKSet({ keys }), fetchedAtMs: this.#clock.mono() };
        if (this.#failing) this.#log.info("oidc.keys-recovered", { keys: keys.length });
        this.#failing = false;
        this.#fetching = undefined;
      },
      (error: unknown) => {
        if (!this.#failing) this.#log.error("oidc.keys-failed", {}, error);
        this.#failing = true;
        this.#fetching = undefined;
      },
    );
    return this.#fetching;
  }

  async #load(): Promise<JWK[]> {
    const { timeoutMs, jwksUrl } = this.#options;
    const { keys } = await fetchJson(jwksUrl ?? (await this.#discover()), timeoutMs);
    if (!Array.isArray(keys)) throw new GatewayError("oidc.unavailable", "the issuer's key set has no keys");
    if (keys.length > MOST_KEYS) {
      throw new GatewayError("oidc.unavailable", `the issuer's key set has over ${MOST_KEYS} keys`);
    }
    const usable = keys.filter(isPublicKey);
    if (usable.length === 0)
      throw new GatewayError("oidc.unavailable", "the issuer's key set has no key for signatures");
    return usable;
  }

  async #discover(): Promise<string> {
    const { issuer, timeoutMs } = this.#options;
    const document = await fetchJson(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, timeoutMs);
    // §4.3: or one issuer could speak for another.
    if (document["issuer"] !== issuer)
      throw new GatewayError("oidc.unavailable", "the discovery document is of another issuer");
    const url = document["jwks_uri"];
    if (typeof url !== "string" || !URL.canParse(url) || new URL(url).origin !== new URL(issuer).origin) {
      throw new GatewayError("oidc.unavailable", "jwks_uri is not on the issuer's own origin: set access.oidc.jwksUrl");
    }
    return url;
  }
}

/** A secret, or a private key that somebody has published, is no key for us. */
function isPublicKey(key: unknown): key is JWK {
  if (typeof key !== "object" || key === null) return false;
  const { kty, use, d, k } = key as Readonly<Record<string, unknown>>;
  return PUBLIC_TYPES.has(kty) && (use === undefined || use === "sig") && d === undefined && k === undefined;
}
