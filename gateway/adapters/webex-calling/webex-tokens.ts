import { GatewayError } from "../../core/errors.js";
import type { Clock } from "../../core/clock.js";
import { monoMs, type MonoMs } from "../../core/time.js";

export interface TokenOptions {
  /** `https://webexapis.com/v1` */
  readonly apiUrl: string;
  readonly accessToken?: string | undefined;
  /** All three or none: then the access token is all there is, and ends after twelve hours. */
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  readonly refreshToken?: string | undefined;
}

/** Sends a form. */
export type PostForm = (
  url: string,
  form: URLSearchParams,
  signal: AbortSignal,
) => Promise<{ readonly status: number; readonly json: unknown }>;

/** A token is renewed so long before it ends. */
const SPARE_MS = 600_000;
const MAX_LIFE_MS = 14 * 86_400_000;

/** The access token in force. OAuth 2.0, RFC 6749 §6; developer.webex.com, Integrations. */
export class WebexTokens {
  readonly #options: TokenOptions;
  readonly #post: PostForm;
  readonly #clock: Clock;
  #access: string | undefined;
  #refresh: string | undefined;
  #renewAt: MonoMs | undefined;
  #renewing: Promise<string> | undefined;

  constructor(options: TokenOptions, post: PostForm, clock: Clock) {
    this.#options = options;
    this.#post = post;
    this.#clock = clock;
    this.#access = options.accessToken;
    this.#refresh = options.refreshToken;
  }

  /** @throws GatewayError `webex.credentials`, `webex.unavailable` */
  current(signal: AbortSignal): Promise<string> {
    const isDue = this.#renewAt !== undefined && this.#clock.mono() >= this.#renewAt;
    if (this.#access !== undefined && !isDue) return Promise.resolve(this.#access);
    return this.#renew(signal);
  }

  /** The service did not take that one. @throws As `current`. */
  async replace(refused: string, signal: AbortSignal): Promise<string> {
    return this.#access === refused || this.#access === undefined ? this.#renew(signal) : this.#access;
  }

  #renew(signal: AbortSignal): Promise<string> {
    this.#renewing ??= this.#ask(signal).finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async #ask(signal: AbortSignal): Promise<string> {
    const { apiUrl, clientId, clientSecret } = this.#options;
    if (clientId === undefined || clientSecret === undefined || this.#refresh === undefined)
      throw new GatewayError(
        "webex.credentials",
        "the access token is not taken, and there is nothing to renew it with",
      );
    const form = new URLSearchParams({
      grant_type: "refresh_token",
      client_id: clientId,
      client_secret: clientSecret,
      refresh_token: this.#refresh,
    });
    const { status, json } = await this.#post(`${apiUrl}/access_token`, form, signal);
    if (status >= 500 || status === 429) throw new GatewayError("webex.unavailable", `token: HTTP ${status}`);
    const answer = (typeof json === "object" && json !== null ? json : {}) as Readonly<Record<string, unknown>>;
    const { access_token: access, refresh_token: refresh, expires_in: seconds } = answer;
    if (status !== 200 || typeof access !== "string" || access === "")
      throw new GatewayError("webex.credentials", `the token could not be renewed: HTTP ${status}`);
    this.#access = access;
    if (typeof refresh === "string" && refresh !== "") this.#refresh = refresh;
    const lifeMs = typeof seconds === "number" && seconds > 0 ? Math.min(seconds * 1_000, MAX_LIFE_MS) : MAX_LIFE_MS;
    this.#renewAt = monoMs(this.#clock.mono() + Math.max(lifeMs / 2, lifeMs - SPARE_MS));
    return access;
  }
}
