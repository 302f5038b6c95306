import { EnergyVoiceActivity } from "../../../gateway/adapters/voice-activity-energy/energy-voice-activity.js";
import { VAD_STEP_SAMPLES } from "../../../gateway/ports/voice-activity.js";
import { voiceActivityContract } from "./voice-activity-contract.js";

/** Syllables: a gliding voice of many harmonics, loud and soft four times a second. */
function voice(seconds: number): Float32Array {
  const length = Math.floor((seconds * 16_000) / VAD_STEP_SAMPLES) * VAD_STEP_SAMPLES;
  let phase = 0;
  return Float32Array.from({ length }, (_, i) => {
    const t = i / 16_000;
    phase += (2 * Math.PI * (130 + 25 * Math.sin(2 * Math.PI * 1.3 * t))) / 16_000;
    let sum = 0;
    for (let harmonic = 1; harmonic <= 20; harmonic++) {
      const hz = harmonic * 130;
      sum += Math.sin(harmonic * phase) / (1 + Math.abs(hz - 600 - 300 * Math.sin(2 * Math.PI * 4 * t)) / 300);
    }
    return 0.08 * sum * (0.55 + 0.45 * Math.sin(2 * Math.PI * 4 * t));
  });
}

voiceActivityContract("energy", () => {
  const voiceActivity = new EnergyVoiceActivity();
  return Promise.resolve({ voiceActivity, speech: voice(2), close: () => voiceActivity.close() });
});
