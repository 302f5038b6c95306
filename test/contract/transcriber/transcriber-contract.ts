import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { GatewayError, type ErrorCode } from "../../../gateway/core/errors.js";
import { joined, silence } from "../../support/sounds.js";
import { SPEECH_RATE_HZ, type PcmAudio } from "../../../gateway/media/audio.js";
import { shareText } from "../../../gateway/pipeline/share-text.js";
import type { Transcriber, Transcript } from "../../../gateway/ports/transcriber.js";

export interface TranscriberUnderTest {
  readonly transcriber: Transcriber;
  /** Sound that it makes `text` of. Undefined: what it says means nothing (random weights). */
  readonly say: ((text: string) => Float32Array) | undefined;
  /** More than this at a time is refused as busy. Undefined: it has no limit, as nothing waits. */
  readonly mostAtOnce: number | undefined;
  close(): Promise<void>;
}

const SENTENCES = [
  "The line is clear today.",
  "I will call you back.",
  "Please spell your name.",
  "That is not my account.",
];

/** Every transcriber keeps this. @param skip Why it cannot be judged here. */
export function transcriberContract(name: string, make: () => Promise<TranscriberUnderTest>, skip?: string): void {
  describe(`transcriber contract: ${name}`, { skip: skip ?? false }, () => {
    let under: TranscriberUnderTest;
    const never = new AbortController().signal;
    const hear = (audio: PcmAudio, partial = false, signal = never): Promise<Transcript> =>
      under.transcriber.transcribe(audio, { partial, language: "en" }, signal);
    const sound = (n = 0): PcmAudio => speech(under.say?.(SENTENCES[n % SENTENCES.length] ?? "") ?? hum(1.5 + n / 10));

    before(async () => {
      under = await make();
    });
    after(() => under.close());

    test(`${name}: an answer is trimmed text with tokens in order, within the audio, of probability 0 to 1`, async () => {
      const audio = sound();
      const { text, tokens, confidence, language } = await hear(audio);
      assert.equal(text, text.trim());
      if (under.say !== undefined) assert.equal(text, SENTENCES[0]);
      if (confidence !== undefined) assert.ok(confidence >= 0 && confidence <= 1);
      if (language !== undefined) assert.match(language, /^[a-z]{2,3}$/);
      const audioMs = (audio.samples.length * 1_000) / SPEECH_RATE_HZ;
      let before = 0;
      for (const token of tokens) {
        assert.ok(token.probability >= 0 && token.probability <= 1);
        assert.ok(
          token.startMs >= before && token.endMs >= token.startMs && token.endMs <= audioMs,
          JSON.stringify(token),
        );
        before = token.startMs;
      }
      const joined = tokens.map((token) => token.text).join("");
      if (tokens.length > 0) assert.equal(joined.replace(/\s+/g, ""), text.replace(/\s+/g, ""));
    });

    test(`${name}: who says that he tells times tells when each word was said; who does not says so`, async (t) => {
      const [first, second] = [sound(0), sound(3)].map(({ samples }) => samples);
      assert.ok(first !== undefined && second !== undefined);
      const pauseMs = 2_000;
      const both = joined(first, silence(pauseMs), second);
      const options = { partial: false, timed: true, language: "en" };
      const whole = await under.transcriber.transcribe(speech(both), options, never);
      if (under.say !== undefined) assert.equal(whole.text, `${SENTENCES[0] ?? ""} ${SENTENCES[3] ?? ""}`);
      if (!under.transcriber.tellsTimes) {
        t.skip("it tells none, and says so");
        return;
      }
      const endMs = first.length / 16;
      const places = [
        { startMs: 0, endMs },
        { startMs: endMs + pauseMs, endMs: both.length / 16 },
      ];
      const shares = shareText(whole, places);
      assert.ok(shares !== undefined, "its tokens are those of the text, and have times");
      if (under.say !== undefined) {
        const texts = shares.map(({ text }) => text);
        assert.deepEqual(texts, [SENTENCES[0], SENTENCES[3]]);
      }
    });

    test(`${name}: the same audio gives the same text, and is neither kept nor changed`, async () => {
      const audio = sound(1);
      const copy = audio.samples.slice();
      const first = await hear(audio);
      assert.deepEqual(audio.samples, copy);
      assert.equal((await hear(audio)).text, first.text);
    });

    test(`${name}: silence, a moment, and partials are answered as well`, async () => {
      const silence = await hear({ sampleRateHz: SPEECH_RATE_HZ, samples: new Float32Array(SPEECH_RATE_HZ) });
      if (under.say !== undefined) assert.equal(silence.text, "");
      await hear({ sampleRateHz: SPEECH_RATE_HZ, samples: new Float32Array(800) });
      const partial = await hear(sound(2), true);
      if (under.say !== undefined) assert.equal(partial.text, SENTENCES[2]);
    });

    test(`${name}: as many at a time as it says and more, and everybody gets his own text`, async () => {
      const { concurrency } = under.transcriber;
      assert.ok(concurrency >= 1);
      const count = Math.min(concurrency + 2, under.mostAtOnce ?? concurrency + 2);
      const heard = await Promise.all(Array.from({ length: count }, (_, n) => hear(sound(n))));
      heard.forEach(({ text }, n) => {
        if (under.say !== undefined) assert.equal(text, SENTENCES[n % SENTENCES.length]);
      });
    });

    test(`${name}: beyond its limit it says busy, at once, and goes on with what it has`, async (t) => {
      const { mostAtOnce } = under;
      if (mostAtOnce === undefined) {
        t.skip("nothing waits in this transcriber");
        return;
      }
      const all = await Promise.allSettled(Array.from({ length: mostAtOnce + 3 }, () => hear(sound())));
      const busy = all.filter((each) => each.status === "rejected" && isCode(each.reason, "stt.busy"));
      assert.equal(busy.length, 3);
      assert.equal(all.filter(({ status }) => status === "fulfilled").length, mostAtOnce);
    });

    test(`${name}: an abort rejects with its reason, before, while waiting and while decoding; the next one is heard`, async () => {
      const why = new Error("stale");
      await assert.rejects(hear(sound(), false, AbortSignal.abort(why)), why);
      const count = Math.min(under.transcriber.concurrency + 2, under.mostAtOnce ?? 100);
      const controllers = Array.from({ length: count }, () => new AbortController());
      const heard = controllers.map(({ signal }, n) => hear(sound(n), true, signal));
      for (const controller of controllers) controller.abort(why);
      for (const each of heard) await assert.rejects(each, why);
      await hear(sound());
    });

    test(`${name}: too long, another rate, and a made-up language are rejected and not tried again`, async () => {
      const long = new Float32Array(31 * SPEECH_RATE_HZ);
      await assert.rejects(hear({ sampleRateHz: SPEECH_RATE_HZ, samples: long }), code("stt.rejected"));
      await assert.rejects(hear({ sampleRateHz: 8_000, samples: new Float32Array(8_000) }), code("stt.rejected"));
    });

    test(`${name}: sound that is broken (not a number, far too loud) ends in an answer`, async () => {
      const samples = hum(1).map((x, i) => (i % 100 === 0 ? Number.NaN : i % 101 === 0 ? 1e9 : x));
      assert.equal(typeof (await hear({ sampleRateHz: SPEECH_RATE_HZ, samples })).text, "string");
    });

    test(`${name}: its name tells no secret; closed, it is unavailable, and may be closed again`, async () => {
      assert.ok(under.transcriber.name.length > 0 && !under.transcriber.name.includes("secret"));
      await under.transcriber.close();
      await under.transcriber.close();
      await assert.rejects(hear(sound()), code("stt.unavailable"));
    });
  });
}

const isCode = (error: unknown, expected: ErrorCode): boolean =>
  error instanceof GatewayError && error.code === expected;
const code =
  (expected: ErrorCode) =>
  (error: unknown): boolean =>
    isCode(error, expected);

const speech = (samples: Float32Array): PcmAudio => ({ sampleRateHz: SPEECH_RATE_HZ, samples });

/** Something with a voice's spectrum, for recognisers that understand nothing. */
function hum(seconds: number): Float32Array {
  return Float32Array.from({ length: seconds * SPEECH_RATE_HZ }, (_, i) => {
    const t = i / SPEECH_RATE_HZ;
    return (
      0.2 * Math.sin(2 * Math.PI * 140 * t) * Math.sin(2 * Math.PI * 3 * t) + 0.1 * Math.sin(2 * Math.PI * 900 * t)
    );
  });
}
