import { setImmediate as nextTurn } from "node:timers/promises";
import { fail, ok, type Result } from "../../core/result.js";
import type { PcmAudio } from "../../media/audio.js";
import { designKernel } from "../../media/resample/design-kernel.js";
import { Resampler } from "../../media/resample/resampler.js";
import { openWav, type WavError, type WavFile } from "../../media/wav/read-wav.js";
import { writeWav } from "../../media/wav/write-wav.js";

/** Samples in one turn of the event loop: calls are decided on between turns. */
const SLICE = 4_096;
const HEADER_BYTES = 44;

/**
 * A whole WAV file as mono sound at another rate, as long as before and without the filter's delay. However long it is, nothing else
 * waits for it.
 */
export async function readSound(
  bytes: Uint8Array,
  toHz: number,
): Promise<Result<PcmAudio, { readonly code: WavError["code"] | "rate" }>> {
  const wav = openWav(bytes);
  if (!wav.ok) return wav;
  const { sampleRateHz: fromHz, frames } = wav.value;
  if (fromHz === toHz) {
    const samples = new Float32Array(frames);
    for (let at = 0; at < frames; at += SLICE) {
      readMono(wav.value, at, samples.subarray(at, at + SLICE));
      await nextTurn();
    }
    return ok({ sampleRateHz: toHz, samples });
  }
  const kernel = designKernel(fromHz, toHz);
  if (kernel === undefined) return fail({ code: "rate" });
  await nextTurn();
  const resampler = new Resampler(kernel);
  // Zeros after the end push out what the filter still holds.
  const all = new Float32Array(resampler.mostFor(frames + kernel.taps));
  const piece = new Float32Array(SLICE);
  let written = 0;
  for (let at = 0; at < frames + kernel.taps; at += SLICE) {
    const count = Math.min(SLICE, frames + kernel.taps - at);
    piece.fill(0);
    if (at < frames) readMono(wav.value, at, piece.subarray(0, Math.min(count, frames - at)));
    written += resampler.process(piece, all.subarray(written), count);
    await nextTurn();
  }
  const delay = Math.round((kernel.delayMs * toHz) / 1_000);
  const samples = all.subarray(delay, delay + Math.round((frames * toHz) / fromHz));
  return ok({ sampleRateHz: toHz, samples });
}

/** As a WAV file of 16 bits. */
export async function writeSound({ sampleRateHz, samples }: PcmAudio): Promise<Uint8Array> {
  const file = new Uint8Array(HEADER_BYTES + 2 * samples.length);
  const view = new DataView(file.buffer);
  file.set(writeWav({ sampleRateHz, channels: [new Float32Array(0)] }));
  view.setUint32(4, file.byteLength - 8, true);
  view.setUint32(40, 2 * samples.length, true);
  for (let at = 0; at < samples.length; at += SLICE) {
    const piece = writeWav({ sampleRateHz, channels: [samples.subarray(at, at + SLICE)] });
    file.set(piece.subarray(HEADER_BYTES), HEADER_BYTES + 2 * at);
    await nextTurn();
  }
  return file;
}

function readMono(wav: WavFile, from: number, into: Float32Array): void {
  wav.read(0, from, into);
  if (wav.channels === 1) return;
  const other = new Float32Array(into.length);
  for (let channel = 1; channel < wav.channels; channel++) {
    wav.read(channel, from, other);
    for (const [i, sample] of other.entries()) into[i] = (into[i] ?? 0) + sample;
  }
  for (const [i, sample] of into.entries()) into[i] = sample / wav.channels;
}
