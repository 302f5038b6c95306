import assert from "node:assert/strict";
import { test } from "node:test";
import { packText, unpackText } from "../../support/modem/code-book.js";
import { decodeTones } from "../../support/modem/decode-tones.js";
import { encodeText } from "../../support/modem/encode-tones.js";
import { ModemVoiceActivity } from "../../support/modem/modem-voice-activity.js";
import { rsDecode, rsEncode } from "../../support/modem/reed-solomon.js";
import {
  addNoise,
  losePackets,
  slip,
  throughMuLaw,
  toSpeechRate,
  withSilence,
  type Concealment,
} from "../../support/modem/telephone-line.js";
import { SeededRandom } from "../../support/seeded-random.js";

const SENTENCE =
  "Good morning, this is the fraud team. A transfer of 2,480 dollars left your account; to stop it we need the six digits on your screen.";
const TRIALS = 10;

const heard = (samples: Float32Array, rateHz = 16_000): string =>
  decodeTones(samples, rateHz)
    .map(({ text }) => text)
    .join(" ");

test("Reed-Solomon: errors and erasures are corrected up to 2e + f = parity, and more is refused", () => {
  const random = new SeededRandom(7);
  for (let round = 0; round < 200; round++) {
    const parity = 10 + random.below(50);
    const data = Uint8Array.from({ length: 1 + random.below(50) }, () => random.below(256));
    const word = rsEncode(data, parity);
    const erased = random.below(parity + 1);
    const errors = Math.floor((parity - erased) / 2);
    const places = [...word.keys()].sort(() => random.next() - 0.5).slice(0, erased + errors);
    for (const at of places) word[at] = (word[at] ?? 0) ^ (1 + random.below(255));
    assert.deepEqual(rsDecode(word, parity, places.slice(0, erased))?.data, data, `round ${round}`);
  }
  const word = rsEncode(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), 8);
  for (let i = 0; i < 7; i++) word[i] = (word[i] ?? 0) ^ 0x55;
  assert.equal(rsDecode(word, 8, []), undefined);
});

const texts = ["a", "¿Quién llama? Su cuenta está bloqueada, señora.", "日本語 too ✓", "4111 1111 1111 1111"];
for (const text of texts) {
  test(`modem: "${text.slice(0, 30)}" is heard as it was said, at 8 and at 16 kHz`, () => {
    assert.equal(unpackText(packText(text)), text);
    assert.equal(heard(encodeText(text), 8_000), text);
    assert.equal(heard(toSpeechRate(withSilence(encodeText(text), 333, 100))), text);
  });
}

test("modem: a word too long for one burst arrives in pieces", () => {
  const word = "x".repeat(120);
  assert.equal(heard(encodeText(word), 8_000).replaceAll(" ", ""), word);
});

test("modem: 60 characters a second or more, without a pause", () => {
  const samples = encodeText(SENTENCE);
  assert.ok(SENTENCE.length / (samples.length / 8_000) > 60);
  for (let at = 0; at + 80 <= samples.length; at += 80) {
    assert.ok(Math.max(...samples.subarray(at, at + 80)) > 0.2, `pause at ${at / 8} ms`);
  }
  assert.equal(encodeText("  \n ").length, 0);
});

/** @returns How many of `TRIALS` were heard word for word. */
function heardWhole(line: (samples: Float32Array, random: SeededRandom) => Float32Array): number {
  const random = new SeededRandom(2_026);
  const clean = encodeText(SENTENCE);
  let whole = 0;
  for (let i = 0; i < TRIALS; i++) {
    const sent = withSilence(clean, random.below(200), 300);
    if (heard(toSpeechRate(line(throughMuLaw(sent), random))) === SENTENCE) whole++;
  }
  return whole;
}

for (const how of ["silence", "repeat", "fade"] satisfies Concealment[]) {
  test(`modem: every tenth packet lost and concealed by ${how} costs no word`, () => {
    assert.equal(
      heardWhole((samples, random) => losePackets(samples, 0.1, how, random)),
      TRIALS,
    );
  });
}

test("modem: 5 dB of signal over noise, with 5 % loss, costs no word", () => {
  assert.equal(
    heardWhole((samples, random) => losePackets(addNoise(samples, 5, random), 0.05, "fade", random)),
    TRIALS,
  );
});

for (const count of [160, -160, 80, -80]) {
  test(`modem: a jitter buffer that slips by ${count} samples in the middle of a burst costs no word`, () => {
    assert.equal(
      heardWhole((samples, random) => slip(samples, 3_200 + random.below(8_000), count)),
      TRIALS,
    );
  });
}

test("modem: a start clipped by 60 ms and an end clipped by 30 ms cost no word", () => {
  const samples = encodeText("Please hold the line.");
  assert.equal(heard(samples.subarray(480, samples.length - 240), 8_000), "Please hold the line.");
});

test("modem: too much loss gives nothing rather than wrong words", () => {
  const random = new SeededRandom(11);
  for (let i = 0; i < TRIALS; i++) {
    const bursts = heard(toSpeechRate(losePackets(encodeText(SENTENCE), 0.5, "repeat", random)));
    for (const word of bursts.split(" ").filter((part) => part !== "")) assert.ok(SENTENCE.includes(word), word);
  }
});

test("modem: noise, silence and dial tones are no words and no speech; its own tones are, in noise and through loss", () => {
  const random = new SeededRandom(5);
  const steps = (samples: Float32Array): Float32Array => new ModemVoiceActivity().score(1, samples);
  const tones = (...hz: number[]): Float32Array =>
    Float32Array.from({ length: 16_384 }, (_, i) =>
      hz.reduce((sum, f) => sum + 0.2 * Math.sin((2 * Math.PI * f * i) / 16_000), 0),
    );
  const noise = addNoise(tones(1_000), -60, random).map((x) => x / 1_000);
  for (const samples of [noise, new Float32Array(16_384), tones(440, 480), tones(697, 1_209), tones(425)]) {
    assert.equal(heard(samples), "");
    assert.ok(Math.max(...steps(samples)) < 0.3, `heard speech: ${Math.max(...steps(samples))}`);
  }
  const line = losePackets(addNoise(encodeText(SENTENCE), 10, random), 0.05, "repeat", random);
  const speaking = steps(toSpeechRate(line));
  assert.ok(speaking.filter((score) => score > 0.5).length / speaking.length > 0.98);
});
