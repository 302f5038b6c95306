import { mkdirSync, renameSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GgmlWriter, halves } from "./ggml-writer.js";

const WINDOW = 512;
const BINS = 129;
const HIDDEN = 128;
const CHANNELS: readonly (readonly [number, number])[] = [
  [BINS, 128],
  [128, 64],
  [64, 64],
  [64, 128],
];

/**
 * A voice activity model of Silero's architecture in whisper.cpp's format, its weights set by hand: it takes loud sound between
 * 300 and 3,400 Hz for speech and keeps believing for a few steps. For tests where the trained one is not at hand.
 *
 * @returns Its path.
 */
export function handmadeSilero(folder = join(tmpdir(), "ringfence-test-models")): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "handmade-silero.bin");
  const next = `${path}.${process.pid}.${Math.trunc(performance.now() * 1_000)}`;
  const writer = new GgmlWriter(next);
  writeHeader(writer);
  writer.tensor("_model.stft.forward_basis_buffer", [256, 1, 2 * BINS], halves(fourierBasis()));
  CHANNELS.forEach(([from, to], layer) => {
    const weights = new Float32Array(3 * from * to);
    // The first channel alone carries something: the sum of the telephone band, passed on through the middle of each kernel.
    for (let bin = 0; bin < (layer === 0 ? from : 1); bin++) {
      const hz = (bin * 8_000) / (BINS - 1);
      if (layer > 0 || (hz >= 300 && hz <= 3_400)) weights[3 * bin + 1] = layer === 0 ? 0.05 : 1;
    }
    writer.tensor(`_model.encoder.${layer}.reparam_conv.weight`, [3, from, to], halves(weights));
    writer.tensor(`_model.encoder.${layer}.reparam_conv.bias`, [to], new Float32Array(to));
  });
  const inputWeights = new Float32Array(HIDDEN * 4 * HIDDEN);
  const bias = new Float32Array(4 * HIDDEN);
  // Input gate open, half of the memory kept each step, loudness into the cell, output gate open.
  bias[0] = 6;
  bias[HIDDEN] = 0;
  inputWeights[2 * HIDDEN * HIDDEN] = 4;
  bias[3 * HIDDEN] = 6;
  writer.tensor("_model.decoder.rnn.weight_ih", [HIDDEN, 4 * HIDDEN], inputWeights);
  writer.tensor("_model.decoder.rnn.bias_ih", [4 * HIDDEN], bias);
  writer.tensor("_model.decoder.rnn.weight_hh", [HIDDEN, 4 * HIDDEN], new Float32Array(HIDDEN * 4 * HIDDEN));
  writer.tensor("_model.decoder.rnn.bias_hh", [4 * HIDDEN], new Float32Array(4 * HIDDEN));
  const final = new Float32Array(HIDDEN);
  final[0] = 10;
  writer.tensor("_model.decoder.decoder.2.weight", [HIDDEN, 1], halves(final));
  writer.tensor("_model.decoder.decoder.2.bias", [1], Float32Array.of(-5));
  writer.close();
  renameSync(next, path);
  return path;
}

function writeHeader(writer: GgmlWriter): void {
  writer.ints(0x67676d6c);
  const type = new TextEncoder().encode("silero-16k");
  writer.ints(type.length);
  writer.bytes(type);
  writer.ints(6, 2, 0, WINDOW, 64, CHANNELS.length);
  for (const [from, to] of CHANNELS) writer.ints(from, to, 3);
  writer.ints(HIDDEN, HIDDEN, HIDDEN, 1);
}

/** Real parts of 129 bins, then imaginary ones, of a windowed frame of 256 samples. */
function* fourierBasis(): Generator<number> {
  for (const wave of [Math.cos, Math.sin]) {
    for (let bin = 0; bin < BINS; bin++) {
      for (let i = 0; i < 256; i++) {
        yield wave((2 * Math.PI * bin * i) / 256) * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / 256));
      }
    }
  }
}
