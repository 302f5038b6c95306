import { PowerSpectrum } from "../../../detection/index.js";
import { GatewayError } from "../../core/errors.js";
import { VAD_STEP_SAMPLES, type VoiceActivity } from "../../ports/voice-activity.js";
import { SpeakerDetector } from "./speaker-detector.js";

export interface EnergyVoiceActivityOptions {
  /** Speakers that are remembered; the one heard longest ago is forgotten first. 2 kB each. */
  readonly mostStreams: number;
}

/**
 * Voice activity without a model: level above the noise, and a spectrum as only voices have it. Answers at once. Good on a telephone line; in noise
 * as loud as the voice, or beside other voices, Silero is better.
 */
export class EnergyVoiceActivity implements VoiceActivity {
  readonly name = "energy";
  readonly #options: EnergyVoiceActivityOptions;
  readonly #spectrum = new PowerSpectrum();
  readonly #speakers = new Map<number, SpeakerDetector>();
  #closed = false;

  constructor(options: EnergyVoiceActivityOptions = { mostStreams: 8_192 }) {
    this.#options = options;
  }

  score(streamId: number, samples: Float32Array): Float32Array {
    if (this.#closed) throw new GatewayError("stt.unavailable", "the detector is closed");
    const speaker = this.#speakerOf(streamId);
    const scores = new Float32Array(Math.floor(samples.length / VAD_STEP_SAMPLES));
    for (let step = 0; step < scores.length; step++) scores[step] = speaker.step(samples, step * VAD_STEP_SAMPLES);
    return scores;
  }

  forget(streamId: number): void {
    this.#speakers.delete(streamId);
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#speakers.clear();
    return Promise.resolve();
  }

  #speakerOf(streamId: number): SpeakerDetector {
    const known = this.#speakers.get(streamId);
    if (known !== undefined) return known;
    if (this.#speakers.size >= this.#options.mostStreams) {
      const [oldest] = this.#speakers.keys();
      if (oldest !== undefined) this.#speakers.delete(oldest);
    }
    const speaker = new SpeakerDetector(this.#spectrum);
    this.#speakers.set(streamId, speaker);
    return speaker;
  }
}
