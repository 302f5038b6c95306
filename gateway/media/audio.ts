export type { AudioCodec, PayloadFormat } from "../core/payload-format.js";

/** Mono sound, samples in −1…1. */
export interface PcmAudio {
  readonly sampleRateHz: number;
  readonly samples: Float32Array;
}

/** What speech recognisers are fed with. */
export const SPEECH_RATE_HZ = 16_000;
