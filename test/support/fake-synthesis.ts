import { GatewayError } from "../../gateway/core/errors.js";
import type { PcmAudio } from "../../gateway/media/audio.js";
import { MAX_SPOKEN_CHARACTERS, type SpeechSynthesis, type SpokenText } from "../../gateway/ports/speech-synthesis.js";

/** A beep for each letter: 20 ms, higher for later letters. */
export class FakeSynthesis implements SpeechSynthesis {
  /** Texts that were rendered, in order. */
  readonly said: string[] = [];
  fails = false;

  say({ text, voice, wordsPerMinute }: SpokenText, sampleRateHz: number): Promise<PcmAudio> {
    const letters = text.replace(/\p{Cc}/gu, " ").trim();
    const bad = letters === "" || letters.length > MAX_SPOKEN_CHARACTERS || !/^[a-z][\w-]{0,31}$/.test(voice);
    if (this.fails || bad) return Promise.reject(new GatewayError("tts.unavailable", "as the test says"));
    this.said.push(text);
    const each = Math.round((sampleRateHz * 0.02 * 160) / wordsPerMinute);
    const samples = new Float32Array(each * letters.length);
    for (let i = 0; i < samples.length; i++) {
      const letter = letters.charCodeAt(Math.floor(i / each));
      samples[i] = 0.3 * Math.sin((2 * Math.PI * (300 + 8 * letter) * i) / sampleRateHz);
    }
    return Promise.resolve({ sampleRateHz, samples });
  }
}
