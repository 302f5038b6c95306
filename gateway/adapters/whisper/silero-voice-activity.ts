import { ChildService, type Child, type ChildEvents } from "../../core/child-service.js";
import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import type { Log } from "../../core/log.js";
import { VAD_STEP_SAMPLES, type VoiceActivity } from "../../ports/voice-activity.js";
import { verifyModel, type ModelChoice, type ModelFile } from "./model-file.js";
import { toInt16, type RecogniserStart, type ScoreWork } from "./recogniser-work.js";
import { startRecogniser } from "./start-recogniser.js";
import { findEngine } from "./whisper-engine.js";

export interface SileroOptions extends ModelChoice {
  /** One batch of steps; after it the detector is taken for hung and started anew, ms. */
  readonly timeoutMs: number;
  /** Steps that wait, over all speakers; more fail as `stt.unavailable`. */
  readonly maxWaitingSteps: number;
  readonly startTimeoutMs: number;
}

export const DEFAULT_SILERO = {
  timeoutMs: 2_000,
  maxWaitingSteps: 8_192,
  startTimeoutMs: 30_000,
} as const satisfies Omit<SileroOptions, "model" | "folder">;

export interface SileroDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Default: a child process. */
  readonly start?: (start: RecogniserStart, events: ChildEvents) => Child;
}

interface Waiting {
  readonly streamId: number;
  readonly samples: Int16Array;
  readonly resolve: (scores: Float32Array) => void;
  readonly reject: (error: unknown) => void;
}

/** Goodbyes that are kept for the next batch; beyond, the detector forgets by age. */
const MAX_FORGET = 4_096;
const RESTARTS = 5;
const RESTART_WINDOW_MS = 600_000;
const FIRST_BACK_OFF_MS = 250;

/**
 * Checks engine and model, then starts the detector.
 * @throws GatewayError `model.missing` (file or engine), `model.invalid`.
 */
export async function openSilero(options: SileroOptions, deps: SileroDeps): Promise<SileroVoiceActivity> {
  const { addonPath } = findEngine();
  const file = await verifyModel(options);
  if (file.kind !== "voice-activity") throw new GatewayError("model.invalid", `${file.path} is no voice detector`);
  return new SileroVoiceActivity(file, addonPath, options, deps);
}

/**
 * Silero's voice detector through whisper.cpp, in a child process. What several speakers ask for meanwhile goes over as one
 * batch when the one before is back.
 */
export class SileroVoiceActivity implements VoiceActivity {
  readonly name: string;
  readonly #options: SileroOptions;
  readonly #service: ChildService;
  readonly #never = new AbortController().signal;
  #waiting: Waiting[] = [];
  #waitingSteps = 0;
  #forget: number[] = [];
  #busy = false;
  #closed = false;

  /** @param file Verified. */
  constructor(file: Pick<ModelFile, "path" | "known">, addonPath: string, options: SileroOptions, deps: SileroDeps) {
    this.name = `silero ${file.known?.name ?? file.path.replace(/^.*[/\\]/, "")}`;
    this.#options = options;
    const start: RecogniserStart = { role: "score", addonPath, modelPath: file.path };
    this.#service = new ChildService(
      {
        name: "voice detector",
        concurrency: 1,
        maxWaiting: 1,
        startTimeoutMs: options.startTimeoutMs,
        restarts: RESTARTS,
        restartWindowMs: RESTART_WINDOW_MS,
        backOffMs: FIRST_BACK_OFF_MS,
        codes: { unavailable: "stt.unavailable", busy: "stt.unavailable", timeout: "stt.unavailable" },
      },
      { ...deps, start: (events) => (deps.start ?? startRecogniser)(start, events) },
    );
  }

  get ok(): boolean {
    return this.#service.ready;
  }

  score(streamId: number, samples: Float32Array): Promise<Float32Array> {
    const steps = samples.length / VAD_STEP_SAMPLES;
    if (this.#closed || this.#waitingSteps + steps > this.#options.maxWaitingSteps) {
      const why = this.#closed ? "is closed" : "has too much to do";
      return Promise.reject(new GatewayError("stt.unavailable", `the voice detector ${why}`));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ streamId, samples: toInt16(samples), resolve, reject });
      this.#waitingSteps += steps;
      // Whoever else asks in this turn goes along.
      queueMicrotask(() => void this.#pump());
    });
  }

  forget(streamId: number): void {
    if (this.#forget.length < MAX_FORGET) this.#forget.push(streamId);
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#service.close();
    return Promise.resolve();
  }

  async #pump(): Promise<void> {
    if (this.#busy || this.#waiting.length === 0) return;
    this.#busy = true;
    const batch = this.#waiting;
    this.#waiting = [];
    this.#waitingSteps = 0;
    try {
      const answer = await this.#service.request(this.#workOf(batch), this.#options.timeoutMs, this.#never);
      share(answer, batch);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    this.#busy = false;
    void this.#pump();
  }

  #workOf(batch: readonly Waiting[]): ScoreWork {
    const samples = new Int16Array(batch.reduce((sum, each) => sum + each.samples.length, 0));
    let at = 0;
    for (const each of batch) {
      samples.set(each.samples, at);
      at += each.samples.length;
    }
    const forget = Float64Array.from(this.#forget);
    this.#forget = [];
    return {
      streamIds: Float64Array.from(batch, ({ streamId }) => streamId),
      counts: Uint32Array.from(batch, (each) => each.samples.length),
      samples,
      forget,
    };
  }
}

/** Gives everybody his scores. @throws GatewayError `stt.unavailable`: it is no answer. */
function share(answer: unknown, batch: readonly Waiting[]): void {
  const steps = batch.map(({ samples }) => Math.ceil(samples.length / VAD_STEP_SAMPLES));
  const expected = steps.reduce((sum, count) => sum + count, 0);
  if (!(answer instanceof Float32Array) || answer.length !== expected || !answer.every((p) => p >= 0 && p <= 1)) {
    throw new GatewayError("stt.unavailable", "the voice detector answered no probabilities");
  }
  let at = 0;
  batch.forEach(({ resolve }, i) => resolve(answer.slice(at, (at += steps[i] ?? 0))));
}
