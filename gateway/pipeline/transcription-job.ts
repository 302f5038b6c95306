import type { Speaker } from "../../detection/index.js";
import type { MonoMs } from "../core/time.js";
import type { PcmAudio } from "../media/audio.js";
import type { Transcript } from "../ports/transcriber.js";

export type JobKind =
  /** A stretch that is over. */
  | "final"
  /** One that is probably over: becomes its final when it is. */
  | "speculative"
  /** Text so far. */
  | "partial"
  /** A stretch of a file: when nothing live waits. */
  | "file";

/** What became of a job. Only `text` brings a transcript; all others are counted by this name. */
export type JobOutcome =
  | {
      readonly kind: "text";
      readonly transcript: Transcript;
      /** It took longer than a stretch may. */
      readonly overran?: true;
    }
  /** No room, or a newer job of the stretch took its place. */
  | { readonly kind: "dropped" }
  /** Twice. */
  | { readonly kind: "failed" }
  | { readonly kind: "timed-out" }
  /** What came back is no transcript of this audio. */
  | { readonly kind: "rubbish" };

/** A piece of speech that wants to become text. */
export interface TranscriptionJob {
  readonly callId: string;
  readonly speaker: Speaker;
  readonly segment: number;
  /** Changes once at most: from speculative to final. */
  kind: JobKind;
  readonly startMs: number;
  readonly endMs: number;
  /** When the speech ended, or for a partial when it was asked for: for the lag, and to take the oldest first. */
  readonly spokenAt: MonoMs;
  /** 0–1; asked again each time. */
  readonly risk: () => number;
  /** Undefined: it is not held any more. */
  readonly audio: () => PcmAudio | undefined;
  readonly language: string | undefined;
  readonly prompt: string | undefined;
  /** Of several stretches: its text is shared out by its tokens' times. */
  readonly timed?: boolean;
  /** Default 1: it may take so many times as long as a stretch, while nothing live waits. */
  readonly patience?: number;
  /** Told once. */
  readonly done: (outcome: JobOutcome) => void;
}

export const secondsOf = (job: TranscriptionJob): number => Math.max(0, job.endMs - job.startMs) / 1_000;
