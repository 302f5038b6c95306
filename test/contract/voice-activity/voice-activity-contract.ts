import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { VAD_STEP_SAMPLES, type VoiceActivity } from "../../../gateway/ports/voice-activity.js";

export interface VoiceActivityUnderTest {
  readonly voiceActivity: VoiceActivity;
  /** A second or more that it takes for speech, 16 kHz, a whole number of steps. */
  readonly speech: Float32Array;
  close(): Promise<void>;
}

/** Room noise at −60 dB: nobody speaks. */
const QUIET = Float32Array.from({ length: 40 * VAD_STEP_SAMPLES }, (_, i) => 0.001 * Math.sin(i * i));
/** Numbers of floating point may differ in their last digits from batch to batch. */
const NEARLY = 1e-3;

/** Every voice detector keeps this. @param skip Why it cannot be judged here. */
export function voiceActivityContract(name: string, make: () => Promise<VoiceActivityUnderTest>, skip?: string): void {
  describe(`voice activity contract: ${name}`, { skip: skip ?? false }, () => {
    let under: VoiceActivityUnderTest;
    let lastStream = 0;
    const score = async (samples: Float32Array, stream = ++lastStream): Promise<Float32Array> =>
      under.voiceActivity.score(stream, samples);
    const inPieces = async (samples: Float32Array, stream: number, steps: number): Promise<number[]> => {
      const scores: number[] = [];
      for (let at = 0; at < samples.length; at += steps * VAD_STEP_SAMPLES) {
        scores.push(...(await score(samples.subarray(at, at + steps * VAD_STEP_SAMPLES), stream)));
      }
      return scores;
    };
    const same = (a: ArrayLike<number>, b: ArrayLike<number>): void => {
      assert.equal(a.length, b.length);
      for (let i = 0; i < a.length; i++) assert.ok(Math.abs((a[i] ?? 0) - (b[i] ?? 0)) < NEARLY, `step ${i}`);
    };

    before(async () => {
      under = await make();
    });
    after(() => under.close());

    test(`${name}: one probability a step; high in speech, low in a quiet room`, async () => {
      const speaking = await score(under.speech);
      assert.equal(speaking.length, under.speech.length / VAD_STEP_SAMPLES);
      assert.ok(speaking.every((p) => p >= 0 && p <= 1));
      const voiced = speaking.filter((p) => p >= 0.5).length;
      assert.ok(voiced / speaking.length > 0.6, `${voiced} of ${speaking.length} steps`);
      const quiet = await score(QUIET);
      assert.ok(Math.max(...quiet) < 0.5, `${Math.max(...quiet)} in a quiet room`);
      const mean = quiet.reduce((sum, p) => sum + p, 0) / quiet.length;
      assert.ok(mean < 0.2, `mean ${mean} in a quiet room`);
    });

    test(`${name}: step by step says what all at once says, and the samples are not changed`, async () => {
      const copy = under.speech.slice();
      const whole = await score(under.speech);
      same(await inPieces(under.speech, ++lastStream, 1), whole);
      same(await inPieces(under.speech, ++lastStream, 3), whole);
      assert.deepEqual(under.speech, copy);
    });

    test(`${name}: speakers do not disturb each other`, async () => {
      const alone = await score(under.speech);
      const [one, other] = [++lastStream, ++lastStream];
      const together: number[] = [];
      for (let at = 0; at < under.speech.length; at += VAD_STEP_SAMPLES) {
        const [mine] = await Promise.all([
          score(under.speech.subarray(at, at + VAD_STEP_SAMPLES), one),
          score(QUIET.subarray(0, VAD_STEP_SAMPLES), other),
        ]);
        together.push(...mine);
      }
      same(together, alone);
    });

    test(`${name}: who was forgotten begins anew`, async () => {
      const stream = ++lastStream;
      const first = await score(under.speech, stream);
      under.voiceActivity.forget(stream);
      same(await score(under.speech, stream), first);
      under.voiceActivity.forget(987_654);
    });

    test(`${name}: many speakers at a time, no step, and sound far too loud are answered`, async () => {
      const many = await Promise.all(Array.from({ length: 50 }, () => score(QUIET.subarray(0, 2 * VAD_STEP_SAMPLES))));
      assert.ok(many.every(({ length }) => length === 2));
      assert.equal((await score(new Float32Array(0))).length, 0);
      const scores = await score(
        Float32Array.from({ length: 2 * VAD_STEP_SAMPLES }, (_, i) => (i % 2 === 0 ? 1e9 : -1e9)),
      );
      assert.ok(scores.every((p) => p >= 0 && p <= 1));
    });

    test(`${name}: it has a name, and may be closed twice`, async () => {
      assert.ok(under.voiceActivity.name.length > 0);
      await under.voiceActivity.close();
      await under.voiceActivity.close();
    });
  });
}
