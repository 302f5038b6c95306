import { BoundedQueue } from "../../core/bounded-queue.js";
import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import { monoMs } from "../../core/time.js";
import { TimeLimit } from "../../core/time-limit.js";
import { SPEECH_RATE_HZ, type PcmAudio } from "../../media/audio.js";
import { writeWav } from "../../media/wav/write-wav.js";
import type { Transcriber, TranscribeOptions, Transcript } from "../../ports/transcriber.js";
import { readTranscription } from "./read-transcription.js";
import { readAtMost } from "./read-at-most.js";

export interface TranscriptionServerOptions {
  /** Base with version: `http://127.0.0.1:8000/v1`; for whisper.cpp's server without: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** `openai`: `/audio/transcriptions`, as OpenAI, vLLM, faster-whisper-server and others have it. `whisper.cpp`: `/inference`. */
  readonly api: "openai" | "whisper.cpp";
  readonly model: string;
  /** Sent as `Authorization: Bearer`. Never logged. */
  readonly apiKey?: string;
  /** One try, ms; times its patience. */
  readonly timeoutMs: number;
  /** Tries of a stretch that is over; a partial has one. */
  readonly attempts: number;
  readonly concurrency: number;
  readonly maxWaiting: number;
  /** Ask for words with times; servers that know none ignore it. */
  readonly wordTimestamps: boolean;
  /** ISO 639-1 where the caller names none. */
  readonly language?: string;
}

export const DEFAULT_TRANSCRIPTION_SERVER = {
  api: "openai",
  timeoutMs: 10_000,
  attempts: 2,
  concurrency: 8,
  maxWaiting: 32,
  wordTimestamps: true,
} as const satisfies Partial<TranscriptionServerOptions>;

export interface TranscriptionServerDeps {
  readonly clock: Clock;
}

/** Somebody who waits for a place. */
interface Turn {
  /** He has gone. */
  over: boolean;
  readonly go: () => void;
}

const MOST_SECONDS = 30;
/** An answer about 30 s of speech with all its words is some tens of kilobytes. */
const MAX_ANSWER_BYTES = 1_048_576;
const FIRST_PAUSE_MS = 200;
const MOST_PAUSE_MS = 2_000;
/** These may pass. */
const RETRYABLE = new Set([408, 425, 429, 500, 502, 503, 504]);

type Attempt =
  | { readonly kind: "transcript"; readonly transcript: Transcript }
  | { readonly kind: "failed"; readonly error: GatewayError; readonly again: boolean; readonly pauseMs?: number };

/**
 * Any server with OpenAI's transcription API, or whisper.cpp's own server. Redirects are not followed: sound goes to the host
 * that was configured, which strict-data mode has looked at before. Source: platform.openai.com/docs/api-reference/audio, whisper.cpp examples/server.
 */
export class TranscriptionServer implements Transcriber {
  readonly name: string;
  readonly concurrency: number;
  readonly tellsTimes: boolean;
  readonly #options: TranscriptionServerOptions;
  readonly #clock: Clock;
  readonly #endpoint: URL;
  readonly #closing = new AbortController();
  readonly #turns: BoundedQueue<Turn>;
  #running = 0;
  #lastFailure: string | undefined;

  constructor(options: TranscriptionServerOptions, deps: TranscriptionServerDeps) {
    this.#options = options;
    this.#clock = deps.clock;
    const path = options.api === "openai" ? "/audio/transcriptions" : "/inference";
    this.#endpoint = new URL(`${options.url.replace(/\/+$/, "")}${path}`);
    this.name = `openai ${this.#endpoint.origin} ${options.model}`;
    this.concurrency = options.concurrency;
    this.tellsTimes = options.wordTimestamps;
    this.#turns = new BoundedQueue(options.maxWaiting);
  }

  get ok(): boolean {
    return this.#lastFailure === undefined;
  }

  /** For the health page. */
  get detail(): string {
    return `${this.name}: ${this.#lastFailure ?? "ok"}`;
  }

