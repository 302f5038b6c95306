import assert from "node:assert/strict";
import { test } from "node:test";
import { HoldTone } from "../../../../gateway/media/sound/prompt-sound.js";
import { SoundWorks } from "../../../../gateway/media/sound/sound-works.js";
import { G711 } from "../../../../gateway/media/g711/g711.js";
import { CN, EVENT, G722, OPUS, PCMA, PCMU } from "../../../support/rtp-stream.js";

const FRAME_MS = 20;
const works = new SoundWorks(FRAME_MS);
const tone = (rateHz: number, ms: number, hz = 440): Float32Array =>
  Float32Array.from({ length: (rateHz * ms) / 1000 }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hz * i) / rateHz));

/** Everything that a prompt becomes at that rate. */
function all(sampleRateHz: number, samples: Float32Array, rateHz: number): { samples: number[]; pieces: number } {
  const sound = works.promptAt({ sampleRateHz, samples }, rateHz);
  assert.ok(sound);
  const into = new Float32Array((rateHz * FRAME_MS) / 1000);
  const out: number[] = [];
  let pieces = 0;
  while (sound.take(into) > 0) {
    pieces++;
    out.push(...into);
  }
  assert.equal(sound.take(into), 0);
  return { samples: out, pieces };
}

test("a prompt at the right rate comes as it is, the last piece filled up with silence", () => {
  const samples = tone(8_000, 50);
  const played = all(8_000, samples, 8_000);
  assert.equal(played.pieces, 3);
  assert.deepEqual(Float32Array.from(played.samples.slice(0, 400)), samples);
  assert.ok(played.samples.slice(400).every((sample) => sample === 0));
});

for (const [from, to] of [
  [16_000, 8_000],
  [8_000, 16_000],
  [48_000, 8_000],
  [44_100, 8_000],
  [22_050, 16_000],
] as const) {
  test(`a prompt of ${from} Hz at ${to} Hz keeps its length, pitch and level`, () => {
    const { samples } = all(from, tone(from, 1_000), to);
    assert.ok(Math.abs(samples.length - to) <= (2 * to * FRAME_MS) / 1000, `${samples.length} samples`);
    const middle = samples.slice(to / 4, (3 * to) / 4);
    const level = Math.sqrt(middle.reduce((sum, sample) => sum + sample * sample, 0) / middle.length);
    assert.ok(Math.abs(level - 0.3536) < 0.01, `level ${level}`);
    let crossings = 0;
    for (let i = 1; i < middle.length; i++) if (middle[i - 1]! < 0 && middle[i]! >= 0) crossings++;
    assert.ok(Math.abs(crossings - 220) <= 1, `${crossings} periods in half a second`);
  });
}

test("rates that no filter is made for are refused", () => {
  assert.equal(works.promptAt({ sampleRateHz: 8_000.5, samples: new Float32Array(10) }, 8_000), undefined);
});

const encoders = [
  { format: PCMU, rateHz: 8_000, ticks: 160, bytes: 160 },
  { format: PCMA, rateHz: 8_000, ticks: 160, bytes: 160 },
  { format: G722, rateHz: 16_000, ticks: 160, bytes: 160 },
  {
    format: { payloadType: 97, codec: "L16", clockRateHz: 16_000, channels: 1 },
    rateHz: 16_000,
    ticks: 320,
    bytes: 640,
  },
  {
    format: { payloadType: 10, codec: "L16", clockRateHz: 44_100, channels: 2 },
    rateHz: 44_100,
    ticks: 882,
    bytes: 3_528,
  },
] as const;
for (const { format, rateHz, ticks, bytes } of encoders) {
  test(`payloads of ${format.codec}/${format.clockRateHz}/${format.channels}`, () => {
    const encoder = works.encoderFor(format);
    assert.ok(encoder);
    assert.deepEqual([encoder.rateHz, encoder.ticks], [rateHz, ticks]);
    const sound = works.promptAt({ sampleRateHz: rateHz, samples: tone(rateHz, 30) }, rateHz);
    assert.ok(sound);
    const into = new Uint8Array(encoder.mostBytes);
    assert.deepEqual(
      [1, 2, 3].map(() => encoder.encode(sound, into)),
      [bytes, bytes, 0],
    );
  });
}

test("L16 is big-endian, and both channels say the same", () => {
  const encoder = works.encoderFor({ payloadType: 10, codec: "L16", clockRateHz: 44_100, channels: 2 });
  assert.ok(encoder);
  const sound = works.promptAt({ sampleRateHz: 44_100, samples: Float32Array.of(0.5, -1, 2) }, 44_100);
  assert.ok(sound);
  const into = new Uint8Array(encoder.mostBytes);
  encoder.encode(sound, into);
  assert.deepEqual([...into.subarray(0, 12)], [0x40, 0, 0x40, 0, 0x80, 0, 0x80, 0, 0x7f, 0xff, 0x7f, 0xff]);
});

test("no payloads of opus, comfort noise or events", () => {
  for (const format of [OPUS, CN, EVENT]) assert.equal(works.encoderFor(format), undefined);
});

test("the tone of a hold is quiet, short, and comes again", () => {
  const sound = new HoldTone(8_000);
  const into = new Float32Array(160);
  const loud: number[] = [];
  let most = 0;
  for (let piece = 0; piece < 500; piece++) {
    assert.equal(sound.take(into), 160);
    const peak = Math.max(...into.map(Math.abs));
    most = Math.max(most, peak);
    if (peak > 0.005) loud.push(piece * FRAME_MS);
  }
  assert.ok(most < 0.04 && most > 0.02, `${most}`);
  const beginnings = loud.filter((at, i) => i === 0 || at - loud[i - 1]! > 1_000);
  assert.equal(beginnings.length, 3);
  assert.ok(loud.length * FRAME_MS < 1_000);
  const law = new G711("PCMU");
  assert.notEqual(law.encodeSample(Math.round(most * 32_768)), law.silence);
});
