import assert from "node:assert/strict";
import { test } from "node:test";
import { G722Decoder } from "../../../../gateway/media/g722/g722-decoder.js";
import { G722Encoder } from "../../../../gateway/media/g722/g722-encoder.js";

/** Low and high band, 400 Hz and 5.5 kHz. */
const sound = Float32Array.from({ length: 16_000 }, (_, i) => 0.3 * Math.sin(i * 0.157) + 0.05 * Math.sin(i * 2.16));

test("G.722: what is coded comes back, 22 samples later, in both bands", () => {
  const coded = new Uint8Array(8_000);
  assert.equal(new G722Encoder().encode(sound, coded), 8_000);
  const back = new Float32Array(16_000);
  new G722Decoder().decode(coded, 0, 8_000, back);
  let [signal, error] = [0, 0];
  for (let i = 2_000; i < 15_000; i++) {
    signal += sound[i]! ** 2;
    error += (back[i + 22]! - sound[i]!) ** 2;
  }
  assert.ok(10 * Math.log10(signal / error) > 20, `${10 * Math.log10(signal / error)} dB`);
});

test("G.722: in pieces of any length it is the same", () => {
  const coded = new Uint8Array(8_000);
  new G722Encoder().encode(sound, coded);
  const whole = new Float32Array(16_000);
  new G722Decoder().decode(coded, 0, 8_000, whole);
  const decoder = new G722Decoder();
  const pieces = new Float32Array(16_000);
  for (let at = 0, n = 1; at < 8_000; at += n, n = (n * 7) % 191) {
    decoder.decode(coded, at, Math.min(8_000, at + n), pieces.subarray(2 * at));
  }
  assert.deepEqual(pieces, whole);
  decoder.reset();
  const again = new Float32Array(16_000);
  decoder.decode(coded, 0, 8_000, again);
  assert.deepEqual(again, whole);
});

test("G.722: an odd last sample is left out, samples beyond full scale are clipped", () => {
  const into = new Uint8Array(2);
  assert.equal(new G722Encoder().encode(Float32Array.of(9, -9, 1), into), 1);
});
