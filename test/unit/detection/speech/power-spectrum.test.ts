import assert from "node:assert/strict";
import { test } from "node:test";
import { PowerSpectrum } from "../../../../detection/index.js";
import { SeededRandom } from "../../../support/seeded-random.js";

const N = 512;

/** The definition, term by term. */
function definition(samples: Float32Array, offset: number): number[] {
  return Array.from({ length: N / 2 }, (_, k) => {
    let re = 0;
    let im = 0;
    for (let i = 0; i < N; i++) {
      const x = (samples[offset + i] ?? 0) * (0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / N));
      re += x * Math.cos((2 * Math.PI * k * i) / N);
      im -= x * Math.sin((2 * Math.PI * k * i) / N);
    }
    return re * re + im * im;
  });
}

test("the spectrum is that of the definition, also from the middle and over the end of the samples", () => {
  const random = new SeededRandom(7);
  const spectrum = new PowerSpectrum();
  const samples = Float32Array.from({ length: 700 }, () => 2 * random.next() - 1);
  for (const offset of [0, 100, 400]) {
    const expected = definition(samples, offset);
    spectrum.of(samples, offset).forEach((power, k) => {
      assert.ok(Math.abs(power - (expected[k] ?? 0)) < 1e-6, `offset ${offset}, bin ${k}`);
    });
  }
});

test("a tone is where its frequency says", () => {
  const spectrum = new PowerSpectrum();
  for (const hz of [250, 1_000, 3_000]) {
    const power = spectrum.of(Float32Array.from({ length: N }, (_, i) => Math.sin((2 * Math.PI * hz * i) / 16_000)));
    assert.equal(power.indexOf(Math.max(...power)), hz / 31.25);
  }
});
