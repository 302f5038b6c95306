import type { Speaker } from "../../detection/index.js";

/** What one speaker said in one stretch. What was redacted in its text is silent in it. */
export interface SpeechPiece {
  readonly callId: string;
  readonly speaker: Speaker;
  /** Since the call's audio began, ms. */
  readonly startMs: number;
  readonly sampleRateHz: number;
  /** Mono, 16 bits. Handed over: not to be changed any more. */
  readonly samples: Int16Array;
}

/** Keeps what was said in calls, where the operator wants it. Adapter: speech-files. */
export interface SpeechKeeper {
  /** Never throws and never waits: what there is no room or no disk for is dropped and counted. */
  keep(piece: SpeechPiece): void;
}
