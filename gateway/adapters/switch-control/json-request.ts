import type { Clock } from "../../core/clock.js";
import type { Log } from "../../core/log.js";
import type { Random } from "../../core/random.js";
import { monoMs } from "../../core/time.js";
import { TimeLimit } from "../../core/time-limit.js";

export interface SwitchDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface RequestOptions {
  /** Time-out of one try, ms. */
  readonly timeoutMs: number;
  /** Tries; again after no answer, 429 and 5xx. */
  readonly attempts: number;
  /** Sent as `Authorization: Bearer`. */
  readonly key?: string;
  /** Pause after the first failure, ms; doubles, with jitter. Default 100. */
  readonly retryFirstMs?: number;
}

/** `why` when there is no answer: `timed-out`, `unreachable`, `redirected`, `unreadable`, `http-STATUS`, `cancelled`. */
export type JsonReply = { readonly ok: true; readonly json: unknown } | { readonly ok: false; readonly why: string };

const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
const RETRY_MOST_MS = 2_000;

/** Posts JSON and reads JSON back. Never rejects. A redirect is not followed: the operator named one host. */
export async function postJson(
  url: string,
  body: unknown,
  options: RequestOptions,
  { clock, random }: SwitchDeps,
  signal: AbortSignal,
): Promise<JsonReply> {
  const { attempts, retryFirstMs = 100 } = options;
  for (let attempt = 1; ; attempt++) {
    const { reply, retryable } = await tryOnce(url, JSON.stringify(body), options, signal);
    if (reply.ok || !retryable || attempt >= attempts || signal.aborted) return reply;
    const backOff = Math.min(retryFirstMs * 2 ** (attempt - 1), RETRY_MOST_MS);
    await pause(clock, backOff * (0.5 + random.next() / 2), signal);
  }
}

interface Try {
  readonly reply: JsonReply;
  readonly retryable: boolean;
}

const failed = (why: string, retryable: boolean): Try => ({ reply: { ok: false, why }, retryable });

async function tryOnce(
  url: string,
  body: string,
  { timeoutMs, key }: RequestOptions,
  signal: AbortSignal,
): Promise<Try> {
  const limit = new TimeLimit(timeoutMs, signal);
  const headers: Record<string, string> = { "content-type": "application/json", accept: "application/json" };
  if (key !== undefined) headers["authorization"] = `Bearer ${key}`;
  try {
    const response = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal: limit.signal });
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel();
      return failed("redirected", false);
    }
    // An error status may still carry a JSON-RPC error: the caller reads that, not the status. Others say what they are.
    const text = await readText(response);
    const json = text === undefined ? undefined : parse(text);
    if (response.status >= 200 && response.status < 300) {
      return json === undefined ? failed("unreadable", false) : { reply: { ok: true, json }, retryable: false };
    }
    const rpcError = typeof json === "object" && json !== null && "jsonrpc" in json && "error" in json;
    if (rpcError) return { reply: { ok: true, json }, retryable: false };
    return failed(`http-${response.status}`, response.status === 429 || response.status >= 500);
  } catch {
    if (signal.aborted) return failed("cancelled", false);
    return limit.reached ? failed("timed-out", true) : failed("unreachable", true);
  } finally {
    limit.end();
  }
}

/** @returns undefined when it is longer than `MAX_ANSWER_BYTES`. */
async function readText(response: Response): Promise<string | undefined> {
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.callAt(monoMs(clock.mono() + ms), done);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
