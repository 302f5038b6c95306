import type { PcmAudio } from "../audio.js";
import { designKernel, type ResamplerKernel } from "./design-kernel.js";

/**
 * Changes the rate of one stream, piece by piece: however it is cut, the same samples come out. Memory: the kernel's taps and the
 * longest piece so far. Allocates nothing while pieces grow no longer.
 */
export class Resampler {
  readonly #kernel: ResamplerKernel;
  /** The last `taps − 1` samples, then the piece. */
  #input: Float32Array;
  /** Where the next output is: phase, and input sample counted from the start of the piece. */
  #phase = 0;
  #position = 0;

  constructor(kernel: ResamplerKernel) {
    this.#kernel = kernel;
    this.#input = new Float32Array(kernel.taps - 1 + 512);
  }

  /** The most that `process` gives for so many samples. */
  mostFor(samples: number): number {
    return Math.ceil((samples * this.#kernel.phases) / this.#kernel.step) + 1;
  }

  /**
   * @param samples Up to `to` of it are taken; not kept.
   * @param output Has room for `mostFor` as many.
   * @returns How many samples were written.
   */
  process(samples: Float32Array, output: Float32Array, to = samples.length): number {
    const { phases, step, taps, coefficients, delayTaps } = this.#kernel;
    const history = taps - 1;
    if (history + to > this.#input.length) {
      const longer = new Float32Array(history + to);
      longer.set(this.#input.subarray(0, history));
      this.#input = longer;
    }
    const input = this.#input;
    for (let i = 0; i < to; i++) input[history + i] = samples[i] ?? 0;
    let written = 0;
    let phase = this.#phase;
    let position = this.#position;
    while (position < to) {
      const delayTap = delayTaps[phase] ?? -1;
      if (delayTap >= 0) output[written++] = input[position + delayTap] ?? 0;
      else {
        let sum = 0;
        const from = phase * taps;
        for (let tap = 0; tap < taps; tap++) sum += (input[position + tap] ?? 0) * (coefficients[from + tap] ?? 0);
        output[written++] = sum;
      }
      phase += step;
      while (phase >= phases) {
        phase -= phases;
        position++;
      }
    }
    this.#phase = phase;
    this.#position = position - to;
    input.copyWithin(0, to, to + history);
    return written;
  }

  /** As new. */
  reset(): void {
    this.#input.fill(0);
    this.#phase = 0;
    this.#position = 0;
  }
}

/**
 * A whole recording at another rate, as long as before and without the filter's delay.
 *
 * @returns Undefined where there is no filter for the two rates: see `designKernel`.
 */
export function resampleAll(audio: PcmAudio, toHz: number): PcmAudio | undefined {
  if (audio.sampleRateHz === toHz) return audio;
  const kernel = designKernel(audio.sampleRateHz, toHz);
  if (kernel === undefined) return undefined;
  const resampler = new Resampler(kernel);
  const count = Math.round((audio.samples.length * toHz) / audio.sampleRateHz);
  const delay = Math.round((kernel.delayMs * toHz) / 1000);
  const tail = new Float32Array(kernel.taps);
  const all = new Float32Array(resampler.mostFor(audio.samples.length) + resampler.mostFor(tail.length));
  const written = resampler.process(audio.samples, all);
  resampler.process(tail, all.subarray(written));
  return { sampleRateHz: toHz, samples: all.subarray(delay, delay + count) };
}
