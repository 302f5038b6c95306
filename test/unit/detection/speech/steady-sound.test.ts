import assert from "node:assert/strict";
import { test } from "node:test";
import { PowerSpectrum, SteadySound } from "../../../../detection/index.js";
import { SeededRandom } from "../../../support/seeded-random.js";
import { babble, CALL_PROGRESS, chords, dtmf, holdMusic, levelDb, noise } from "../../../support/sounds.js";

const STEP = 512;
const spectrum = new PowerSpectrum();

/** Which steps with sound in them are steady, seen afterwards. */
function steadyShare(samples: Float32Array): { readonly steps: number; readonly share: number } {
  const detector = new SteadySound(spectrum);
  const steady: boolean[] = [];
  for (let at = 0; at + STEP <= samples.length; at += STEP) {
    const db = levelDb(samples.subarray(at, at + STEP));
    if (db < -50) continue;
    const back = detector.step(samples, at, db);
    steady.push(false);
    for (let i = 1; i <= Math.min(back, steady.length); i++) steady[steady.length - i] = true;
  }
  return { steps: steady.length, share: steady.filter(Boolean).length / steady.length };
}

for (const [name, samples] of Object.entries(CALL_PROGRESS)) {
  test(`steady: ${name}`, () => {
    const { share } = steadyShare(samples);
    assert.ok(share > 0.6, `${share.toFixed(2)} of the steps`);
  });
}

test("steady: DTMF digits, quick and slow", () => {
  for (const [on, off] of [
    [70, 50],
    [100, 100],
    [250, 150],
  ] as const) {
    const { share } = steadyShare(dtmf("4155550123#*0", on, off));
    assert.ok(share > 0.5, `${on} ms on: ${share.toFixed(2)} of the steps`);
  }
});

test("steady: standing chords at once, music with a melody within two seconds", () => {
  assert.ok(steadyShare(chords(4)).share > 0.8);
  for (const beatMs of [300, 500, 800]) {
    const { share } = steadyShare(holdMusic(6, beatMs));
    assert.ok(share > 0.9, `${beatMs} ms a beat: ${share.toFixed(2)} of the steps`);
  }
});

test("not steady: what glides and pauses like a voice", () => {
  for (let seed = 1; seed <= 8; seed++) {
    const { share } = steadyShare(babble(8_000, new SeededRandom(seed)));
    assert.ok(share < 0.15, `seed ${seed}: ${share.toFixed(2)} of the steps`);
  }
});

test("not steady: noise, white and brown, and a voice in noise", () => {
  const random = new SeededRandom(5);
  for (const colour of [0, 0.9, 0.98]) assert.ok(steadyShare(noise(6_000, 0.05, random, colour)).share < 0.02);
  const voice = babble(8_000, random);
  const hum = noise(8_000, 0.02, random, 0.9);
  assert.ok(steadyShare(voice.map((x, i) => x + (hum[i] ?? 0))).share < 0.15);
});

test("after music the detector lets a voice through again within a second", () => {
  const detector = new SteadySound(spectrum);
  const feed = (samples: Float32Array): number[] => {
    const found: number[] = [];
    for (let at = 0; at + STEP <= samples.length; at += STEP) {
      const db = levelDb(samples.subarray(at, at + STEP));
      if (db > -50) found.push(detector.step(samples, at, db));
    }
    return found;
  };
  feed(holdMusic(4));
  assert.ok(detector.music);
  const found = feed(babble(6_000, new SeededRandom(3)));
  const last = found.lastIndexOf(64);
  assert.ok(last * 32 < 1_500, `${last} steps of the voice were still taken for music`);
  assert.ok(!detector.music);
});

test("`reset` forgets the music", () => {
  const detector = new SteadySound(spectrum);
  const samples = holdMusic(3);
  for (let at = 0; at + STEP <= samples.length; at += STEP) detector.step(samples, at, -20);
  detector.reset();
  assert.equal(detector.music, false);
  assert.equal(detector.step(babble(100, new SeededRandom(1)), 0, -20), 0);
});
