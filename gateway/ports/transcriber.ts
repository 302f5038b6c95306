import type { PcmAudio } from "../media/audio.js";

export interface TranscribeOptions {
  /** ISO 639-1; undefined: the recogniser detects it. */
  readonly language?: string;
  /** What was said just before, to help with names; never a command. */
  readonly prompt?: string;
  /** Text is wanted soon rather than well: the stretch is not over yet. */
  readonly partial: boolean;
  /** The text will be shared out by the tokens' times: good ones are worth some more work. Default false. */
  readonly timed?: boolean;
  /** Default 1: it may take so many times as long as a decode may by default. */
  readonly patience?: number;
}

export interface TranscriptToken {
  readonly text: string;
  /** 0–1. */
  readonly probability: number;
  /** Since the start of the audio, ms. */
  readonly startMs: number;
  readonly endMs: number;
}

export interface Transcript {
  /** Trimmed; empty where nothing was said. */
  readonly text: string;
  /** ISO 639-1. */
  readonly language?: string;
  /** Mean probability of the tokens, 0–1; absent where the recogniser does not tell. */
  readonly confidence?: number;
  readonly tokens: readonly TranscriptToken[];
  /** There is more, but the recogniser came to a limit of its own. */
  readonly truncated?: boolean;
}

/**
 * Speech to text. Adapters: whisper (whisper.cpp in a child process), openai-compatible; in tests the tone modem. Every one
 * passes test/contract/transcriber.
 */
export interface Transcriber {
  /** For metrics and health: `whisper tiny.en`, `openai http://…`. No secret. */
  readonly name: string;
  /** Decodes that may run at a time; more wait inside, up to a limit, then `stt.busy`. */
  readonly concurrency: number;
  /** Its tokens have the times at which they were said: what is asked for `timed` can be shared out by them. Not so where it is absent. */
  readonly tellsTimes: boolean;
  /** The only language that it knows, ISO 639-1; undefined: it knows many, or does not tell. */
  readonly onlyLanguage?: string | undefined;
  /**
   * @param audio 16 kHz mono, up to 30 s. Not kept and not changed.
   * @throws GatewayError `stt.unavailable` (try again), `stt.busy` (later), `stt.rejected` (do not), `stt.language` (it does not know that one), `stt.timeout`.
   * @throws The signal's reason, once `signal` has aborted; stale work that still waits is dropped.
   */
  transcribe(audio: PcmAudio, options: TranscribeOptions, signal: AbortSignal): Promise<Transcript>;
  /** Safe to call twice. */
  close(): Promise<void>;
}
