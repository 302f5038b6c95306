import assert from "node:assert/strict";
import { test } from "node:test";
import { OpusEncoder } from "../../../../gateway/adapters/opus/opus-encoder.js";
import { Libopus } from "../../../../gateway/adapters/opus/libopus.js";

const FRAME = 320;

function opened(): OpusEncoder {
  const encoder = OpusEncoder.open();
  assert.ok(encoder !== undefined);
  return encoder;
}
const tone = (hz: number, from: number): Float32Array =>
  Float32Array.from({ length: FRAME }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hz * (from + i)) / 16_000));

test("what is encoded is heard again, two streams at a time", async (t) => {
  const libopus = await Libopus.start();
  t.after(() => libopus.end());
  const streams = [440, 1_000].map((hz) => {
    const decoder = libopus.open();
    assert.ok(decoder !== undefined);
    return { hz, encoder: opened(), decoder, heard: [] as number[] };
  });
  for (let frame = 0; frame < 100; frame++) {
    for (const { hz, encoder, decoder, heard } of streams) {
      const packet = encoder.encode(tone(hz, frame * FRAME));
      assert.ok(packet !== undefined && packet.byteLength < 200);
      heard.push(...(libopus.decode(decoder, packet, 0, packet.byteLength) ?? []));
    }
  }
  for (const { hz, encoder, heard } of streams) {
    encoder.close();
    const second = heard.slice(16_000, 32_000);
    const rises = second.filter((sample, i) => i > 0 && (second[i - 1] ?? 0) < 0 && sample >= 0).length;
    assert.ok(Math.abs(rises - hz) <= 2, `${rises} Hz instead of ${hz}`);
    const level = Math.sqrt(second.reduce((sum, sample) => sum + sample * sample, 0) / second.length);
    assert.ok(level > 0.3 && level < 0.4, String(level));
  }
});

test("what is louder than full scale is clipped, not wrapped", async (t) => {
  const libopus = await Libopus.start();
  t.after(() => libopus.end());
  const decoder = libopus.open() ?? 0;
  const encoder = opened();
  let peak = 0;
  for (let frame = 0; frame < 20; frame++) {
    const packet = encoder.encode(tone(200, frame * FRAME).map((sample) => 8 * sample)) ?? Uint8Array.of();
    for (const sample of libopus.decode(decoder, packet, 0, packet.byteLength) ?? []) peak = Math.max(peak, sample);
  }
  encoder.close();
  assert.ok(peak > 0.8 && peak < 1.6, String(peak));
});

test("as many as may be open, then none; what was closed makes room, and codes nothing any more", () => {
  const all: OpusEncoder[] = [];
  for (let next = OpusEncoder.open(); next !== undefined; next = OpusEncoder.open()) all.push(next);
  assert.equal(all.length, 32);
  const [first] = all;
  assert.ok(first !== undefined);
  first.close();
  first.close();
  assert.equal(first.encode(tone(440, 0)), undefined);
  const again = opened();
  assert.equal(OpusEncoder.open(), undefined);
  for (const each of [...all, again]) each.close();
  assert.equal(opened().encode(new Float32Array(7)), undefined, "not a frame");
});
