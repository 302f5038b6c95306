import assert from "node:assert/strict";
import { test } from "node:test";
import type { PayloadFormat } from "../../../../gateway/media/audio.js";
import { CodedLevel } from "../../../../gateway/media/decode/coded-level.js";
import { pureDecoders } from "../../../../gateway/media/decode/create-pure-decoder.js";
import { G711 } from "../../../../gateway/media/g711/g711.js";
import { G722Encoder } from "../../../../gateway/media/g722/g722-encoder.js";
import { CN, EVENT, G722, OPUS, PCMA, PCMU } from "../../../support/rtp-stream.js";

const create = pureDecoders();
const L16: PayloadFormat = { payloadType: 11, codec: "L16", clockRateHz: 44_100, channels: 1 };
const tone = Float32Array.from({ length: 160 }, (_, i) => 0.5 * Math.sin(i / 3));
const between = (payload: Uint8Array): { bytes: Uint8Array; from: number; to: number } => {
  const bytes = new Uint8Array(payload.byteLength + 9).fill(0x55);
  bytes.set(payload, 4);
  return { bytes, from: 4, to: 4 + payload.byteLength };
};

for (const format of [PCMU, PCMA]) {
  test(`decoders: ${format.codec}`, () => {
    const coded = new Uint8Array(160);
    new G711(format.codec === "PCMU" ? "PCMU" : "PCMA").encode(tone, coded);
    const decoder = create(format);
    assert.ok(decoder);
    assert.equal(decoder.sampleRateHz, 8_000);
    const { bytes, from, to } = between(coded);
    const samples = decoder.decode(bytes, from, to);
    assert.equal(samples.length, 160);
    assert.ok(samples.every((x, i) => Math.abs(x - tone[i]!) < 0.02));
    assert.equal(decoder.decode(bytes, 4, 4).length, 0);
    decoder.close();
    decoder.close();
  });
}

test("decoders: G.722 keeps its state until it is reset", () => {
  const coded = new Uint8Array(80);
  new G722Encoder().encode(tone, coded);
  const decoder = create(G722);
  assert.ok(decoder);
  assert.equal(decoder.sampleRateHz, 16_000);
  const once = decoder.decode(coded, 0, 80).slice();
  assert.equal(once.length, 160);
  assert.notDeepEqual(decoder.decode(coded, 0, 80).slice(), once);
  decoder.reset();
  assert.deepEqual(decoder.decode(coded, 0, 80).slice(), once);
  decoder.close();
});

test("decoders: L16 is big-endian, stereo becomes mono (RFC 3551 §4.5.11)", () => {
  const mono = create(L16);
  const stereo = create({ ...L16, channels: 2 });
  assert.ok(mono && stereo);
  const { bytes, from, to } = between(Uint8Array.of(0x40, 0, 0xc0, 0, 0x80, 0, 0x7f, 0xff));
  assert.deepEqual([...mono.decode(bytes, from, to)], [0.5, -0.5, -1, Math.fround(32_767 / 32_768)]);
  assert.deepEqual([...stereo.decode(bytes, from, to)], [0, Math.fround(-1 / 65_536)]);
  assert.equal(mono.decode(bytes, from, from + 3).length, 1, "half a sample is left out");
});

test("decoders: stereo G.711 becomes mono", () => {
  const decoder = create({ ...PCMU, channels: 2 });
  assert.deepEqual([...(decoder?.decode(Uint8Array.of(0x80, 0x00, 0xff, 0xff), 0, 4) ?? [])], [0, 0]);
});

test("decoders: what has no sound, needs another decoder or has a rate that nobody uses gets none", () => {
  for (const format of [
    CN,
    EVENT,
    OPUS,
    { ...L16, clockRateHz: 44_099 },
    { ...PCMU, channels: 0 },
    { ...G722, channels: 2 },
  ]) {
    assert.equal(create(format), undefined, JSON.stringify(format));
  }
});

test("level: told from coded G.711 and L16 as from their samples, not from codecs that must be decoded", () => {
  const level = new CodedLevel();
  const coded = new Uint8Array(160);
  new G711("PCMA").encode(tone, coded);
  const exact = level.ofSamples(tone);
  assert.ok(Math.abs(exact - 20 * Math.log10(0.5 / Math.SQRT2)) < 0.1);
  const { bytes, from, to } = between(coded);
  assert.ok(Math.abs((level.of(PCMA, bytes, from, to) ?? 0) - exact) < 0.2);
  const words = new Uint8Array(320);
  for (const [i, x] of tone.entries()) new DataView(words.buffer).setInt16(2 * i, Math.round(x * 32_768));
  assert.ok(Math.abs((level.of(L16, words, 0, 320) ?? 0) - exact) < 0.01);
  assert.equal(level.of(G722, bytes, from, to), undefined);
  assert.equal(level.of(OPUS, bytes, from, to), undefined);
  assert.equal(level.of(CN, Uint8Array.of(0x80 | 55), 0, 1), -55);
  assert.deepEqual([level.of(CN, bytes, 0, 0), level.of(EVENT, bytes, from, to), level.ofSamples(new Float32Array(9))], [-127, -127, -127]); // prettier-ignore
  assert.equal(level.of(L16, words, 5, 5), -127);
});
