import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { GatewayError } from "../../../gateway/core/errors.js";
import { MAX_SPOKEN_CHARACTERS, type SpeechSynthesis } from "../../../gateway/ports/speech-synthesis.js";

const spoken = (text: string, voice = "en", wordsPerMinute = 160) => ({ text, voice, wordsPerMinute });
const isUnavailable = (error: unknown): boolean => error instanceof GatewayError && error.code === "tts.unavailable";

/** What every synthesiser keeps. */
export function speechSynthesisContract(name: string, make: () => SpeechSynthesis, skip: string | undefined): void {
  describe(`text to speech: ${name}`, { skip: skip ?? false }, () => {
    test("a text is sound at the rate that was asked for", async () => {
      for (const rate of [8_000, 16_000]) {
        const { sampleRateHz, samples } = await make().say(spoken("good morning, who is calling"), rate);
        assert.equal(sampleRateHz, rate);
        const seconds = samples.length / rate;
        assert.ok(seconds > 0.3 && seconds < 6, `${seconds} s`);
        const loudest = samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
        assert.ok(loudest > 0.05 && loudest <= 1, String(loudest));
      }
    });

    test("the same text sounds the same, another one does not", async () => {
      const synthesis = make();
      const [first, again, other] = await Promise.all(
        ["please hold", "please hold", "please leave a message"].map((text) => synthesis.say(spoken(text), 8_000)),
      );
      assert.deepEqual(first?.samples, again?.samples);
      assert.notEqual(first?.samples.length, other?.samples.length);
    });

    test("a slower voice takes longer", async () => {
      const [slow, fast] = await Promise.all(
        [100, 250].map((rate) => make().say(spoken("please leave a message", "en", rate), 8_000)),
      );
      assert.ok((slow?.samples.length ?? 0) > 1.3 * (fast?.samples.length ?? 0));
    });

    const REFUSED: readonly (readonly [string, ReturnType<typeof spoken>])[] = [
      ["nothing", spoken("")],
      ["blanks and control characters", spoken(" \u0000\u001b\n ")],
      ["too much", spoken("a".repeat(MAX_SPOKEN_CHARACTERS + 1))],
      ["a voice that is an option", spoken("hello", "--help")],
      ["a voice that is a path", spoken("hello", "../../etc/passwd")],
      ["no voice", spoken("hello", "")],
    ];
    for (const [what, text] of REFUSED) {
      test(`refused: ${what}`, async () => {
        await assert.rejects(make().say(text, 8_000), isUnavailable);
      });
    }

    test("what looks like options, shell or markup is only said", async () => {
      for (const text of ["--stdout -f /etc/passwd", "$(touch /tmp/x); `id` | cat", "<speak>hi</speak> [[a]] \\"]) {
        const { samples } = await make().say(spoken(text), 8_000);
        assert.ok(samples.length > 1_000, text);
      }
    });
  });
}
