import assert from "node:assert/strict";
import { test } from "node:test";
import { Concealer } from "../../../../gateway/media/conceal/concealer.js";

const RATE = 16_000;
const voice = (i: number): number =>
  0.4 * Math.sin((2 * Math.PI * 150 * i) / RATE) + 0.2 * Math.sin((2 * Math.PI * 300 * i) / RATE + 1);
const stretch = (from: number, count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => voice(from + i));
const power = (samples: Float32Array): number => samples.reduce((sum, x) => sum + x * x, 0) / samples.length;
const steepest = (samples: readonly number[]): number =>
  samples.reduce((most, x, i) => (i === 0 ? 0 : Math.max(most, Math.abs(x - (samples[i - 1] ?? 0)))), 0);

test("concealment: a lost 20 ms of a voiced sound goes on without click, and joins what comes after", () => {
  const concealer = new Concealer(RATE);
  const before = stretch(0, 640);
  concealer.heard(before);
  const made = new Float32Array(320);
  concealer.conceal(made, 320);
  const after = stretch(960, 320);
  concealer.heard(after);
  const all = [...before, ...made, ...after];
  assert.ok(steepest(all) < 1.5 * steepest([...stretch(0, 1_280)]), `${steepest(all)}`);
  // The first 10 ms are what was really lost.
  for (let i = 0; i < 160; i++) assert.ok(Math.abs((made[i] ?? 9) - voice(640 + i)) < 0.05, `${i}`);
  assert.ok(power(made.subarray(160)) < power(made.subarray(0, 160)), "and then fade");
});

test("concealment: it has faded to nothing after 60 ms, in whatever pieces it is asked for", () => {
  for (const piece of [1, 80, 333, 1_600]) {
    const concealer = new Concealer(RATE);
    concealer.heard(stretch(0, 640));
    const made = new Float32Array(1_600);
    for (let at = 0; at < made.length; at += piece) {
      const part = made.subarray(at, Math.min(made.length, at + piece));
      concealer.conceal(part, part.length);
    }
    assert.ok(power(made.subarray(0, 160)) > 0.05);
    assert.ok(made.subarray(960).every((x) => x === 0));
  }
});

test("concealment: of silence, of nothing and after a reset is silence", () => {
  const concealer = new Concealer(RATE);
  const made = new Float32Array(320).fill(9);
  concealer.conceal(made, 320);
  assert.ok(made.every((x) => x === 0));
  concealer.heard(stretch(0, 640));
  concealer.reset();
  concealer.conceal(made, 320);
  assert.ok(made.every((x) => x === 0));
});

test("concealment: short pieces of sound make up the history too", () => {
  const whole = new Concealer(RATE);
  whole.heard(stretch(0, 640));
  const pieces = new Concealer(RATE);
  for (let at = 0; at < 640; at += 40) pieces.heard(stretch(at, 40));
  const [a, b] = [new Float32Array(320), new Float32Array(320)];
  whole.conceal(a, 320);
  pieces.conceal(b, 320);
  assert.deepEqual(a, b);
});
