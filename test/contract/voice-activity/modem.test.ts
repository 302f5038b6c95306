import { VAD_STEP_SAMPLES } from "../../../gateway/ports/voice-activity.js";
import { encodeText } from "../../support/modem/encode-tones.js";
import { ModemVoiceActivity } from "../../support/modem/modem-voice-activity.js";
import { toSpeechRate } from "../../support/modem/telephone-line.js";
import { voiceActivityContract } from "./voice-activity-contract.js";

voiceActivityContract("tone modem", () => {
  const voiceActivity = new ModemVoiceActivity();
  const tones = toSpeechRate(encodeText("Long enough to be more than one second of tones, without a pause."));
  const speech = tones.subarray(0, Math.floor(tones.length / VAD_STEP_SAMPLES) * VAD_STEP_SAMPLES);
  return Promise.resolve({ voiceActivity, speech, close: () => voiceActivity.close() });
});
