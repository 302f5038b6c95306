import { ListeningClient } from "../adapters/listening/listening-client.js";
import { workerAt } from "../adapters/system/worker-thread.js";
import type { SpeechConfig } from "../config/speech-schema.js";
import type { Clock } from "../core/clock.js";
import { GatewayError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import type { Metrics } from "../core/metrics.js";
import type { ListeningOptions } from "../pipeline/listening-options.js";
import { listeningEntry, type ListeningWorkerOptions } from "./listening-options.js";
import type { EngineOptions, RecogniserOptions, VoiceActivityOptions } from "./speech-engine.js";

export interface StartListeningDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** For the worker's own log lines. */
  readonly logs: ListeningWorkerOptions["logs"];
  /** What was said goes to `keepSpeech` of the result. Default false. */
  readonly keepSpeech?: boolean;
  /** As `privacy.redactPhones`. Default false. */
  readonly redactPhones?: boolean;
}

/** On top of the worker's own time-out: the way there and back. */
const ANSWER_SPARE_MS = 5_000;
const MODULE_START_MS = 60_000;

/**
 * Starts the listening thread as configured (`speech.*`). The result has `listening`, `heardStreams`, `openRing`, `analyze`, `metrics`, `attach` and `close`.
 *
 * @throws GatewayError `config.invalid`: an engine without what it needs, or a module that is none; `model.missing`, `model.invalid`; `stt.unavailable`: the thread
 *   does not start.
 */
export function startListening(
  speech: SpeechConfig,
  { logs, keepSpeech = false, redactPhones = false, ...deps }: StartListeningDeps,
): Promise<ListeningClient<ListeningWorkerOptions>> {
  const { limits, analysis, capacity, whisper } = speech;
  return ListeningClient.start(
    {
      thread: workerAt(listeningEntry(), "listening"),
      worker: {
        engine: engineOptions(speech),
        listening: listeningOptions(speech),
        capacity,
        analysis,
        logs,
        keepSpeech,
        redactPhones,
      },
      limits,
      analyzeTimeoutMs: analysis.timeoutMs + ANSWER_SPARE_MS,
      startTimeoutMs: Math.max(MODULE_START_MS, whisper.startTimeoutMs),
    },
    deps,
  );
}

/** @throws GatewayError `config.invalid` */
export function engineOptions(speech: SpeechConfig): EngineOptions {
  return { recogniser: recogniserOptions(speech), voiceActivity: voiceActivityOptions(speech) };
}

function recogniserOptions({
  engine,
  whisper,
  openai,
  module,
  language,
  modelFolder: folder,
}: SpeechConfig): RecogniserOptions {
  const spoken = language === undefined ? {} : { language };
  switch (engine) {
    case "whisper": {
      const { sha256, ...rest } = whisper;
      return { kind: "whisper", whisper: { ...rest, ...spoken, folder, ...(sha256 === undefined ? {} : { sha256 }) } };
    }
    case "openai": {
      const { url, apiKey, ...rest } = openai;
      if (url === undefined) throw new GatewayError("config.invalid", "speech.openai.url: engine openai needs it");
      const key = apiKey === undefined ? {} : { apiKey };
      return { kind: "openai", server: { ...rest, ...spoken, url, ...key } };
    }
    case "module":
      if (module.path === undefined)
        throw new GatewayError("config.invalid", "speech.module.path: engine module needs it");
      return { kind: "module", path: module.path, options: module.options };
    case "none":
      throw new GatewayError("config.invalid", "speech.engine: none: nobody is listened to");
  }
}

export function voiceActivityOptions({ voiceActivity, modelFolder: folder }: SpeechConfig): VoiceActivityOptions {
  const { engine, model, sha256, timeoutMs } = voiceActivity;
  if (engine === "energy") return { kind: "energy" };
  const hash = sha256 === undefined ? {} : { sha256 };
  const silero = {
    model,
    folder,
    timeoutMs,
    maxWaitingSteps: MAX_WAITING_STEPS,
    startTimeoutMs: SILERO_START_MS,
    ...hash,
  };
  return { kind: "silero", silero, required: engine === "silero" };
}
const MAX_WAITING_STEPS = 8_192;
const SILERO_START_MS = 30_000;

/** The recogniser's own time-out has to come first: it is what starts a hung one anew. */
const deskTimeoutMs = ({ engine, whisper, queue }: SpeechConfig): number =>
  engine === "whisper" ? Math.max(queue.timeoutMs, whisper.timeoutMs + HANG_SPARE_MS) : queue.timeoutMs;
const HANG_SPARE_MS = 2_000;

/** A pass over a cut context costs what is in it: there is nothing to be shared. */
const packing = ({ engine, whisper, analysis }: SpeechConfig): ListeningOptions["packing"] => {
  if (analysis.packing !== "auto") return analysis.packing;
  return engine === "whisper" && whisper.audioContext === "cut" ? "stretches" : "windows";
};

export const listeningOptions = (speech: SpeechConfig): ListeningOptions => ({
  segments: speech.segments,
  gate: speech.gate,
  rejectSteady: speech.rejectTones,
  desk: { ...speech.queue, timeoutMs: deskTimeoutMs(speech) },
  shed: speech.shed,
  holdMs: speech.turnHoldMs,
  lastWordsMs: speech.lastWordsMs,
  packing: packing(speech),
  limits: speech.limits,
});
