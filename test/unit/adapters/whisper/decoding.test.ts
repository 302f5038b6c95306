import assert from "node:assert/strict";
import { test } from "node:test";
import { cutContext, decodeOrder, DEFAULT_DECODING } from "../../../../gateway/adapters/whisper/decode-order.js";
import { readDecoding } from "../../../../gateway/adapters/whisper/read-decoding.js";
import { fromInt16, toInt16 } from "../../../../gateway/adapters/whisper/recogniser-work.js";
import type { NativeDecoding } from "../../../../gateway/adapters/whisper/whisper-engine.js";

for (const [audioMs, frames] of [
  [100, 64],
  [1_000, 128],
  [5_000, 320],
  [10_000, 576],
  [28_000, 1_472],
  [29_500, 0],
  [30_000, 0],
] as const) {
  test(`whisper: ${audioMs} ms with a second of margin take ${frames === 0 ? "all" : frames} frames of context`, () => {
    assert.equal(cutContext(audioMs, 1_000), frames);
    if (frames > 0) assert.ok(frames * 20 >= audioMs + 1_000);
  });
}

test("whisper: full context by default; tokens are limited by the length of the audio; the end of a long prompt counts", () => {
  const order = decodeOrder(
    80_000,
    { partial: false, language: "es", prompt: `${"x".repeat(1_000)}end` },
    DEFAULT_DECODING,
  );
  assert.equal(order.audioContext, 0);
  assert.equal(order.maxTokens, 5 * DEFAULT_DECODING.maxTokensPerSecond + 8);
  assert.equal(order.language, "es");
  assert.ok(order.prompt.length <= 400 && order.prompt.endsWith("end"));
  assert.equal(decodeOrder(480_000, { partial: false }, DEFAULT_DECODING).maxTokens, 220);
  assert.equal(decodeOrder(16_000, { partial: false }, DEFAULT_DECODING).language, "", "detected");
});

test("whisper: only what is over is tried again at higher temperatures, and timed token by token", () => {
  const own = { ...DEFAULT_DECODING, fallback: true };
  assert.equal(decodeOrder(16_000, { partial: true }, own).temperatureIncrement, 0);
  assert.equal(decodeOrder(16_000, { partial: false }, own).temperatureIncrement, 0.2);
  assert.equal(decodeOrder(16_000, { partial: true }, own).tokenTimestamps, false);
});

test("whisper: the model says the times itself where a text is to be shared out by them, and else they are guessed", () => {
  assert.equal(decodeOrder(16_000, { partial: false, timed: true }, DEFAULT_DECODING).timestamps, true);
  assert.equal(decodeOrder(16_000, { partial: false }, DEFAULT_DECODING).timestamps, false);
});

test("whisper: samples survive the way as 16 bits; what is too loud is cut off", () => {
  const samples = Float32Array.of(0, 0.5, -0.5, 1, -1, 3, -3, 1 / 32_768);
  assert.deepEqual([...toInt16(samples)], [0, 16_384, -16_384, 32_767, -32_768, 32_767, -32_768, 1]);
  assert.deepEqual([...fromInt16(toInt16(samples.subarray(0, 3)))], [0, 0.5, -0.5]);
});

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
function decoding(change: Partial<Record<keyof NativeDecoding, unknown>> = {}): unknown {
  return {
    ...{ text: utf8(" Hello you"), tokenEnds: Uint32Array.of(6, 10), probabilities: Float32Array.of(0.5, 1) },
    ...{ startMs: Float32Array.of(0, 400), endMs: Float32Array.of(400, 1_900), language: "en" },
    ...{ noSpeech: 0.1, encodeMs: 1, decodeMs: 1, ...change },
  };
}

test("whisper: a text that ran into its limit says so; an add-on that does not know says nothing", () => {
  const truncated = (change: object): unknown => {
    const read = readDecoding(decoding(change), 2_000);
    assert.ok(read.ok);
    return read.value.truncated;
  };
  assert.deepEqual([{ truncated: true }, { truncated: false }, {}].map(truncated), [true, undefined, undefined]);
});

test("whisper: an answer becomes a transcript; no token ends after the audio", () => {
  const read = readDecoding(decoding(), 1_000);
  assert.ok(read.ok);
  assert.equal(read.value.text, "Hello you");
  assert.equal(read.value.confidence, 0.75);
  assert.deepEqual(read.value.tokens, [
    { text: " Hello", probability: 0.5, startMs: 0, endMs: 400 },
    { text: " you", probability: 1, startMs: 400, endMs: 1_000 },
  ]);
});

test("whisper: tokens that end in the middle of a character are joined", () => {
  const read = readDecoding(
    decoding({
      ...{
        text: utf8("señ€r"),
        tokenEnds: Uint32Array.of(3, 5, 7, 8),
        probabilities: Float32Array.of(0.9, 0.8, 0.7, 0.6),
      },
      ...{ startMs: Float32Array.of(0, 1, 2, 3), endMs: Float32Array.of(1, 2, 3, 4) },
    }),
    100,
  );
  assert.ok(read.ok);
  assert.deepEqual(
    read.value.tokens.map(({ text, startMs, endMs }) => [text, startMs, endMs]),
    [
      ["señ€", 0, 3],
      ["r", 3, 4],
    ],
  );
});

test("whisper: nothing said is an empty text without confidence", () => {
  const none = { tokenEnds: new Uint32Array(), probabilities: new Float32Array(), startMs: new Float32Array() };
  const read = readDecoding(decoding({ ...none, text: new Uint8Array(), endMs: new Float32Array() }), 100);
  assert.deepEqual(read.ok && read.value, { text: "", language: "en", tokens: [] });
});

const rubbish: readonly [string, unknown][] = [
  ["nothing", undefined],
  ["text", "Hello"],
  ["an empty object", {}],
  ["lists of other lengths", decoding({ startMs: Float32Array.of(0) })],
  ["ends that go back", decoding({ tokenEnds: Uint32Array.of(8, 4) })],
  ["ends beyond the text", decoding({ tokenEnds: Uint32Array.of(6, 400) })],
  ["text that no token has", decoding({ tokenEnds: Uint32Array.of(2, 4) })],
  ["probabilities that are none", decoding({ probabilities: Float32Array.of(0.5, 7) })],
  ["probabilities that are no numbers", decoding({ probabilities: Float32Array.of(0.5, Number.NaN) })],
  ["times that are no numbers", decoding({ endMs: Float32Array.of(1, Number.POSITIVE_INFINITY) })],
  ["a language that is none", decoding({ language: "<script>" })],
  ["other kinds of lists", decoding({ probabilities: [0.5, 1] })],
  ["far too much text", decoding({ text: new Uint8Array(100_000), tokenEnds: Uint32Array.of(6, 100_000) })],
];
for (const [name, answer] of rubbish) {
  test(`whisper: ${name} is no transcript`, () => {
    assert.equal(readDecoding(answer, 1_000).ok, false);
  });
}
