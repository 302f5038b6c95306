/** Samples of one step: 32 ms at 16 kHz. */
export const SPECTRUM_STEP_SAMPLES = 512;
/** Bins of one step's spectrum, 31.25 Hz apart at 16 kHz. */
export const SPECTRUM_BINS = SPECTRUM_STEP_SAMPLES / 2;

const HALF = SPECTRUM_STEP_SAMPLES / 2;

/**
 * Power spectrum of steps of 512 samples behind a Hann window. One instance serves any number of streams: it remembers nothing
 * but its tables, and what it returns is good until its next use.
 */
export class PowerSpectrum {
  readonly #window = Float64Array.from(
    { length: SPECTRUM_STEP_SAMPLES },
    (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / SPECTRUM_STEP_SAMPLES),
  );
  readonly #cos = Float64Array.from({ length: HALF }, (_, i) => Math.cos((Math.PI * i) / HALF));
  readonly #sin = Float64Array.from({ length: HALF }, (_, i) => Math.sin((Math.PI * i) / HALF));
  readonly #reversed = reversedIndices();
  readonly #re = new Float64Array(HALF);
  readonly #im = new Float64Array(HALF);
  readonly #power = new Float64Array(SPECTRUM_BINS);

  /**
   * @param samples −1…1; 512 are read from `offset` on, what lies beyond the end counts as silence.
   * @returns Power by bin, ours: copy what is to be kept.
   */
  of(samples: Float32Array, offset = 0): Float64Array {
    const window = this.#window;
    const reversed = this.#reversed;
    const re = this.#re;
    const im = this.#im;
    // Two real samples make one complex one: half the work.
    for (let i = 0; i < HALF; i++) {
      const to = reversed[i] ?? 0;
      re[to] = (samples[offset + 2 * i] ?? 0) * (window[2 * i] ?? 0);
      im[to] = (samples[offset + 2 * i + 1] ?? 0) * (window[2 * i + 1] ?? 0);
    }
    this.#transform();
    this.#untangle();
    return this.#power;
  }

  /** Radix-2 butterflies over bit-reversed input. */
  #transform(): void {
    const re = this.#re;
    const im = this.#im;
    for (let size = 2; size <= HALF; size *= 2) {
      const half = size / 2;
      // The tables hold half-turns in steps of π / HALF; a butterfly of `size` needs 2π / size.
      const stride = SPECTRUM_STEP_SAMPLES / size;
      for (let k = 0; k < half; k++) {
        const c = this.#cos[k * stride] ?? 0;
        const s = -(this.#sin[k * stride] ?? 0);
        for (let a = k; a < HALF; a += size) {
          const b = a + half;
          const xr = re[b] ?? 0;
          const xi = im[b] ?? 0;
          const tr = xr * c - xi * s;
          const ti = xr * s + xi * c;
          const ar = re[a] ?? 0;
          const ai = im[a] ?? 0;
          re[b] = ar - tr;
          im[b] = ai - ti;
          re[a] = ar + tr;
          im[a] = ai + ti;
        }
      }
    }
  }

  /** From the transform of the packed samples to that of the real ones. */
  #untangle(): void {
    const re = this.#re;
    const im = this.#im;
    const first = (re[0] ?? 0) + (im[0] ?? 0);
    this.#power[0] = first * first;
    for (let k = 1; k < HALF; k++) {
      const ar = re[k] ?? 0;
      const ai = im[k] ?? 0;
      const br = re[HALF - k] ?? 0;
      const bi = im[HALF - k] ?? 0;
      const evenRe = 0.5 * (ar + br);
      const evenIm = 0.5 * (ai - bi);
      const oddRe = 0.5 * (ai + bi);
      const oddIm = -0.5 * (ar - br);
      const c = this.#cos[k] ?? 0;
      const s = -(this.#sin[k] ?? 0);
      const outRe = evenRe + oddRe * c - oddIm * s;
      const outIm = evenIm + oddRe * s + oddIm * c;
      this.#power[k] = outRe * outRe + outIm * outIm;
    }
  }
}

function reversedIndices(): Uint16Array {
  const bits = Math.log2(HALF);
  return Uint16Array.from({ length: HALF }, (_, i) => {
    let reversed = 0;
    for (let bit = 0; bit < bits; bit++) if (((i >> bit) & 1) === 1) reversed |= 1 << (bits - 1 - bit);
    return reversed;
  });
}
