import { SPEECH_RATE_HZ } from "../../media/audio.js";
import type { TranscribeOptions } from "../../ports/transcriber.js";
import type { NativeDecodeOptions } from "./whisper-engine.js";

export interface DecodingOptions {
  /** Threads of one decode. More than one only where cores are idle: whisper.cpp's threads wait for each other spinning. */
  readonly threads: number;
  /** `full`: 30 s, as the model was trained. `cut`: as long as the audio, far faster, but what it does to words is unproven. */
  readonly audioContext: "full" | "cut";
  /** Of a cut context, beyond the end of the audio, ms. */
  readonly contextMarginMs: number;
  /** Tokens at most a second of audio: what keeps a decoder that repeats itself from going on for ever. */
  readonly maxTokensPerSecond: number;
  /** Added to that limit: punctuation, and a word at the edge. Default 8. */
  readonly spareTokens?: number;
  /** Try again at higher temperatures what looks bad (finals only): better text, up to six times the time. */
  readonly fallback: boolean;
  /** ISO 639-1 where the caller names none; undefined: detected. */
  readonly language?: string;
}

export const DEFAULT_DECODING: DecodingOptions = {
  threads: 1,
  audioContext: "full",
  contextMarginMs: 1_000,
  maxTokensPerSecond: 12,
  fallback: false,
};

const FRAME_MS = 20;
const FULL_FRAMES = 1_500;
/** The encoder's matrices like whole blocks. */
const BLOCK_FRAMES = 64;
const SPARE_TOKENS = 8;
/** Half of the text context, as whisper.cpp allows. */
const MOST_TOKENS = 220;
const MOST_PROMPT_CHARACTERS = 400;

/** What the add-on is told for one stretch of audio. @param samples Of 16 kHz audio. */
export function decodeOrder(samples: number, options: TranscribeOptions, own: DecodingOptions): NativeDecodeOptions {
  const seconds = samples / SPEECH_RATE_HZ;
  const limit = Math.ceil(seconds * own.maxTokensPerSecond) + (own.spareTokens ?? SPARE_TOKENS);
  return {
    threads: own.threads,
    audioContext: own.audioContext === "full" ? 0 : cutContext(seconds * 1_000, own.contextMarginMs),
    maxTokens: Math.min(MOST_TOKENS, limit),
    temperatureIncrement: own.fallback && !options.partial ? 0.2 : 0,
    tokenTimestamps: !options.partial,
    timestamps: options.timed ?? false,
    suppressNonSpeech: true,
    language: options.language ?? own.language ?? "",
    prompt: (options.prompt ?? "").slice(-MOST_PROMPT_CHARACTERS),
  };
}

/** @returns Encoder frames for so much audio; 0: all of them. */
export function cutContext(audioMs: number, marginMs: number): number {
  const frames = Math.ceil((audioMs + marginMs) / FRAME_MS / BLOCK_FRAMES) * BLOCK_FRAMES;
  return frames >= FULL_FRAMES ? 0 : frames;
}
