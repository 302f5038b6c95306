import assert from "node:assert/strict";
import { test } from "node:test";
import { G711 } from "../../../../gateway/media/g711/g711.js";

for (const law of [new G711("PCMU"), new G711("PCMA")]) {
  test(`${law.law}: floats keep within a step, loud ones are clipped`, () => {
    const samples = Float32Array.from({ length: 400 }, (_, i) => 0.5 * Math.sin(i / 7));
    const coded = new Uint8Array(402);
    assert.equal(law.encode(samples, coded, 2), 400);
    const back = new Float32Array(403);
    assert.equal(law.decode(coded.subarray(2), back, 3), 400);
    for (const [i, sample] of samples.entries()) {
      assert.ok(Math.abs((back[i + 3] ?? 0) - sample) <= Math.abs(sample) * 0.04 + 0.001, `${i}`);
    }
    const loud = new Uint8Array(3);
    law.encode(Float32Array.of(3, -3, Number.NaN), loud);
    assert.deepEqual([...loud], [law.encodeSample(32_767), law.encodeSample(-32_768), law.silence]);
  });

  test(`${law.law}: the level of coded audio is that of its samples`, () => {
    assert.equal(law.levelDbov(new Uint8Array()), -127);
    assert.ok(law.levelDbov(new Uint8Array(160).fill(law.silence)) <= -72);
    const tone = Float32Array.from({ length: 800 }, (_, i) => 0.1 * Math.sin((2 * Math.PI * i) / 8));
    const coded = new Uint8Array(820);
    law.encode(tone, coded, 10);
    // A sine of amplitude 0.1 has a power of 0.005.
    assert.ok(Math.abs(law.levelDbov(coded, 10, 810) - 10 * Math.log10(0.005)) < 0.2);
  });
}
