import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { SystemClock } from "../../../gateway/adapters/system/system-clock.js";
import { hashFile } from "../../../gateway/adapters/whisper/model-file.js";
import {
  DEFAULT_WHISPER,
  openWhisper,
  type WhisperTranscriber,
} from "../../../gateway/adapters/whisper/whisper-transcriber.js";
import { silentLog } from "../../../gateway/core/log.js";
import { resampleAll } from "../../../gateway/media/resample/resampler.js";
import { readWav } from "../../../gateway/media/wav/read-wav.js";
import { missingWhisperEngine } from "../../support/whisper-engine.js";
import { joined, silence } from "../../support/sounds.js";
import { wordErrorRate } from "../../support/word-error.js";

/** Recorded speech with its words; not part of the repository, kept beside it where somebody has it. */
const AUDIO = fileURLToPath(new URL("../../../../shared/cases/audio/", import.meta.url));
const MODEL = process.env["WHISPER_MODEL"] ?? "";
/** A sentence on the telephone, clearly spoken. */
const MOST_SENTENCE_ERRORS = 0.3;
/** Single digits without context: hard for the small models. */
const MOST_DIGIT_ERRORS = 0.5;
/** Cutting the encoder's context may cost so much more. */
const MOST_LOST_BY_CUT = 0.1;

const skip =
  missingWhisperEngine() ??
  (MODEL === "" ? "WHISPER_MODEL names no trained Whisper model" : undefined) ??
  (existsSync(AUDIO) ? false : "the optional folder audio is not on this machine");

test("word error test: words, punctuation and digits are counted as they are said", () => {
  assert.equal(wordErrorRate("She had your dark suit.", "she had your dark suit"), 0);
  assert.equal(wordErrorRate("one two three four", "1, 2, 3 4!"), 0);
  assert.equal(wordErrorRate("a b c d", "a x c"), 0.5);
  assert.equal(wordErrorRate("a b", ""), 1);
  assert.equal(wordErrorRate("a", "a b c"), 2);
});

function read(path: string): Float32Array {
  const wav = readWav(readFileSync(join(AUDIO, path)));
  assert.ok(wav.ok, path);
  const { sampleRateHz, channels } = wav.value;
  return (
    resampleAll({ sampleRateHz, samples: channels[0] ?? new Float32Array() }, 16_000)?.samples ?? new Float32Array()
  );
}

interface Spoken {
  readonly text: string;
  readonly samples: Float32Array;
}

/** `0 46797 Words of the sentence.` */
function sentence(): Spoken {
  const text = readFileSync(join(AUDIO, "deepspeech/LDC93S1.txt"), "utf8")
    .trim()
    .replace(/^\d+ \d+ /, "");
  return { text, samples: joined(silence(300), read("deepspeech/LDC93S1_8k.wav"), silence(300)) };
}

/** By speaker, all ten digits one after the other. */
function digits(): Spoken[] {
  const files = readdirSync(join(AUDIO, "fsdd")).filter((name) => /^\d_\w+\.wav$/.test(name));
  const speakers = [...new Set(files.map((name) => name.split("_")[1] ?? ""))];
  return speakers.map((speaker) => {
    const own = files.filter((name) => name.split("_")[1] === speaker).sort();
    return {
      text: own.map((name) => name.charAt(0)).join(" "),
      samples: joined(silence(300), ...own.flatMap((name) => [read(`fsdd/${name}`), silence(250)])),
    };
  });
}

async function errorsWith(audioContext: "full" | "cut", spoken: readonly Spoken[]): Promise<number> {
  const options = {
    ...DEFAULT_WHISPER,
    model: MODEL,
    folder: "",
    sha256: await hashFile(MODEL),
    audioContext,
    timeoutMs: 120_000,
  };
  const whisper: WhisperTranscriber = await openWhisper(options, { clock: new SystemClock(), log: silentLog });
  try {
    const never = new AbortController().signal;
    let errors = 0;
    for (const { text, samples } of spoken) {
      const heard = await whisper.transcribe(
        { sampleRateHz: 16_000, samples },
        { partial: false, language: "en" },
        never,
      );
      errors += wordErrorRate(text, heard.text) / spoken.length;
    }
    return errors;
  } finally {
    await whisper.close();
  }
}

for (const [name, spoken, most] of [
  ["a sentence on the telephone", () => [sentence()], MOST_SENTENCE_ERRORS],
  ["spoken digits", digits, MOST_DIGIT_ERRORS],
] as const) {
  test(`word error test: ${name}, with the full and with the cut context`, { skip }, async (t) => {
    const full = await errorsWith("full", spoken());
    const cut = await errorsWith("cut", spoken());
    t.diagnostic(`word errors: full ${full.toFixed(3)}, cut ${cut.toFixed(3)}`);
    assert.ok(full <= most, `full context: ${full}`);
    assert.ok(cut <= full + MOST_LOST_BY_CUT, `cut context: ${cut}, full: ${full}`);
  });
}
