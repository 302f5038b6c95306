import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { abortable } from "../../core/abortable.js";
import { GatewayError } from "../../core/errors.js";
import { TimeLimit } from "../../core/time-limit.js";
import { s3Url, signGet, type S3Options } from "./sigv4.js";
import type { Address, SourceGuard } from "./source-guard.js";

export interface DownloadOptions {
  readonly maxBytes: number;
  readonly maxRedirects: number;
  /** One try, from the first byte asked to the last received, ms. */
  readonly timeoutMs: number;
  /** Without a byte for so long it is given up, ms. */
  readonly stallMs: number;
  /** Sent to the hosts of `authorizationHosts` only. */
  readonly authorization?: string | undefined;
  readonly authorizationHosts: readonly string[];
  readonly s3?: S3Options | undefined;
}

export interface DownloadDeps {
  readonly guard: SourceGuard;
  readonly now: () => number;
}

/** What was fetched before, so that only the rest is asked for. */
export interface Have {
  readonly bytes: number;
  /** `Answer.validator` of then. */
  readonly validator: string | undefined;
}

export interface Answer {
  /** The bytes begin here: 0, or `Have.bytes`. */
  readonly from: number;
  /** Tells whether it is still the same when the rest is asked for; undefined: nobody can tell. */
  readonly validator: string | undefined;
  /** How many come; undefined: it does not say. */
  readonly sizeBytes: number | undefined;
  readonly bytes: AsyncIterable<Uint8Array>;
  /** They are not wanted (any more). */
  drop(): void;
}

const OK = 200;
const PARTIAL = 206;
const NOT_SATISFIABLE = 416;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const RETRYABLE = new Set([401, 403, 404, 408, 409, 425, 429]);
const NO_SOUND = /^(?:text\/|application\/(?:json|xml|xhtml|pdf|javascript|zip)|image\/)/i;

/** Fetches a recording over HTTP, from where the guard lets us, connected to the address that the guard has seen. */
export class RecordingDownload {
  readonly #options: DownloadOptions;
  readonly #deps: DownloadDeps;

  constructor(options: DownloadOptions, deps: DownloadDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Before a job is made of it. @throws GatewayError `recording.refused` */
  check(source: string): void {
    this.#urlOf(source);
  }

  /**
   * @returns Once the head of the answer is there; its bytes throw `recording.unavailable` (what came before them counts) or `recording.invalid`
   *   (too many).
   * @param what A list of recordings may be JSON.
   * @throws GatewayError `recording.refused`, `recording.unavailable`, `recording.invalid`. The signal's reason.
   */
  async fetch(
    source: string,
    have: Have,
    signal: AbortSignal,
    what: "recording" | "list" = "recording",
  ): Promise<Answer> {
    const limit = new TimeLimit(this.#options.timeoutMs, signal);
    try {
      return await this.#follow(source, have, limit, signal, what);
    } catch (error) {
      limit.end();
      throw error;
    }
  }

  /** @param limit Ends with the last byte of the answer. */
  async #follow(
    source: string,
    have: Have,
    limit: TimeLimit,
    signal: AbortSignal,
    what: "recording" | "list",
  ): Promise<Answer> {
    let url = this.#urlOf(source);
    for (let hop = 0; hop <= this.#options.maxRedirects; hop++) {
      const address = await this.#resolve(url, limit, signal);
      const response = await this.#ask(url, address, this.#headers(source, url, hop, have), limit.signal).catch(
        (cause: unknown) => {
          signal.throwIfAborted();
          throw new GatewayError("recording.unavailable", `no answer (${nameOf(cause)})`, { cause });
        },
      );
      const { statusCode: status = 0 } = response;
      const { location } = response.headers;
      if (!REDIRECTS.has(status) || location === undefined)
        return this.#answer(response, status, have, limit, signal, what);
      response.destroy();
      if (!URL.canParse(location, url.href)) throw new GatewayError("recording.refused", "it is redirected to no URL");
      const next = this.#deps.guard.check(new URL(location, url.href).href);
      if (url.protocol === "https:" && next.protocol !== "https:")
        throw new GatewayError("recording.refused", "it is redirected from https to http");
      url = next;
    }
    throw new GatewayError("recording.refused", `it is redirected more than ${this.#options.maxRedirects} times`);
  }

