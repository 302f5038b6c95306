import { ChildService, type Child, type ChildEvents } from "../../core/child-service.js";
import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import type { Log } from "../../core/log.js";
import { SPEECH_RATE_HZ, type PcmAudio } from "../../media/audio.js";
import type { Transcriber, TranscribeOptions, Transcript } from "../../ports/transcriber.js";
import { decodeOrder, DEFAULT_DECODING, type DecodingOptions } from "./decode-order.js";
import { verifyModel, type ModelChoice, type ModelFile } from "./model-file.js";
import { readDecoding } from "./read-decoding.js";
import { toInt16, type DecodeWork, type RecogniserInfo, type RecogniserStart } from "./recogniser-work.js";
import { startRecogniser } from "./start-recogniser.js";
import { findEngine } from "./whisper-engine.js";

export interface WhisperOptions extends ModelChoice, DecodingOptions {
  /** Decodes at a time. Each takes a core, and memory of its own: 33 MB for tiny, 49 MB for base. */
  readonly concurrency: number;
  /** Decodes that wait inside; one more is `stt.busy`. */
  readonly maxWaiting: number;
  /** One decode with its wait; after it (times its patience) the recogniser is taken for hung and started anew, ms. */
  readonly timeoutMs: number;
  /** Loading a large model from a cold disk takes a while, ms. */
  readonly startTimeoutMs: number;
  readonly flashAttention: boolean;
}

export const DEFAULT_WHISPER = {
  ...DEFAULT_DECODING,
  concurrency: 2,
  maxWaiting: 32,
  timeoutMs: 20_000,
  startTimeoutMs: 120_000,
  flashAttention: true,
} as const satisfies Omit<WhisperOptions, "model" | "folder">;

export interface WhisperDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Default: a child process. */
  readonly start?: (start: RecogniserStart, events: ChildEvents) => Child;
}

const MOST_SECONDS = 30;
/** Restarts of a recogniser that dies; beyond them it rests until the window has passed. */
const RESTARTS = 5;
const RESTART_WINDOW_MS = 600_000;
const FIRST_BACK_OFF_MS = 500;

/**
 * Checks engine and model, then starts the recogniser.
 * @throws GatewayError `model.missing` (file or engine), `model.invalid`.
 */
export async function openWhisper(options: WhisperOptions, deps: WhisperDeps): Promise<WhisperTranscriber> {
  const { addonPath } = findEngine();
  const file = await verifyModel(options);
  if (file.kind !== "whisper") throw new GatewayError("model.invalid", `${file.path} recognises no speech`);
  return new WhisperTranscriber(file, addonPath, options, deps);
}

/** whisper.cpp in a child process of its own: a crash or a hang of it costs the text of a moment, and no call. */
export class WhisperTranscriber implements Transcriber {
  readonly name: string;
  readonly concurrency: number;
  readonly tellsTimes = true;
  readonly onlyLanguage: string | undefined;
  readonly #options: WhisperOptions;
  readonly #log: Log;
  /** Languages that it does not know, and of which that was said. */
  readonly #unknown = new Set<string>();
  readonly #service: ChildService;

  /** @param file Verified. */
  constructor(
    file: Pick<ModelFile, "path" | "known" | "multilingual">,
    addonPath: string,
    options: WhisperOptions,
    deps: WhisperDeps,
  ) {
    const { concurrency, maxWaiting, startTimeoutMs, flashAttention } = options;
    this.name = `whisper ${file.known?.name ?? file.path.replace(/^.*[/\\]/, "")}`;
    this.concurrency = concurrency;
    this.onlyLanguage = file.multilingual ? undefined : "en";
    this.#log = deps.log;
    this.#options = options;
    const start: RecogniserStart = {
      ...{ role: "decode", addonPath, modelPath: file.path },
      ...{ states: concurrency, flashAttention },
    };
    this.#service = new ChildService(
      {
        name: "recogniser",
        concurrency,
        maxWaiting,
        startTimeoutMs,
        restarts: RESTARTS,
        restartWindowMs: RESTART_WINDOW_MS,
        backOffMs: FIRST_BACK_OFF_MS,
        codes: { unavailable: "stt.unavailable", busy: "stt.busy", timeout: "stt.timeout" },
      },
      { ...deps, start: (events) => (deps.start ?? startRecogniser)(start, events) },
    );
  }

  get ok(): boolean {
    return this.#service.ready;
  }

  /** For the health page. */
  get detail(): string {
    const info = this.#service.info as RecogniserInfo | undefined;
    const loaded =
      info === undefined ? "" : `, whisper.cpp ${info.version}, ${Math.round(info.rssBytes / 1_048_576)} MiB`;
    return `${this.name}: ${this.#service.detail}${loaded}`;
  }

  async transcribe(audio: PcmAudio, options: TranscribeOptions, signal: AbortSignal): Promise<Transcript> {
    signal.throwIfAborted();
    const { samples, sampleRateHz } = audio;
    if (sampleRateHz !== SPEECH_RATE_HZ || samples.length > MOST_SECONDS * SPEECH_RATE_HZ) {
      throw new GatewayError("stt.rejected", `audio has to be ${SPEECH_RATE_HZ} Hz and at most ${MOST_SECONDS} s`);
    }
    if (options.language !== undefined && !/^[a-z]{2,3}$/.test(options.language)) {
      throw new GatewayError("stt.rejected", "the language is no ISO 639 code");
    }
    this.#checkLanguage(options.language);
    const work: DecodeWork = {
      samples: toInt16(samples),
      options: decodeOrder(samples.length, options, this.#options),
    };
    const timeoutMs = this.#options.timeoutMs * (options.patience ?? 1);
    const answer = await this.#service.request(work, timeoutMs, signal);
    const read = readDecoding(answer, (samples.length * 1_000) / SPEECH_RATE_HZ);
    if (!read.ok) throw new GatewayError("stt.rejected", `the recogniser answered no transcript: ${read.error.code}`);
    return read.value;
  }

  /** Of another language it would make English, word for word nonsense. */
  #checkLanguage(language: string | undefined): void {
    if (language === undefined || this.onlyLanguage === undefined || language === this.onlyLanguage) return;
    if (!this.#unknown.has(language)) {
      this.#unknown.add(language);
      this.#log.warn("stt.language-unknown", { language, recogniser: this.name });
    }
    throw new GatewayError(
      "stt.language",
      `${this.name} knows ${this.onlyLanguage} only, and the language is ${language}`,
    );
  }

  close(): Promise<void> {
    this.#service.close();
    return Promise.resolve();
  }
}
