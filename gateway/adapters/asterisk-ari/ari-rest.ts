import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import { TimeLimit } from "../../core/time-limit.js";
import type { AriRefusal, AriRequest } from "./ari-contracts.js";
import { JsonSlices } from "./json-slices.js";
import { RequestGate } from "./request-gate.js";
import { Slices } from "./slices.js";

export interface AriRestOptions {
  /** `http://HOST:PORT/ari` */
  readonly baseUrl: string;
  readonly username: string;
  readonly password: string;
  /** From the moment in which a request is sent to the end of its answer; it may wait as long before, ms. */
  readonly timeoutMs: number;
  /** Requests on the wire at the same time. Asterisk's `sessionlimit` (http.conf) is 100 by default. */
  readonly maxAtATime: number;
  /** See `RequestGateOptions`. */
  readonly maxATurn: number;
  /** Requests that wait for their turn; further ones fail at once. */
  readonly maxWaiting: number;
  readonly maxAnswerBytes: number;
}

export const DEFAULT_ARI_REST = {
  maxAtATime: 16,
  maxATurn: 2,
  maxWaiting: 5_000,
  maxAnswerBytes: 32 * 1024 * 1024,
} as const;

/** What is read of a refusal's body. */
const MAX_WORDS_BYTES = 4_096;
const MAX_WORDS = 160;
/**
 * Characters that are read in one go: a tenth of a millisecond, and no more than one the first time, when the code is not compiled yet.
 * A piece of 65,536 took ten milliseconds and more then, at the start, which is when left-overs are asked for.
 */
const PIECE = 4_096;

/** REST requests to one Asterisk, bounded in number, time and size. Connections are kept by fetch. */
export class AriRest {
  readonly #options: AriRestOptions;
  readonly #clock: Clock;
  readonly #gate: RequestGate;
  readonly #authorization: string;
  readonly #closing = new AbortController();

  constructor(options: AriRestOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#gate = new RequestGate(options, clock);
    this.#authorization = basicAuthorization(options);
  }

  /** Requests that wait for their turn. */
  get waiting(): number {
    return this.#gate.waiting;
  }

  /** As `AriLink.request`. */
  async request(order: AriRequest, signal?: AbortSignal): Promise<unknown> {
    const leave = await this.#gate.enter(order.urgent === true, signal);
    try {
      return await this.#send(order, signal);
    } finally {
      leave();
    }
  }

  /** What is under way fails. */
  close(): void {
    this.#closing.abort();
    this.#gate.close();
  }

  async #send(order: AriRequest, signal?: AbortSignal): Promise<unknown> {
    const { timeoutMs } = this.#options;
    const limit = new TimeLimit(timeoutMs, this.#closing.signal, ...(signal === undefined ? [] : [signal]));
    try {
      return await this.#exchange(order, limit.signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof GatewayError) throw error;
      const why = limit.reached ? `no answer within ${timeoutMs} ms` : whyOf(error);
      throw new GatewayError("ari.unavailable", why, { cause: error });
    } finally {
      limit.end();
    }
  }

  async #exchange({ method, path, query, body }: AriRequest, signal: AbortSignal): Promise<unknown> {
    const response = await fetch(urlOf(this.#options.baseUrl, path, query), {
      method,
      signal,
      redirect: "manual",
      headers: {
        authorization: this.#authorization,
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (response.status >= 200 && response.status < 300) return this.#read(response);
    throw await refused(response);
  }

  async #read(response: Response): Promise<unknown> {
    const json = new JsonSlices();
    const slices = new Slices(this.#clock);
    const decoder = new TextDecoder();
    const body = response.body as AsyncIterable<Uint8Array> | null;
    let sizeBytes = 0;
    for await (const chunk of body ?? []) {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > this.#options.maxAnswerBytes) throw new GatewayError("ari.unavailable", "the answer is too long");
      const text = decoder.decode(chunk, { stream: true });
      await slices.each(piecesOf(text), (piece) => json.push(piece));
    }
    return json.end();
  }
}

/** Basic authorization, RFC 7617: never in a URL, which proxies and Asterisk itself write into logs. */
export function basicAuthorization({ username, password }: Pick<AriRestOptions, "username" | "password">): string {
  return `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
}

function* piecesOf(text: string): Iterable<string> {
  for (let at = 0; at < text.length; at += PIECE) yield text.slice(at, at + PIECE);
}

function urlOf(baseUrl: string, path: string, query: AriRequest["query"] = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value));
  const text = parameters.toString();
  return `${baseUrl.replace(/\/+$/, "")}${path}${text === "" ? "" : `?${text}`}`;
}

/** What an answer that is no 2xx means. */
async function refused(response: Response): Promise<GatewayError> {
  const { status } = response;
  const said = await wordsOf(response);
  if (status === 401 || status === 403) return new GatewayError("ari.credentials", `answered ${status}`);
  if (status < 400 || status >= 500) return new GatewayError("ari.unavailable", `answered ${status}: ${said}`);
  const cause: AriRefusal = { status, said };
  return new GatewayError("ari.rejected", `answered ${status}: ${said}`, { cause });
}

/** `{"message": …}` of Asterisk; else nothing. */
async function wordsOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  const body = response.body as AsyncIterable<Uint8Array> | null;
  for await (const chunk of body ?? []) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > MAX_WORDS_BYTES) return "";
    chunks.push(chunk);
  }
  try {
    const json: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    const said: unknown = typeof json === "object" && json !== null && "message" in json ? json.message : undefined;
    return typeof said === "string" ? said.slice(0, MAX_WORDS) : "";
  } catch {
    return "";
  }
}

/** fetch says `fetch failed` only; the reason is in its cause. */
function whyOf(error: unknown): string {
  if (error instanceof SyntaxError) return "the answer is no JSON";
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  const code: unknown = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
  return typeof code === "string" ? `no answer: ${code}` : "no answer";
}
