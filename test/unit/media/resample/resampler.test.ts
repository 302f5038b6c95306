import assert from "node:assert/strict";
import { test } from "node:test";
import { designKernel, type ResamplerKernel } from "../../../../gateway/media/resample/design-kernel.js";
import { Resampler, resampleAll } from "../../../../gateway/media/resample/resampler.js";
import { SeededRandom } from "../../../support/seeded-random.js";

const RATIOS = [[8_000, 16_000], [16_000, 8_000], [48_000, 16_000], [24_000, 16_000], [44_100, 16_000], [32_000, 16_000], [16_000, 48_000]] as const; // prettier-ignore

function kernel(fromHz: number, toHz: number): ResamplerKernel {
  const made = designKernel(fromHz, toHz);
  assert.ok(made);
  return made;
}
const sine = (hz: number, rateHz: number, count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hz * i) / rateHz));

/** Power of one frequency in the middle of the samples, dB against a sine of 0.5; Hann window. */
function levelAt(hz: number, rateHz: number, samples: Float32Array): number {
  const from = samples.length >> 2;
  const count = samples.length >> 1;
  let re = 0;
  let im = 0;
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / count);
    const angle = (2 * Math.PI * hz * i) / rateHz;
    re += window * (samples[from + i] ?? 0) * Math.cos(angle);
    im += window * (samples[from + i] ?? 0) * Math.sin(angle);
    sum += window;
  }
  return 20 * Math.log10((2 * Math.hypot(re, im)) / sum / 0.5 + 1e-12);
}
/** What is left of the middle when the sine of `hz` that fits best is taken out. */
function without(hz: number, rateHz: number, samples: Float32Array): Float32Array {
  const middle = samples.subarray(samples.length >> 2, (samples.length >> 2) * 3);
  let [cc, ss, cs, xc, xs] = [0, 0, 0, 0, 0];
  const angle = (i: number): number => (2 * Math.PI * hz * i) / rateHz;
  for (const [i, x] of middle.entries()) {
    const [c, s] = [Math.cos(angle(i)), Math.sin(angle(i))];
    cc += c * c;
    ss += s * s;
    cs += c * s;
    xc += x * c;
    xs += x * s;
  }
  const a = (xc * ss - xs * cs) / (cc * ss - cs * cs);
  const b = (xs * cc - xc * cs) / (cc * ss - cs * cs);
  return middle.map((x, i) => x - a * Math.cos(angle(i)) - b * Math.sin(angle(i)));
}
function totalDb(samples: Float32Array): number {
  const middle = samples.subarray(samples.length >> 2, (samples.length >> 2) * 3);
  const power = middle.reduce((sum, x) => sum + x * x, 0) / middle.length;
  return 10 * Math.log10(power / 0.125 + 1e-12);
}

for (const [fromHz, toHz] of RATIOS) {
  const lower = Math.min(fromHz, toHz);

  test(`${fromHz} → ${toHz} Hz: the pass band is flat within 0.1 dB up to 0.43 × ${lower} Hz, nothing else within 60 dB`, () => {
    for (const share of [0.01, 0.1, 0.2, 0.3, 0.4, 0.43]) {
      const hz = Math.round(lower * share);
      const out = resampleAll({ sampleRateHz: fromHz, samples: sine(hz, fromHz, fromHz) }, toHz);
      assert.ok(out);
      assert.equal(out.samples.length, toHz);
      assert.ok(Math.abs(levelAt(hz, toHz, out.samples)) < 0.1, `${hz} Hz: ${levelAt(hz, toHz, out.samples)} dB`);
      const rest = totalDb(without(hz, toHz, out.samples));
      assert.ok(rest < -60, `${hz} Hz: ${rest} dB beside the tone`);
    }
  });

  if (toHz < fromHz) {
    test(`${fromHz} → ${toHz} Hz: what is above 0.57 × ${toHz} Hz is 60 dB down, so nothing folds back`, () => {
      for (const share of [0.57, 0.6, 0.7, 0.9, 1.1, 1.3]) {
        const hz = Math.round(toHz * share);
        if (hz >= fromHz / 2) continue;
        const out = resampleAll({ sampleRateHz: fromHz, samples: sine(hz, fromHz, fromHz) }, toHz);
        assert.ok(out);
        assert.ok(totalDb(out.samples) < -60, `${hz} Hz: ${totalDb(out.samples)} dB`);
      }
    });
  }

  test(`${fromHz} → ${toHz} Hz: however a stream is cut, the same samples come out`, () => {
    const random = new SeededRandom(fromHz);
    const input = Float32Array.from({ length: 5_000 }, () => random.next() - 0.5);
    const one = new Resampler(kernel(fromHz, toHz));
    const whole = new Float32Array(one.mostFor(input.length));
    const count = one.process(input, whole);
    const two = new Resampler(kernel(fromHz, toHz));
    const pieces: number[] = [];
    for (let at = 0; at < input.length;) {
      const size = random.below(700);
      const piece = input.subarray(at, at + size);
      const out = new Float32Array(two.mostFor(piece.length));
      pieces.push(...out.subarray(0, two.process(piece, out)));
      at += size;
    }
    assert.deepEqual(pieces, [...whole.subarray(0, count)]);
    two.reset();
    const again = new Float32Array(two.mostFor(input.length));
    assert.equal(two.process(input, again), count);
    assert.deepEqual(again, whole);
  });
}

test("8 → 16 kHz: every other sample is an input sample, so half of the work is saved", () => {
  const made = kernel(8_000, 16_000);
  assert.equal([...made.delayTaps].filter((tap) => tap >= 0).length, 1);
  assert.ok(made.delayMs < 4, `${made.delayMs}`);
});

test("a constant stays what it is, in every phase", () => {
  for (const [fromHz, toHz] of RATIOS) {
    const out = resampleAll({ sampleRateHz: fromHz, samples: new Float32Array(4_000).fill(0.5) }, toHz);
    assert.ok(out);
    const middle = out.samples.subarray(out.samples.length >> 2, (out.samples.length >> 2) * 3);
    assert.ok(middle.every((x) => Math.abs(x - 0.5) < 0.001), `${fromHz}`); // prettier-ignore
  }
});

test("rates that make no sense have no filter; the same rate needs none", () => {
  for (const rate of [0, -8_000, 1, 8_000.5, Number.NaN, Infinity, 500_000]) {
    assert.equal(designKernel(rate, 16_000), undefined);
    assert.equal(resampleAll({ sampleRateHz: rate, samples: new Float32Array(3) }, 16_000), undefined);
  }
  assert.equal(designKernel(383_999, 16_000), undefined, "would need too many phases");
  const audio = { sampleRateHz: 16_000, samples: new Float32Array(3) };
  assert.equal(resampleAll(audio, 16_000), audio);
  assert.equal(resampleAll({ sampleRateHz: 8_000, samples: new Float32Array(0) }, 16_000)?.samples.length, 0);
});
