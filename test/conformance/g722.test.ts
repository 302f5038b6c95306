import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { G722Decoder } from "../../gateway/media/g722/g722-decoder.js";
import { G722Encoder } from "../../gateway/media/g722/g722-encoder.js";
import { SeededRandom } from "../support/seeded-random.js";

const toBytes = (samples: Float32Array): Buffer => {
  const bytes = Buffer.alloc(2 * samples.length);
  for (const [i, x] of samples.entries()) bytes.writeInt16LE(Math.round(x * 32_768), 2 * i);
  return bytes;
};
const fromBytes = (bytes: Buffer): Float32Array =>
  Float32Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readInt16LE(2 * i) / 32_768);
function decode(bytes: Uint8Array): Float32Array {
  const samples = new Float32Array(2 * bytes.byteLength);
  assert.equal(new G722Decoder().decode(bytes, 0, bytes.byteLength, samples), samples.length);
  return samples;
}
function encode(samples: Float32Array): Buffer {
  const bytes = Buffer.alloc(samples.length >> 1);
  assert.equal(new G722Encoder().encode(samples, bytes), bytes.length);
  return bytes;
}
const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** Every code in every state: the predictors run to their limits. */
function anyCodes(): Uint8Array {
  const random = new SeededRandom(722);
  return Uint8Array.from({ length: 40_000 }, () => random.below(256));
}
/** Loud and soft, low and high, clipped and noisy. Whole numbers only, so that it is the same everywhere. */
function anySound(): Float32Array {
  const random = new SeededRandom(723);
  let [a, b] = [0, 0];
  return Float32Array.from({ length: 64_000 }, (_, i) => {
    a = (a + 37 + (i >> 9)) % 4_096;
    b = (b + 911 + (i >> 6)) % 4_096;
    const triangle = (x: number): number => Math.abs(x - 2_048) - 1_024;
    const loudness = 1 << ((i >> 11) & 15);
    const sample = (((triangle(a) + (triangle(b) >> 1)) * loudness) >> 9) + random.below(9) - 4;
    return Math.max(-32_768, Math.min(32_767, sample)) / 32_768;
  });
}

// The sums were taken when the outputs were equal, byte for byte, to those of ffmpeg 5.1, and the codec to ITU-T G.191's.
test("G.722 decodes and encodes as it did when it was bit-exact with the reference", () => {
  assert.equal(sha256(toBytes(decode(anyCodes()))), "41389b4e922e407b2fe70114642603825941523ba0157a89652837be67687295");
  assert.equal(sha256(encode(anySound())), "a01cbae819677bfda2ff18007994f4b7230afe389f381df4b8148c7a7b277216");
});

const STL = process.env["ITU_STL"] ?? "";
const VECTORS = join(STL, "src/g722/test_data");
const noVectors = existsSync(join(VECTORS, "codspw.cod"))
  ? false
  : "ITU_STL names no checkout of the ITU-T software tool library (G.191)";
test("G.722 is bit-exact with the speech file of ITU-T G.191, mode 1, both ways", { skip: noVectors }, () => {
  const sound = fromBytes(readFileSync(join(VECTORS, "inpsp.bin")));
  const words = readFileSync(join(VECTORS, "codspw.cod"));
  const coded = Buffer.from(Uint8Array.from({ length: words.length / 2 }, (_, i) => words.readUInt8(2 * i)));
  assert.ok(coded.equals(encode(sound)));
  assert.ok(readFileSync(join(VECTORS, "outsp1.bin")).equals(toBytes(decode(coded))));
});

const noFfmpeg = spawnSync("ffmpeg", ["-version"]).status === 0 ? false : "ffmpeg is not installed";
test("G.722 is bit-exact with ffmpeg, both ways, over every code and any sound", { skip: noFfmpeg }, () => {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-g722-"));
  try {
    const ffmpeg = (input: Buffer, from: readonly string[], to: readonly string[]): Buffer => {
      writeFileSync(join(folder, "in"), input);
      execFileSync("ffmpeg", ["-v", "error", "-y", ...from, "-i", join(folder, "in"), ...to, join(folder, "out")]);
      return readFileSync(join(folder, "out"));
    };
    const raw = ["-f", "s16le", "-ar", "16000", "-ac", "1"];
    const codes = anyCodes();
    assert.ok(ffmpeg(Buffer.from(codes), ["-f", "g722"], ["-f", "s16le"]).equals(toBytes(decode(codes))));
    const sound = anySound();
    const coded = ffmpeg(toBytes(sound), raw, ["-c:a", "g722", "-trellis", "0", "-f", "g722"]);
    assert.ok(coded.equals(encode(sound)));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
