import assert from "node:assert/strict";
import { test } from "node:test";
import OpusScript from "opusscript";
import { G711 } from "../../../gateway/media/g711/g711.js";
import type { PayloadFormat } from "../../../gateway/media/audio.js";
import { CodedLevel } from "../../../gateway/media/decode/coded-level.js";
import { G722Encoder } from "../../../gateway/media/g722/g722-encoder.js";
import { FrameLevel, SILENT_DB, UNKNOWN_DB } from "../../../gateway/pipeline/frame-level.js";
import { G722, OPUS, PCMU } from "../../support/rtp-stream.js";
import { SeededRandom } from "../../support/seeded-random.js";
import { babble, levelDb, noise, silence } from "../../support/sounds.js";

const levels = (): FrameLevel => new FrameLevel(new CodedLevel());
const frame = (format: PayloadFormat, bytes: Uint8Array) => ({
  format,
  timestamp: 0,
  atMs: 0,
  durationMs: 20,
  bytes,
  from: 0,
  to: bytes.byteLength,
});

test("G.711 by its table", () => {
  const law = new G711("PCMU");
  const coded = new Uint8Array(160);
  law.encode(noise(10, 0.1, new SeededRandom(1)), coded);
  assert.ok(Math.abs(levels().of(frame(PCMU, coded)) + 20) < 1.5);
});

test("G.722 by how its scale changes: within a few dB of what was coded, 16 kHz noise and silence", () => {
  for (const rms of [0.1, 0.01, 0.002, 0]) {
    const level = levels();
    const encoder = new G722Encoder();
    const sound = rms === 0 ? silence(1_000) : noise(1_000, rms, new SeededRandom(2));
    let last = 0;
    for (let at = 0; at + 320 <= sound.length; at += 320) {
      const coded = new Uint8Array(160);
      encoder.encode(sound.subarray(at, at + 320), coded);
      last = level.of(frame(G722, coded));
    }
    if (rms === 0) assert.ok(last < -60, `silence: ${last}`);
    else assert.ok(Math.abs(last - levelDb(sound)) < 6, `${rms}: ${last} for ${levelDb(sound)}`);
  }
});

test("opus: what its SILK layer takes for voice has to be decoded, what it takes for silence has not", () => {
  const encoder = new OpusScript(16_000, 1, OpusScript.Application.VOIP);
  try {
    encoder.setBitrate(20_000);
    const level = levels();
    const told = (sound: Float32Array): number[] => {
      const found: number[] = [];
      for (let at = 0; at + 320 <= sound.length; at += 320) {
        const pcm = Buffer.from(Int16Array.from(sound.subarray(at, at + 320), (x) => Math.round(x * 32_767)).buffer);
        found.push(level.of(frame(OPUS, encoder.encode(pcm, 320))));
      }
      return found;
    };
    const voiced = told(babble(3_000, new SeededRandom(3)));
    const silent = told(silence(3_000)).slice(50);
    assert.ok(voiced.filter((db) => db === UNKNOWN_DB).length > 0.6 * voiced.length);
    assert.ok(silent.every((db) => db === SILENT_DB));
  } finally {
    encoder.delete();
  }
});

test("opus: packets that do not tell have to be decoded; the empty ones of DTX have not", () => {
  const level = levels();
  assert.equal(level.of(frame(OPUS, Uint8Array.of(0x08))), SILENT_DB);
  assert.equal(level.of(frame(OPUS, Uint8Array.of(0xf8, 1, 2, 3))), UNKNOWN_DB, "CELT");
  assert.equal(level.of(frame(OPUS, Uint8Array.of(0x09, 0, 0, 0))), UNKNOWN_DB, "two frames");
  assert.equal(level.of(frame(OPUS, Uint8Array.of(0x08, 0x80, 0, 0))), UNKNOWN_DB, "SILK with voice");
  assert.equal(level.of(frame(OPUS, Uint8Array.of(0x08, 0x3f, 0, 0))), SILENT_DB, "SILK without");
  assert.equal(level.of(frame(OPUS, Uint8Array.of(0x0c, 0x20, 0, 0))), UNKNOWN_DB, "stereo, voice in the side channel");
});
