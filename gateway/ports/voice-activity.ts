/** Samples of one step: 32 ms at 16 kHz, what Silero works on. */
export const VAD_STEP_SAMPLES = 512;

/**
 * How likely somebody speaks, step by step. Adapters: silero (whisper.cpp's, in the recogniser's child process), energy
 * (ours, where no model is installed); in tests the modem's. Every one passes test/contract/voice-activity.
 */
export interface VoiceActivity {
  readonly name: string;
  /**
   * @param streamId One speaker: the detector may remember what came before on it.
   * @param samples 16 kHz mono, a whole number of steps.
   * @returns One probability (0–1) a step. May be had at once: the own detector needs no other process.
   * @throws GatewayError `stt.unavailable`: the caller falls back to the own detector.
   */
  score(streamId: number, samples: Float32Array): Float32Array | Promise<Float32Array>;
  /** The speaker is gone. */
  forget(streamId: number): void;
  close(): Promise<void>;
}
