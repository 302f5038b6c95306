import assert from "node:assert/strict";
import { test } from "node:test";
import { Redactor } from "../../../detection/index.js";
import { writeWav } from "../../../gateway/media/wav/write-wav.js";
import { analyzeAudio, type AnalysisOptions } from "../../../gateway/pipeline/analyze-audio.js";
import type { ListeningOptions } from "../../../gateway/pipeline/listening-options.js";
import type { AnalyzedSegment, AudioAnalysis } from "../../../gateway/ports/audio-analysis.js";
import type { Transcriber } from "../../../gateway/ports/transcriber.js";
import { FakeTranscriber, turnsOfLoop } from "../../support/fake-speech.js";
import { ModemTranscriber } from "../../support/modem/modem-transcriber.js";
import { ModemVoiceActivity } from "../../support/modem/modem-voice-activity.js";
import { SeededRandom } from "../../support/seeded-random.js";
import { spokenWav, type Said } from "../../support/recordings-stage.js";
import { babble } from "../../support/sounds.js";
import { TalkingScene } from "../../support/talking.js";

/** The tone modem, and how long the sounds were that it was asked about, s. */
class CountedModem extends ModemTranscriber implements Transcriber {
  readonly asked: number[] = [];

  override transcribe(...args: Parameters<Transcriber["transcribe"]>): ReturnType<Transcriber["transcribe"]> {
    this.asked.push(args[0].samples.length / args[0].sampleRateHz);
    return super.transcribe(...args);
  }
}

interface Analyzed {
  readonly analysis: AudioAnalysis;
  readonly told: readonly string[];
}

async function analyzed(
  wav: Uint8Array,
  transcriber: Transcriber,
  options: Partial<ListeningOptions> = {},
  more: Partial<AnalysisOptions> = {},
): Promise<Analyzed> {
  const scene = new TalkingScene({
    transcriber,
    options: { rejectSteady: false, ...options },
    voiceActivity: new ModemVoiceActivity(),
    makeRedactor: () => new Redactor({ phones: false }),
  });
  const told: string[] = [];
  const tell = ({ speaker, text }: AnalyzedSegment): number => told.push(`${speaker}: ${text ?? ""}`);
  const { core, clock } = scene;
  let analysis: AudioAnalysis | undefined;
  const work = analyzeAudio(
    wav,
    { maxSeconds: 600, onSegment: tell, ...more },
    { core, clock, recogniser: "modem", voiceActivity: "modem" },
    new AbortController().signal,
  ).then((done) => (analysis = done));
  while (analysis === undefined) {
    clock.advance(5);
    await Promise.race([turnsOfLoop(1), work]);
  }
  core.close();
  return { analysis, told };
}

const TALK: readonly Said[] = [
  [0, "hello this is your bank calling"],
  [1, "oh good morning what is it about"],
  [0, "there is a problem with your account"],
  [0, "please read me the code that we sent you"],
  [1, "yes one moment"],
  [1, "it is 4 8 1 5 1 6"],
  [0, "thank you and the number on your card please"],
  [1, "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"],
  [0, "that is all we need"],
  [1, "thank you goodbye"],
];

test("a recording gives the same in windows as stretch by stretch: texts, turns, redaction, verdict, and the order of all", async () => {
  const wav = spokenWav(TALK);
  const single = new CountedModem();
  const packed = new CountedModem();
  const expected = await analyzed(wav, single, { packing: "stretches" });
  const got = await analyzed(wav, packed);
  assert.equal(expected.told.length, TALK.length);
  assert.equal(expected.told.filter((line) => /4 8 1 5|4 1 1 1/.test(line)).length, 0, expected.told.join("\n"));
  assert.deepEqual(got.told, expected.told);
  assert.deepEqual(got.analysis, expected.analysis);
  assert.equal(single.asked.length, TALK.length);
  assert.equal(packed.asked.length, 2, "a window a speaker");
});

