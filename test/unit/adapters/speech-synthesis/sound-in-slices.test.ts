import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readSound, writeSound } from "../../../../gateway/adapters/speech-synthesis/sound-in-slices.js";
import { resampleAll } from "../../../../gateway/media/resample/resampler.js";
import { mixedDown, readWav } from "../../../../gateway/media/wav/read-wav.js";
import { writeWav } from "../../../../gateway/media/wav/write-wav.js";

const tone = (count: number, step = 20): Float32Array =>
  new Float32Array(count).map((_, i) => 0.3 * Math.sin(i / step));

/** How often others had their turn while it worked. */
async function turnsOf(work: () => Promise<unknown>): Promise<number> {
  let [turns, over] = [0, false];
  const count = (): void => {
    turns++;
    if (!over) setImmediate(count);
  };
  setImmediate(count);
  await work();
  over = true;
  return turns;
}

describe("sounds, a slice a turn", () => {
  for (const [rateHz, channels, frames] of [
    [22_050, 1, 22_050],
    [48_000, 2, 30_000],
    [8_000, 1, 10_000],
    [8_000, 2, 4_096],
    [16_000, 1, 1],
  ] as const) {
    test(`${frames} frames of ${channels} at ${rateHz} Hz come out as if read in one piece`, async () => {
      const wav = writeWav({
        sampleRateHz: rateHz,
        channels: Array.from({ length: channels }, (_, n) => tone(frames, 9 + n)),
      });
      const sliced = await readSound(wav, 8_000);
      const whole = readWav(wav);
      assert.ok(sliced.ok && whole.ok);
      const expected = resampleAll(mixedDown(whole.value), 8_000);
      assert.deepEqual(sliced.value.samples, expected?.samples);
    });
  }

  test("written and read again it is the same", async () => {
    const samples = tone(9_001);
    const file = await writeSound({ sampleRateHz: 8_000, samples });
    assert.deepEqual(file, writeWav({ sampleRateHz: 8_000, channels: [samples] }));
  });

  test("two minutes of it leave others their turn: reading, resampling and writing", async () => {
    const long = writeWav({ sampleRateHz: 22_050, channels: [tone(22_050 * 120)] });
    assert.ok((await turnsOf(() => readSound(long, 8_000))) > 500);
    assert.ok((await turnsOf(() => writeSound({ sampleRateHz: 8_000, samples: tone(8_000 * 120) }))) > 200);
  });

  test("what is no WAV file, and a rate that cannot be changed, are said", async () => {
    const code = async (bytes: Uint8Array): Promise<string> => {
      const read = await readSound(bytes, 8_000);
      return read.ok ? "ok" : read.error.code;
    };
    assert.equal(await code(new Uint8Array(100)), "wav.not-wav");
    assert.equal(await code(writeWav({ sampleRateHz: 44_101, channels: [tone(10)] })), "rate");
  });
});
