import assert from "node:assert/strict";
import { test } from "node:test";
import { ComfortNoise, parseComfortNoise } from "../../../../gateway/media/comfort-noise/comfort-noise.js";
import { buildComfortNoise } from "../../../support/build-comfort-noise.js";

function make(levelDbov: number, reflection: readonly number[], count = 16_000): Float32Array {
  const noise = new ComfortNoise(7);
  noise.set({ levelDbov, reflection });
  const samples = new Float32Array(count);
  noise.fill(samples, count);
  return samples;
}
const dbov = (samples: Float32Array): number =>
  10 * Math.log10(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
const correlation = (samples: Float32Array): number => {
  let [product, power] = [0, 0];
  for (let i = 1; i < samples.length; i++) {
    product += samples[i]! * samples[i - 1]!;
    power += samples[i]! ** 2;
  }
  return product / power;
};

test("comfort noise: level and coefficients are read as RFC 3389 §3 codes them", () => {
  assert.deepEqual(parseComfortNoise(Uint8Array.of(0xff & 40)), { levelDbov: -40, reflection: [] });
  const read = parseComfortNoise(Uint8Array.of(9, 60, 127, 254, 0, 9), 1, 5);
  assert.equal(read?.levelDbov, -60);
  assert.deepEqual(read.reflection.map((k) => Math.round(k * 1000) / 1000), [0, 1, -1]); // prettier-ignore
  assert.equal(parseComfortNoise(new Uint8Array()), undefined);
  assert.equal(parseComfortNoise(new Uint8Array(200))?.reflection.length, 12);
  assert.equal(parseComfortNoise(Uint8Array.of(0x80 | 30))?.levelDbov, -30, "the upper bit is reserved");
});

test("comfort noise: what is written is read", () => {
  const parameters = { levelDbov: -45, reflection: [0.5, -0.25, 0.99] };
  const read = parseComfortNoise(buildComfortNoise(parameters));
  assert.equal(read?.levelDbov, -45);
  for (const [i, k] of parameters.reflection.entries()) assert.ok(Math.abs((read.reflection[i] ?? 9) - k) < 0.005);
  assert.equal(buildComfortNoise({ levelDbov: -500, reflection: [] })[0], 127);
});

test("comfort noise: has the level that was asked for, whatever its spectrum", () => {
  for (const levelDbov of [-30, -50, -70]) {
    for (const reflection of [[], [0.5], [-0.8, 0.4], [-0.6, 0.3, 0.2, -0.1]]) {
      const level = dbov(make(levelDbov, reflection));
      assert.ok(Math.abs(level - levelDbov) < 1, `${level} for ${levelDbov} with ${reflection.join()}`);
    }
  }
});

test("comfort noise: the first coefficient tilts the spectrum: −k is the correlation of neighbours", () => {
  assert.ok(Math.abs(correlation(make(-40, []))) < 0.03);
  assert.ok(Math.abs(correlation(make(-40, [-0.7])) - 0.7) < 0.03);
  assert.ok(Math.abs(correlation(make(-40, [0.7])) + 0.7) < 0.03);
});

test("comfort noise: coefficients of 1 do not ring for ever", () => {
  const samples = make(0, new Array<number>(12).fill(1));
  assert.ok(samples.every((x) => Number.isFinite(x) && Math.abs(x) <= 1));
});
