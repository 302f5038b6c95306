import type { Speaker, Turn, TurnVerdict } from "../../detection/index.js";

export interface AnalysisOrder {
  /** A whole WAV file. Handed over: not to be used any more. */
  readonly wav: ArrayBuffer;
  /** Who speaks on which channel; undefined: one is the caller, two are caller and callee. */
  readonly speakers?: readonly Speaker[];
  /** ISO 639-1; undefined: detected. */
  readonly language?: string;
}

export interface AnalyzedSegment {
  readonly segment: number;
  readonly speaker: Speaker;
  /** Since the start of the file, ms. */
  readonly startMs: number;
  readonly endMs: number;
  /** Redacted; undefined: the recogniser made nothing of it. */
  readonly text: string | undefined;
  readonly confidence?: number;
  readonly language?: string;
}

export interface AudioAnalysis {
  readonly durationMs: number;
  /** The file ends before its header says; what is there was heard. */
  readonly truncated: boolean;
  /** In the order in which they began. */
  readonly segments: readonly AnalyzedSegment[];
  readonly turns: readonly Turn[];
  /** The worst that was thought of it, with what is known after that turn; undefined: nothing was said. */
  readonly verdict: TurnVerdict | undefined;
  readonly recogniser: string;
  readonly voiceActivity: string;
}

/** Recordings → text → verdict. The listening side does it beside the live calls, which go first. */
export interface AudioAnalyzer {
  /**
   * @throws GatewayError `audio.invalid`: the message says what is wrong with the file · `stt.busy`: too many at a time ·
   *   `stt.timeout` · `stt.unavailable`: nobody listens, or the recogniser is gone.
   */
  analyze(order: AnalysisOrder): Promise<AudioAnalysis>;
}
