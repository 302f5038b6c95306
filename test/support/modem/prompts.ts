import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeWav } from "../../../gateway/media/wav/write-wav.js";
import { encodeText } from "./encode-tones.js";

/** What is said, in the modem's voice: so a test hears which prompt it is. */
export const MODEM_PROMPTS: Readonly<Record<string, string>> = {
  "en-ask": "who are you",
  "en-again": "once more",
  "en-keypad": "press a key",
  "en-pass": "thank you",
  "en-voicemail": "leave word",
  "en-goodbye": "goodbye",
  "es-ask": "quien es",
  "es-pass": "gracias",
};

/** Said two seconds after the first words of `en-ask`. */
export const REST = "and why do you call";

/** What is told apart, then, for the one prompt that is to be cut, a pause and more. */
function soundOf(name: string, text: string): Float32Array {
  const [said, more] = [encodeText(text), name === "en-ask" ? encodeText(REST) : new Float32Array(0)];
  const sound = new Float32Array(more.length === 0 ? said.length : said.length + 16_000 + more.length);
  sound.set(said);
  sound.set(more, sound.length - more.length);
  return sound;
}

/** Writes them as `screening.promptFolder` has them. @returns Where. */
export function modemPrompts(folder: string): string {
  const path = join(folder, "prompts");
  mkdirSync(path);
  for (const [name, text] of Object.entries(MODEM_PROMPTS))
    writeFileSync(join(path, `${name}.wav`), writeWav({ sampleRateHz: 8_000, channels: [soundOf(name, text)] }));
  return path;
}