test("a recogniser that tells no times, an operator who wants none, and a listener in real time have each stretch by itself", async () => {
  const wav = spokenWav(TALK);
  class Timeless extends CountedModem {
    override readonly tellsTimes = false;
  }
  const timeless = new Timeless();
  await analyzed(wav, timeless);
  assert.equal(timeless.asked.length, TALK.length);
  const live = new CountedModem();
  const { told } = await analyzed(wav, live, {}, { realTime: true });
  assert.equal(live.asked.length, TALK.length);
  assert.equal(told.length, TALK.length);
});

test("a long talk is asked for in windows of 28 s at most, and every word comes back where it was said", async () => {
  const random = new SeededRandom(3);
  const one = (of: string): string => of.charAt(Math.floor(random.next() * of.length));
  const word = (): string => `${one("bdfgklmnprst")}${one("aeiou")}${one("lmnrst")}${one("aeiou")}`;
  const sentence = (n: number): string => [`line ${n}`, ...Array.from({ length: 20 }, word)].join(" ");
  const talk = Array.from({ length: 40 }, (_, n): Said => [random.next() < 0.6 ? 0 : 1, sentence(n)]);
  const packed = new CountedModem();
  const { told, analysis } = await analyzed(spokenWav(talk), packed);
  assert.deepEqual(
    told,
    talk.map(([channel, text]) => `${channel === 0 ? "caller" : "callee"}: ${text}`),
  );
  assert.ok(packed.asked.every((seconds) => seconds <= 28) && packed.asked.length <= 12, packed.asked.join(" "));
  assert.ok(analysis.segments.every(({ startMs }, i, all) => startMs >= (all[i - 1]?.startMs ?? 0)));
});

test("texts are told in the order in which they were said, however late one comes", async () => {
  const transcriber = new FakeTranscriber();
  const scene = new TalkingScene({ transcriber, options: { packing: "stretches" } });
  const random = new SeededRandom(2);
  const [first, second] = [babble(1_500, random), babble(1_500, random)];
  const caller = new Float32Array(6 * 16_000);
  const callee = new Float32Array(6 * 16_000);
  caller.set(first, 8_000);
  callee.set(second, 3 * 16_000);
  const told: string[] = [];
  let isDone = false;
  const work = analyzeAudio(
    writeWav({ sampleRateHz: 16_000, channels: [caller, callee] }),
    { maxSeconds: 60, onSegment: ({ text }) => told.push(text ?? "") },
    { core: scene.core, clock: scene.clock, recogniser: "fake", voiceActivity: "fake" },
    new AbortController().signal,
  ).then(() => (isDone = true));
  const on = async (ms: number): Promise<void> => {
    for (let at = 0; at < ms && !isDone; at += 50) {
      scene.clock.advance(50);
      await turnsOfLoop(1);
    }
  };
  await on(2_000);
  assert.equal(transcriber.asked.length, 2);
  transcriber.asked[1]?.answer("the answer");
  await on(5_000);
  assert.deepEqual(told, [], "its question is still on its way");
  transcriber.asked[0]?.answer("the question");
  await on(5_000);
  await work;
  assert.deepEqual(told, ["the question", "the answer"]);
});

test("an empty talk ends", async () => {
  const { analysis } = await analyzed(
    writeWav({ sampleRateHz: 8_000, channels: [new Float32Array(16_000)] }),
    new CountedModem(),
  );
  assert.deepEqual(analysis.segments, []);
});

test("a recording in a language that the recogniser does not know is refused before a word of it is decoded", async () => {
  const wav = spokenWav(TALK);
  class English extends CountedModem {
    readonly onlyLanguage = "en";
  }
  const english = new English();
  await assert.rejects(analyzed(wav, english, {}, { language: "es" }), {
    code: "stt.language",
    message: /en only.* es$/,
  });
  assert.deepEqual(english.asked, []);
  for (const more of [{ language: "en" }, {}]) {
    const { told } = await analyzed(wav, english, {}, more);
    assert.equal(told.length, TALK.length);
  }
});
