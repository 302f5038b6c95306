import assert from "node:assert/strict";
import { test } from "node:test";
import { holdTone, promptPieces } from "../../../../gateway/adapters/rtpengine/prompts.js";
import { readWav } from "../../../../gateway/media/wav/read-wav.js";

function pieces(sampleRateHz: number, ms: number) {
  const samples = new Float32Array((sampleRateHz * ms) / 1_000).fill(0.1);
  return promptPieces({ sampleRateHz, samples });
}

test("a prompt becomes WAV files that fit into a datagram, as long together as it was", () => {
  for (const rate of [8_000, 16_000, 48_000]) {
    const made = pieces(rate, 20_000);
    assert.ok(made !== undefined && made.length === 3, `${rate} Hz`);
    assert.equal(Math.round(made.reduce((all, { durationMs }) => all + durationMs, 0)), 20_000);
    for (const { wav } of made) {
      assert.ok(wav.byteLength < 62_000);
      const read = readWav(wav);
      assert.ok(read.ok && read.value.sampleRateHz === 8_000);
    }
  }
});

test("an empty prompt has no pieces; a rate that cannot be converted is said", () => {
  assert.deepEqual(pieces(8_000, 0), []);
  assert.equal(promptPieces({ sampleRateHz: 7_919, samples: new Float32Array(100) }), undefined);
});

test("the tone of held sides is quiet, short, and mostly silence", () => {
  const read = readWav(holdTone());
  assert.ok(read.ok);
  const samples = read.value.channels[0]!;
  const loud = samples.filter((sample) => Math.abs(sample) > 0.002).length;
  assert.ok(loud > 1_000 && loud < samples.length / 10, `${loud} of ${samples.length}`);
  assert.ok(samples.every((sample) => Math.abs(sample) < 0.04));
});
