import type { PcmAudio } from "../audio.js";
import type { ResamplerKernel } from "../resample/design-kernel.js";
import { Resampler } from "../resample/resampler.js";

/** Sound that is taken piece by piece, at a rate that was agreed. */
export interface Sound {
  /** Fills all of `into`, the end with silence. @returns How many samples there were; 0: it is over. */
  take(into: Float32Array): number;
}

/** A prompt. Resampled as it is taken, so that a long one holds up nobody. */
export class PromptSound implements Sound {
  readonly #samples: Float32Array;
  readonly #resampler: Resampler | undefined;
  /** Samples of the prompt for one second of what is taken. */
  readonly #ratio: number;
  #at = 0;
  /** Resampled, not taken yet. */
  #ready = new Float32Array(0);
  #readyCount = 0;

  /** @param kernel From the prompt's rate to the one that is taken; undefined: they are the same. */
  constructor(audio: PcmAudio, kernel: ResamplerKernel | undefined) {
    this.#samples = audio.samples;
    this.#resampler = kernel === undefined ? undefined : new Resampler(kernel);
    this.#ratio = kernel === undefined ? 1 : kernel.fromHz / kernel.toHz;
  }

  take(into: Float32Array): number {
    const count = this.#resampler === undefined ? this.#takePlain(into) : this.#takeResampled(this.#resampler, into);
    into.fill(0, count);
    return count;
  }

  #takePlain(into: Float32Array): number {
    const piece = this.#samples.subarray(this.#at, this.#at + into.length);
    this.#at += piece.length;
    into.set(piece);
    return piece.length;
  }

  #takeResampled(resampler: Resampler, into: Float32Array): number {
    while (this.#readyCount < into.length && this.#at < this.#samples.length) {
      const wanted = Math.max(1, Math.ceil((into.length - this.#readyCount) * this.#ratio));
      const piece = this.#samples.subarray(this.#at, this.#at + wanted);
      this.#at += piece.length;
      const room = this.#readyCount + resampler.mostFor(piece.length);
      if (room > this.#ready.length) {
        const longer = new Float32Array(room + into.length);
        longer.set(this.#ready.subarray(0, this.#readyCount));
        this.#ready = longer;
      }
      this.#readyCount += resampler.process(piece, this.#ready.subarray(this.#readyCount));
    }
    const count = Math.min(into.length, this.#readyCount);
    into.set(this.#ready.subarray(0, count));
    this.#ready.copyWithin(0, count, this.#readyCount);
    this.#readyCount -= count;
    return count;
  }
}

const TONE_HZ = 425;
/** −30 dBFS: heard, not in the way. */
const TONE_LEVEL = 0.0316;
const TONE_MS = 300;
const PERIOD_MS = 4_000;

/** A short quiet beep every four seconds: the line lives. Without end. */
export class HoldTone implements Sound {
  readonly #rateHz: number;
  #at = 0;

  constructor(rateHz: number) {
    this.#rateHz = rateHz;
  }

  take(into: Float32Array): number {
    const period = Math.round((this.#rateHz * PERIOD_MS) / 1000);
    const sounding = Math.round((this.#rateHz * TONE_MS) / 1000);
    for (let i = 0; i < into.length; i++, this.#at++) {
      const at = this.#at % period;
      // Faded in and out, so that it does not click.
      const envelope = at < sounding ? Math.sin((Math.PI * at) / sounding) : 0;
      into[i] = TONE_LEVEL * envelope * Math.sin((2 * Math.PI * TONE_HZ * at) / this.#rateHz);
    }
    return into.length;
  }
}
