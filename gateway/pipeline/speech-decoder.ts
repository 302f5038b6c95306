import type { PayloadFormat } from "../media/audio.js";

/** Coded frames of one speaker → 16 kHz. Whatever it is fed, it does not throw. */
export interface SpeechDecoder {
  /** @returns Good until the next call; empty: it cannot be decoded. */
  decode(format: PayloadFormat, bytes: Uint8Array, from: number, to: number): Float32Array;
  /** In place of frames that were lost. */
  conceal(durationMs: number): Float32Array;
  /** What comes next does not follow what was before. */
  reset(): void;
}