  /** A name server that does not answer is waited for no longer than anybody else. */
  async #resolve(url: URL, limit: TimeLimit, signal: AbortSignal): Promise<Address> {
    try {
      return await abortable(this.#deps.guard.resolve(url), limit.signal);
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof GatewayError) throw cause;
      throw new GatewayError("recording.unavailable", `its host cannot be resolved (${nameOf(cause)})`, { cause });
    }
  }

  #urlOf(source: string): URL {
    if (!source.startsWith("s3:")) return this.#deps.guard.check(source);
    const { s3 } = this.#options;
    if (s3 === undefined) throw new GatewayError("recording.refused", "recordings.download.s3 is not configured");
    const url = s3Url(source, s3.endpoint);
    if (url === undefined) throw new GatewayError("recording.refused", "that is no address of an S3 object");
    return this.#deps.guard.check(url.href);
  }

  #headers(source: string, url: URL, hop: number, { bytes, validator }: Have): Record<string, string> {
    const { s3, authorization, authorizationHosts } = this.#options;
    const common: Record<string, string> =
      bytes > 0 && validator !== undefined ? { range: `bytes=${bytes}-`, "if-range": validator } : {};
    if (source.startsWith("s3:") && s3 !== undefined && hop === 0) return signGet(url, common, s3, this.#deps.now());
    const headers: Record<string, string> = { ...common, accept: "audio/*, */*;q=0.5", "accept-encoding": "identity" };
    headers["user-agent"] = "ringfence";
    if (authorization !== undefined && authorizationHosts.includes(url.hostname))
      headers["authorization"] = authorization;
    return headers;
  }

  #ask(url: URL, pinned: Address, headers: Record<string, string>, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const send = url.protocol === "https:" ? httpsRequest : httpRequest;
      const asked = send(url, {
        headers,
        signal,
        agent: false,
        timeout: this.#options.stallMs,
        lookup: (_host, options, done) => {
          if (options.all === true) done(null, [{ ...pinned }]);
          else done(null, pinned.address, pinned.family);
        },
      });
      asked.on("timeout", () => asked.destroy(new Error("stalled")));
      asked.once("error", reject);
      asked.once("response", resolve);
      asked.end();
    });
  }

  #answer(
    response: IncomingMessage,
    status: number,
    have: Have,
    limit: TimeLimit,
    signal: AbortSignal,
    what: "recording" | "list",
  ): Answer {
    const refuse = (error: GatewayError): never => {
      response.destroy();
      throw error;
    };
    if (status === NOT_SATISFIABLE && have.bytes > 0) {
      response.destroy();
      limit.end();
      return { from: have.bytes, validator: have.validator, sizeBytes: 0, bytes: nothing(), drop: () => undefined };
    }
    if (status !== OK && status !== PARTIAL) {
      const code = status >= 500 || RETRYABLE.has(status) ? "recording.unavailable" : "recording.invalid";
      return refuse(new GatewayError(code, `it was answered ${status}`));
    }
    const type = response.headers["content-type"] ?? "";
    if (what === "recording" && NO_SOUND.test(type))
      return refuse(new GatewayError("recording.invalid", `it is ${type.split(";")[0]?.slice(0, 60)}, no audio`));
    const [from, total] = status === PARTIAL ? rangeOf(response.headers["content-range"]) : [0, undefined];
    if (status === PARTIAL && (from !== have.bytes || (from === 0 && total === undefined)))
      return refuse(new GatewayError("recording.unavailable", "another part was sent than was asked for"));
    const length = Number(response.headers["content-length"] ?? Number.NaN);
    const due = total === undefined ? length : total - from;
    if (from + due > this.#options.maxBytes) return refuse(this.#tooLarge());
    return {
      from,
      validator: validatorOf(response),
      sizeBytes: Number.isFinite(due) ? due : undefined,
      bytes: this.#bytes(response, from, due, limit, signal),
      drop: () => {
        response.destroy();
        limit.end();
      },
    };
  }

  async *#bytes(
    response: IncomingMessage,
    from: number,
    length: number,
    limit: TimeLimit,
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array> {
    let got = 0;
    try {
      for await (const chunk of response) {
        got += (chunk as Buffer).byteLength;
        if (from + got > this.#options.maxBytes) throw this.#tooLarge();
        yield chunk as Buffer;
      }
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof GatewayError) throw cause;
      throw new GatewayError("recording.unavailable", `the connection was lost (${nameOf(cause)})`, { cause });
    } finally {
      limit.end();
    }
    if (Number.isFinite(length) && got < length)
      throw new GatewayError("recording.unavailable", "the connection was lost");
    if (from + got === 0) throw new GatewayError("recording.invalid", "it is empty");
  }

  #tooLarge(): GatewayError {
    return new GatewayError("recording.invalid", `it is larger than ${this.#options.maxBytes} bytes`);
  }
}

/** eslint wants an await in it; there is nothing to wait for. */
async function* nothing(): AsyncIterable<Uint8Array> {
  yield* await Promise.resolve([]);
}

/** RFC 9110 §13.1.5: If-Range takes a strong entity tag, or a date. */
function validatorOf({ headers: { etag, "last-modified": date } }: IncomingMessage): string | undefined {
  return etag !== undefined && !etag.startsWith("W/") ? etag : date;
}

/** Where it begins, and how long the whole is, where that is told. */
function rangeOf(range: string | undefined): readonly [from: number, total: number | undefined] {
  const [, from, total] = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/.exec(range ?? "") ?? [];
  return [Number(from ?? -1), total === undefined || total === "*" ? undefined : Number(total)];
}

/** Code or name: messages may hold addresses. */
const nameOf = (cause: unknown): string => {
  if (!(cause instanceof Error)) return "unknown";
  if (cause.message === "stalled") return "stalled";
  return "code" in cause && typeof cause.code === "string" ? cause.code : cause.name;
};
