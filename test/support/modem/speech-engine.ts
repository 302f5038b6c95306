import type { Transcriber } from "../../../gateway/ports/transcriber.js";
import type { VoiceActivity } from "../../../gateway/ports/voice-activity.js";
import { ModemTranscriber } from "./modem-transcriber.js";
import { ModemVoiceActivity } from "./modem-voice-activity.js";

/** What a module named by the configuration as speech engine gives: here the tone modem, so that a whole gateway can be tested on words. */
export function createSpeechEngine(): { readonly transcriber: Transcriber; readonly voiceActivity: VoiceActivity } {
  return { transcriber: new ModemTranscriber(), voiceActivity: new ModemVoiceActivity() };
}
