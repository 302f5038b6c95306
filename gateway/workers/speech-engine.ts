import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import {
  TranscriptionServer,
  type TranscriptionServerOptions,
} from "../adapters/openai-compatible/transcription-server.js";
import { EnergyVoiceActivity } from "../adapters/voice-activity-energy/energy-voice-activity.js";
import { openSilero, type SileroOptions } from "../adapters/whisper/silero-voice-activity.js";
import { openWhisper, type WhisperOptions } from "../adapters/whisper/whisper-transcriber.js";
import type { Clock } from "../core/clock.js";
import { GatewayError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import type { Transcriber } from "../ports/transcriber.js";
import type { VoiceActivity } from "../ports/voice-activity.js";

/** Which recogniser, and all that it needs: plain data. */
export type RecogniserOptions =
  | { readonly kind: "whisper"; readonly whisper: WhisperOptions }
  | { readonly kind: "openai"; readonly server: TranscriptionServerOptions }
  | { readonly kind: "module"; readonly path: string; readonly options: Readonly<Record<string, unknown>> };

export type VoiceActivityOptions =
  | { readonly kind: "energy" }
  /** `required`: without the model the start fails; else the own detector takes its place. */
  | { readonly kind: "silero"; readonly silero: SileroOptions; readonly required: boolean };

export interface EngineOptions {
  readonly recogniser: RecogniserOptions;
  readonly voiceActivity: VoiceActivityOptions;
}

/** What a module that is named as speech engine exports: its own recogniser, and, where it wants, its own detector. */
export type CreateSpeechEngine = (options: Readonly<Record<string, unknown>>) => ModuleEngine | Promise<ModuleEngine>;

export interface ModuleEngine {
  readonly transcriber: Transcriber;
  /** Default: as configured. */
  readonly voiceActivity?: VoiceActivity;
  /** Keep tones and music from it. Default: only where it brings no detector of its own. */
  readonly rejectTones?: boolean;
}

export interface SpeechEngine {
  readonly transcriber: Transcriber;
  readonly voiceActivity: VoiceActivity;
  /** Undefined: as configured. */
  readonly rejectTones: boolean | undefined;
  /** Safe to call twice. */
  close(): Promise<void>;
}

export interface EngineDeps {
  readonly clock: Clock;
  readonly log: Log;
}

/** Starts recogniser and detector. @throws GatewayError `model.missing`, `model.invalid`, `config.invalid`; nothing is left running. */
export async function openSpeechEngine(options: EngineOptions, deps: EngineDeps): Promise<SpeechEngine> {
  const { transcriber, voiceActivity, rejectTones } = await openRecogniser(options.recogniser, deps);
  const detector =
    voiceActivity ??
    (await openVoiceActivity(options.voiceActivity, deps).catch(async (error: unknown) => {
      await transcriber.close();
      throw error;
    }));
  return {
    transcriber,
    voiceActivity: detector,
    rejectTones: rejectTones ?? (voiceActivity === undefined ? undefined : false),
    close: async () => {
      await Promise.allSettled([transcriber.close(), detector.close()]);
    },
  };
}

/** @throws GatewayError `model.missing`, `model.invalid` where it is required. */
export async function openVoiceActivity(options: VoiceActivityOptions, deps: EngineDeps): Promise<VoiceActivity> {
  if (options.kind === "energy") return new EnergyVoiceActivity();
  try {
    return await openSilero(options.silero, deps);
  } catch (error) {
    if (options.required || !(error instanceof GatewayError)) throw error;
    deps.log.warn("listening.own-detector", { reason: error.code });
    return new EnergyVoiceActivity();
  }
}

async function openRecogniser(options: RecogniserOptions, deps: EngineDeps): Promise<ModuleEngine> {
  switch (options.kind) {
    case "whisper":
      return { transcriber: await openWhisper(options.whisper, deps) };
    case "openai":
      return { transcriber: new TranscriptionServer(options.server, { clock: deps.clock }) };
    case "module":
      return loadModule(options.path, options.options);
  }
}

async function loadModule(path: string, options: Readonly<Record<string, unknown>>): Promise<ModuleEngine> {
  const refuse = (why: string, cause?: unknown): GatewayError =>
    new GatewayError("config.invalid", `speech.module.path ${path}: ${why}`, { cause });
  let exported: unknown;
  try {
    const loaded = (await import(pathToFileURL(resolve(path)).href)) as Readonly<Record<string, unknown>>;
    exported = loaded["createSpeechEngine"];
  } catch (cause) {
    throw refuse(cause instanceof Error ? cause.message : "cannot be loaded", cause);
  }
  if (typeof exported !== "function") throw refuse("it exports no function createSpeechEngine");
  const engine = await (exported as CreateSpeechEngine)(options);
  if (typeof engine.transcriber.transcribe !== "function") throw refuse("its engine has no transcriber");
  return engine;
}
