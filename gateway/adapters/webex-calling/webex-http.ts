import { abortable } from "../../core/abortable.js";
import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import { TimeLimit } from "../../core/time-limit.js";
import type { RetryHint } from "../../ports/call-feed.js";
import { WebexTokens, type TokenOptions } from "./webex-tokens.js";

export interface WebexHttpOptions extends TokenOptions {
  readonly timeoutMs: number;
}

export interface WebexAnswer {
  readonly json: unknown;
  /** `Link: <…>; rel="next"`, of the same origin as what was asked. */
  readonly next: string | undefined;
}

interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** A page of 500 records has about one megabyte. */
const MAX_BODY_BYTES = 32_000_000;
const MAX_RETRY_AFTER_MS = 3_600_000;
const DEFAULT_RETRY_AFTER_MS = 60_000;

/** GET with a bearer token that is renewed when it is refused; every request has a time and a size limit. */
export class WebexHttp {
  readonly #options: WebexHttpOptions;
  readonly #clock: Clock;
  readonly #tokens: WebexTokens;

  constructor(options: WebexHttpOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#tokens = new WebexTokens(options, (url, form, signal) => this.#post(url, form, signal), clock);
  }

  /** @throws GatewayError `webex.*`; its cause is a `RetryHint` where the service said how long to wait. */
  async get(url: string, signal: AbortSignal): Promise<WebexAnswer> {
    const token = await this.#tokens.current(signal);
    let reply = await this.#ask(url, token, signal);
    if (reply.status === 401) reply = await this.#ask(url, await this.#tokens.replace(token, signal), signal);
    if (reply.status === 200) return { json: parse(reply.body), next: nextLink(reply.headers.get("link"), url) };
    throw this.#failure(reply);
  }

  #failure({ status, headers, body }: Reply): GatewayError {
    const why = messageOf(body);
    if (status === 401) return new GatewayError("webex.credentials", `HTTP 401${why}`);
    if (status === 429 || status === 503) {
      const hint: RetryHint = { retryAfterMs: retryAfter(headers.get("retry-after"), this.#clock.unix()) };
      return new GatewayError("webex.unavailable", `HTTP ${status}, wait ${hint.retryAfterMs} ms`, { cause: hint });
    }
    if (status === 451) return new GatewayError("webex.rejected", `another region has the data (HTTP 451)${why}`);
    return new GatewayError(status >= 500 ? "webex.unavailable" : "webex.rejected", `HTTP ${status}${why}`);
  }

  async #ask(url: string, token: string, signal: AbortSignal): Promise<Reply> {
    const headers = { authorization: `Bearer ${token}`, accept: "application/json" };
    try {
      // The limit is the whole answer's: one whose body never comes must keep neither the next poll nor a stop waiting.
      return await this.#within(signal, async (within) => {
        const reply = await fetch(url, { headers, redirect: "error", signal: within });
        return { status: reply.status, headers: reply.headers, body: await readBody(reply, within) };
      });
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof GatewayError) throw cause;
      throw new GatewayError("webex.unavailable", "no answer", { cause });
    }
  }

  async #post(url: string, form: URLSearchParams, signal: AbortSignal): Promise<{ status: number; json: unknown }> {
    try {
      return await this.#within(signal, async (within) => {
        const reply = await fetch(url, { method: "POST", body: form, redirect: "error", signal: within });
        const body = await readBody(reply, within);
        return { status: reply.status, json: reply.status === 200 ? parse(body) : undefined };
      });
    } catch (cause) {
      signal.throwIfAborted();
      throw cause instanceof GatewayError
        ? cause
        : new GatewayError("webex.unavailable", "token: no answer", { cause });
    }
  }

  async #within<T>(signal: AbortSignal, work: (within: AbortSignal) => Promise<T>): Promise<T> {
    const limit = new TimeLimit(this.#options.timeoutMs, signal);
    try {
      return await work(limit.signal);
    } finally {
      limit.end();
    }
  }
}

/** Whatever becomes of the connection, it ends with the signal. */
async function readBody(reply: Response, signal: AbortSignal): Promise<string> {
  if (reply.body === null) return "";
  const reader = (reply.body as ReadableStream<Uint8Array>).getReader();
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await abortable(reader.read(), signal);
      if (done) return Buffer.concat(parts).toString("utf8");
      bytes += value.byteLength;
      if (bytes > MAX_BODY_BYTES)
        throw new GatewayError("webex.rejected", `an answer is larger than ${MAX_BODY_BYTES} bytes`);
      parts.push(value);
    }
  } catch (cause) {
    void reader.cancel().catch(() => undefined);
    if (cause instanceof GatewayError) throw cause;
    throw new GatewayError("webex.unavailable", "an answer broke off", { cause });
  }
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch (cause) {
    throw new GatewayError("webex.rejected", "an answer is no JSON", { cause });
  }
}

/** `{"message": "…"}`, in short. */
function messageOf(body: string): string {
  try {
    const { message } = JSON.parse(body) as { message?: unknown };
    return typeof message === "string" ? `: ${message.slice(0, 200)}` : "";
  } catch {
    return "";
  }
}

/** RFC 9110 §10.2.3: seconds, or a date. */
function retryAfter(header: string | null, nowMs: number): number {
  if (header === null) return DEFAULT_RETRY_AFTER_MS;
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - nowMs;
  return Number.isFinite(ms) ? Math.min(MAX_RETRY_AFTER_MS, Math.max(1_000, ms)) : DEFAULT_RETRY_AFTER_MS;
}

/** RFC 8288. Our token goes to no other host: a link that leads elsewhere is an error. */
function nextLink(header: string | null, asked: string): string | undefined {
  const found = /<([^>]+)>\s*;[^,]*\brel\s*=\s*"?next"?/i.exec(header ?? "")?.[1];
  if (found === undefined) return undefined;
  const next = URL.canParse(found, asked) ? new URL(found, asked) : undefined;
  if (next?.origin !== new URL(asked).origin)
    throw new GatewayError("webex.rejected", "the link to the next page leads to another host");
  return next.href;
}
