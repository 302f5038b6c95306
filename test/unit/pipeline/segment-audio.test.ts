import assert from "node:assert/strict";
import { test } from "node:test";
import { AudioBudget } from "../../../gateway/pipeline/audio-budget.js";
import { SegmentAudio } from "../../../gateway/pipeline/segment-audio.js";

const RATE = 16;
const sound = (ms: number, value: number): Float32Array => new Float32Array(ms * RATE).fill(value);
const make = (limitMs = 60_000): { audio: SegmentAudio; budget: AudioBudget } => {
  const budget = new AudioBudget(limitMs * RATE);
  return { audio: new SegmentAudio(budget), budget };
};
/** The sound as runs: value × ms. */
function runs(samples: Float32Array): string {
  const found: { value: number; count: number }[] = [];
  for (const sample of samples) {
    const value = Math.round(sample * 100) / 100;
    const last = found.at(-1);
    if (last?.value === value) last.count++;
    else found.push({ value, count: 1 });
  }
  return found.map(({ value, count }) => `${value}×${count / RATE}`).join(" ");
}

test("what was appended comes back by time", () => {
  const { audio } = make();
  audio.append(1_000, sound(100, 0.1));
  audio.append(1_100, sound(100, 0.2));
  assert.equal(audio.endMs, 1_200);
  const { samples, sampleRateHz } = audio.between(1_050, 1_150);
  assert.equal(sampleRateHz, 16_000);
  assert.equal(runs(samples), "0.1×50 0.2×50");
});

test("gaps are silence, overlaps are left out, rounding is neither", () => {
  const { audio } = make();
  audio.append(0, sound(100, 0.1));
  audio.append(140, sound(60, 0.2));
  audio.append(180, sound(60, 0.3));
  audio.append(241.5, sound(20, 0.4));
  assert.equal(runs(audio.between(0, 1_000).samples), "0.1×100 0×40 0.2×60 0.3×40 0.4×20");
});

test("after a long gap, or a jump back, nothing is left of what was before", () => {
  for (const startMs of [9_000, -9_000]) {
    const { audio } = make();
    audio.append(0, sound(100, 0.1));
    audio.append(startMs, sound(50, 0.2));
    assert.equal(runs(audio.between(-20_000, 20_000).samples), "0.2×50");
    assert.equal(audio.endMs, startMs + 50);
  }
});

test("what is older than wanted is forgotten, and memory stays as it was", () => {
  const { audio, budget } = make();
  for (let at = 0; at < 60_000; at += 20) {
    audio.append(at, sound(20, 0.5));
    audio.keepFrom(at - 300);
  }
  assert.equal(budget.usedSamples, 16_000);
  assert.equal(runs(audio.between(0, 60_000).samples), "0.5×320");
});

test("samples survive 16 bits; beyond full scale they are clipped", () => {
  const { audio } = make();
  audio.append(0, Float32Array.of(1.5, -1.5, 0.25, -0.25));
  const [a = 0, b = 0, c = 0, d = 0] = audio.between(0, 1).samples;
  assert.ok(a > 0.999 && b < -0.999 && Math.abs(c - 0.25) < 1e-4 && Math.abs(d + 0.25) < 1e-4);
});

test("the budget is kept over all speakers, and given back", () => {
  const budget = new AudioBudget(40_000);
  const first = new SegmentAudio(budget);
  const second = new SegmentAudio(budget);
  assert.ok(first.append(0, sound(1_500, 0.1)));
  assert.equal(budget.usedSamples, 32_000);
  assert.ok(!second.append(0, sound(900, 0.2)), "no room");
  assert.equal(second.between(0, 1_000).samples.length, 0);
  first.clear();
  assert.equal(budget.usedSamples, 0);
  assert.ok(second.append(0, sound(900, 0.2)));
});
