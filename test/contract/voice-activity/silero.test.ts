import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { SystemClock } from "../../../gateway/adapters/system/system-clock.js";
import { hashFile } from "../../../gateway/adapters/whisper/model-file.js";
import { DEFAULT_SILERO, openSilero } from "../../../gateway/adapters/whisper/silero-voice-activity.js";
import { silentLog } from "../../../gateway/core/log.js";
import { readWav } from "../../../gateway/media/wav/read-wav.js";
import { VAD_STEP_SAMPLES } from "../../../gateway/ports/voice-activity.js";
import { handmadeSilero } from "../../support/models/handmade-silero.js";
import { missingWhisperEngine } from "../../support/whisper-engine.js";
import { voiceActivityContract, type VoiceActivityUnderTest } from "./voice-activity-contract.js";

const shared = (path: string): string => fileURLToPath(new URL(`../../../../shared/${path}`, import.meta.url));
const REAL_MODEL = shared("models/for-tests-silero-v6.2.0-ggml.bin");
const REAL_SPEECH = shared("cases/audio/whisper-unity/jfk.wav");

async function open(model: string, speech: Float32Array): Promise<VoiceActivityUnderTest> {
  const voiceActivity = await openSilero(
    { ...DEFAULT_SILERO, model, folder: "", sha256: await hashFile(model), timeoutMs: 30_000 },
    { clock: new SystemClock(), log: silentLog },
  );
  const whole = speech.subarray(0, Math.floor(speech.length / VAD_STEP_SAMPLES) * VAD_STEP_SAMPLES);
  return { voiceActivity, speech: whole, close: () => voiceActivity.close() };
}

// Silero's architecture with weights set by hand: whisper.cpp computes it as it does the trained one.
voiceActivityContract(
  "silero, weights by hand",
  () =>
    open(
      handmadeSilero(),
      Float32Array.from({ length: 32_768 }, (_, i) => 0.2 * Math.sin(i / 7) + 0.2 * Math.sin(i / 3)),
    ),
  missingWhisperEngine(),
);

const missing = [REAL_MODEL, REAL_SPEECH].every(existsSync)
  ? undefined
  : "the trained model or the speech is not on this machine";
voiceActivityContract(
  "silero, trained, on real speech",
  () => {
    const wav = readWav(readFileSync(REAL_SPEECH));
    if (!wav.ok) throw new Error(wav.error.code);
    return open(REAL_MODEL, wav.value.channels[0] ?? new Float32Array());
  },
  missingWhisperEngine() ?? missing,
);
