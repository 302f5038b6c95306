import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Transcript } from "../../../gateway/ports/transcriber.js";
import { randomWhisper, type RandomWhisperOptions } from "../../support/models/random-whisper.js";
import { SeededRandom } from "../../support/seeded-random.js";
import { babble, joined, silence } from "../../support/sounds.js";
import { openBenchWhisper } from "../../support/whisper-bench.js";
import { missingWhisperEngine } from "../../support/whisper-engine.js";

const skip = missingWhisperEngine() ?? false;
/** The first timestamp, five tokens, "2 s", "3 s", five more. */
const STAMPS = [
  [0, 0],
  [6, 2_000],
  [7, 3_000],
] as const;

async function hear(
  t: TestContext,
  model: Omit<RandomWhisperOptions, "size">,
  timed: boolean,
  limit: { readonly maxTokensPerSecond?: number; readonly spareTokens?: number } = {},
): Promise<Transcript> {
  const whisper = await openBenchWhisper({
    model: randomWhisper({ size: "mini", ...model }),
    concurrency: 1,
    ...limit,
  });
  t.after(() => whisper.close());
  const random = new SeededRandom(3);
  const samples = joined(babble(2_000, random), silence(1_000), babble(3_000, random));
  const options = { partial: false, language: "en", timed };
  return whisper.transcribe({ sampleRateHz: 16_000, samples }, options, new AbortController().signal);
}

// Weights are random but for the timestamps, which are where STAMPS says: what whisper.cpp and the add-on make of a model's own times.
for (const multilingual of [false, true]) {
  const name = multilingual ? "of all languages" : "of one";
  test(`whisper: tokens lie between the timestamps that a model ${name} says`, { skip }, async (t) => {
    const { tokens, text } = await hear(t, { tokens: 12, multilingual, stamps: STAMPS }, true);
    assert.equal(tokens.length, 10);
    assert.ok(
      tokens.slice(0, 5).every(({ startMs, endMs }) => startMs >= 0 && endMs <= 2_000),
      JSON.stringify(tokens),
    );
    assert.ok(
      tokens.slice(5).every(({ startMs, endMs }) => startMs >= 3_000 && endMs <= 6_000),
      JSON.stringify(tokens),
    );
    assert.ok(!text.includes("<|"), "no timestamp is in the text");
  });
}

test("whisper: asked without times, the model says none, and every token is text", { skip }, async (t) => {
  const { tokens } = await hear(t, { tokens: 12, stamps: STAMPS }, false);
  assert.equal(tokens.length, 12);
});

for (const timed of [false, true]) {
  const how = timed ? "with" : "without";
  test(
    `whisper: ${how} times, a text that comes to the limit of its length says that there is more`,
    { skip },
    async (t) => {
      const limit = { maxTokensPerSecond: 2, spareTokens: 0 };
      assert.equal((await hear(t, { tokens: 40 }, timed, limit)).truncated, true);
      assert.equal((await hear(t, { tokens: 8 }, timed, limit)).truncated, undefined);
    },
  );
}
