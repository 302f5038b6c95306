import { SPEECH_RATE_HZ } from "../../../gateway/media/audio.js";
import { VAD_STEP_SAMPLES, type VoiceActivity } from "../../../gateway/ports/voice-activity.js";
import { TONES_PER_GROUP } from "./encode-tones.js";
import { TONES, toneEnergies } from "./tone-energies.js";

/** −50 dB of full scale, mean square: below it nobody speaks. */
const QUIETEST = 1e-5;
/** Share of the sound in the strongest tone of each group, the weaker group counted twice: noise stays below, the modem above. */
const SURELY_NOT = 0.35;
const SURELY = 0.6;

/** Takes tones of the modem for speech: one tone of each group and hardly anything else. One group alone (DTMF, ringback) is none. */
export class ModemVoiceActivity implements VoiceActivity {
  readonly name = "tone modem";

  score(_streamId: number, samples: Float32Array): Float32Array {
    const steps = Math.floor(samples.length / VAD_STEP_SAMPLES);
    return Float32Array.from({ length: steps }, (_, step) =>
      scoreStep(samples.subarray(step * VAD_STEP_SAMPLES, (step + 1) * VAD_STEP_SAMPLES)),
    );
  }

  forget(): void {
    // Nothing is remembered of a stream.
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function scoreStep(samples: Float32Array): number {
  const { hops, ofTone, total } = toneEnergies(samples, SPEECH_RATE_HZ);
  let best = 0;
  for (let hop = 0; hop < hops; hop++) {
    const all = total[hop] as number;
    // Also false for what is not a number.
    if (!(all >= QUIETEST)) continue;
    const lower = Math.max(...ofTone.subarray(hop * TONES, hop * TONES + TONES_PER_GROUP));
    const upper = Math.max(...ofTone.subarray(hop * TONES + TONES_PER_GROUP, (hop + 1) * TONES));
    const share = (2 * Math.min(lower, upper)) / all;
    if (share > best) best = share;
  }
  return Math.min(1, Math.max(0, (best - SURELY_NOT) / (SURELY - SURELY_NOT)));
}