  async transcribe(audio: PcmAudio, options: TranscribeOptions, signal: AbortSignal): Promise<Transcript> {
    signal.throwIfAborted();
    if (this.#closing.signal.aborted) throw new GatewayError("stt.unavailable", "the transcription client is closed");
    if (audio.sampleRateHz !== SPEECH_RATE_HZ || audio.samples.length > MOST_SECONDS * SPEECH_RATE_HZ) {
      throw new GatewayError("stt.rejected", `audio has to be ${SPEECH_RATE_HZ} Hz and at most ${MOST_SECONDS} s`);
    }
    await this.#turn(signal);
    try {
      const wav = new Blob([new Uint8Array(writeWav({ sampleRateHz: SPEECH_RATE_HZ, channels: [audio.samples] }))]);
      return await this.#withRetries(wav, options, signal, (audio.samples.length * 1_000) / SPEECH_RATE_HZ);
    } finally {
      this.#running--;
      this.#nextTurn();
    }
  }

  close(): Promise<void> {
    this.#closing.abort(new GatewayError("stt.unavailable", "the transcription client is closed"));
    for (const turn of this.#turns.take(this.#turns.size)) if (!turn.over) turn.go();
    return Promise.resolve();
  }

  /** Waits for a place. @throws The signal's reason; GatewayError `stt.busy`, `stt.unavailable`. */
  async #turn(signal: AbortSignal): Promise<void> {
    if (this.#running < this.#options.concurrency) {
      this.#running++;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        turn.over = true;
        reject(signal.reason as Error);
      };
      const turn: Turn = {
        over: false,
        go: () => {
          signal.removeEventListener("abort", onAbort);
          if (this.#closing.signal.aborted) reject(this.#closing.signal.reason as Error);
          else {
            this.#running++;
            resolve();
          }
        },
      };
      if (!this.#turns.push(turn)) {
        reject(new GatewayError("stt.busy", `${this.#turns.limit} stretches are waiting`));
        return;
      }
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  #nextTurn(): void {
    while (this.#running < this.#options.concurrency) {
      const [turn] = this.#turns.take(1);
      if (turn === undefined) return;
      if (!turn.over) turn.go();
    }
  }

  async #withRetries(wav: Blob, options: TranscribeOptions, signal: AbortSignal, audioMs: number): Promise<Transcript> {
    const attempts = options.partial ? 1 : this.#options.attempts;
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#try(wav, options, signal, audioMs);
      signal.throwIfAborted();
      if (outcome.kind === "transcript") {
        this.#lastFailure = undefined;
        return outcome.transcript;
      }
      this.#lastFailure = outcome.error.message;
      if (!outcome.again || attempt >= attempts || this.#closing.signal.aborted) throw outcome.error;
      const pauseMs = outcome.pauseMs ?? FIRST_PAUSE_MS * 2 ** (attempt - 1);
      await this.#pause(Math.min(MOST_PAUSE_MS, pauseMs), signal);
    }
  }

  async #try(wav: Blob, options: TranscribeOptions, signal: AbortSignal, audioMs: number): Promise<Attempt> {
    const { apiKey } = this.#options;
    const timeoutMs = this.#options.timeoutMs * (options.patience ?? 1);
    const limit = new TimeLimit(timeoutMs, signal, this.#closing.signal);
    try {
      const response = await fetch(this.#endpoint, {
        method: "POST",
        headers: apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` },
        body: this.#form(wav, options),
        redirect: "manual",
        signal: limit.signal,
      });
      return await readAnswer(response, audioMs);
    } catch (cause) {
      if (limit.reached) {
        // Asked again it would only be later.
        return {
          kind: "failed",
          error: new GatewayError("stt.timeout", `no answer in ${timeoutMs} ms`, { cause }),
          again: false,
        };
      }
      const error =
        cause instanceof GatewayError
          ? cause
          : new GatewayError("stt.unavailable", "the transcription server does not answer", { cause });
      return { kind: "failed", error, again: error.code === "stt.unavailable" };
    } finally {
      limit.end();
    }
  }

  #form(wav: Blob, options: TranscribeOptions): FormData {
    const { api, model, wordTimestamps } = this.#options;
    const language = options.language ?? this.#options.language;
    const form = new FormData();
    form.append("file", wav, "speech.wav");
    form.append("response_format", "verbose_json");
    form.append("temperature", "0");
    if (options.prompt !== undefined) form.append("prompt", options.prompt);
    if (api === "whisper.cpp") {
      form.append("language", language ?? "auto");
      form.append("temperature_inc", "0");
      form.append("token_timestamps", String(wordTimestamps));
      form.append("no_language_probabilities", "true");
      return form;
    }
    form.append("model", model);
    if (language !== undefined) form.append("language", language);
    for (const granularity of wordTimestamps ? ["segment", "word"] : ["segment"]) {
      form.append("timestamp_granularities[]", granularity);
    }
    return form;
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const stops = [signal, this.#closing.signal];
      const done = (): void => {
        cancel();
        for (const stop of stops) stop.removeEventListener("abort", done);
        resolve();
      };
      const cancel = this.#clock.callAt(monoMs(this.#clock.mono() + ms), done);
      for (const stop of stops) stop.addEventListener("abort", done, { once: true });
      if (stops.some(({ aborted }) => aborted)) done();
    });
  }
}

async function readAnswer(response: Response, audioMs: number): Promise<Attempt> {
  const { status } = response;
  const failed = (code: "stt.unavailable" | "stt.busy" | "stt.rejected", again: boolean): Attempt => ({
    kind: "failed",
    error: new GatewayError(code, `the transcription server answered ${status}`),
    again,
    ...retryAfter(response),
  });
  if (status !== 200) {
    await response.body?.cancel();
    if (status === 429 || status === 503) return failed("stt.busy", true);
    return RETRYABLE.has(status) ? failed("stt.unavailable", true) : failed("stt.rejected", false);
  }
  const transcript = readTranscription(
    await readAtMost(
      response,
      MAX_ANSWER_BYTES,
      new GatewayError("stt.rejected", "the transcription server's answer is too long"),
    ),
    audioMs,
  );
  if (transcript !== undefined) return { kind: "transcript", transcript };
  const error = new GatewayError(
    "stt.rejected",
    "the transcription server answered something that is no transcription",
  );
  return { kind: "failed", error, again: false };
}

function retryAfter(response: Response): { readonly pauseMs?: number } {
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? { pauseMs: seconds * 1_000 } : {};
}
