import type { PcmAudio } from "../media/audio.js";

/** One text to be said. */
export interface SpokenText {
  /** At most `MAX_SPOKEN_CHARACTERS`; signs that no voice can say are left out. */
  readonly text: string;
  /** The synthesiser's name of a voice or language: `en-us`, `es`. */
  readonly voice: string;
  readonly wordsPerMinute: number;
}

export const MAX_SPOKEN_CHARACTERS = 1_000;

/** Text to speech in the house. Adapter: speech-synthesis. Every implementation passes test/contract/speech-synthesis. */
export interface SpeechSynthesis {
  /**
   * @returns Mono sound, at the rate that was asked for, newly allocated or shared: not to be written to.
   * @throws GatewayError `tts.unavailable`: not installed, failed, too slow, the text is empty or too long; the message says which.
   */
  say(spoken: SpokenText, sampleRateHz: number, signal?: AbortSignal): Promise<PcmAudio>;
}
