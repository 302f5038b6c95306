/** RFC 3389 §3: at most so many are used; more are left out. */
const MAX_ORDER = 12;

export interface NoiseParameters {
  /** 0…−127 dBov */
  readonly levelDbov: number;
  /** Reflection coefficients of the spectrum, −1…1; none: white. */
  readonly reflection: readonly number[];
}

/** Reads a CN payload. RFC 3389 §3. @returns Undefined where it is empty. */
export function parseComfortNoise(bytes: Uint8Array, from = 0, to = bytes.byteLength): NoiseParameters | undefined {
  if (to <= from) return undefined;
  const order = Math.min(MAX_ORDER, to - from - 1);
  // N_i is quantized uniformly: k_i = 258 × (N_i − 127) / 32768
  const reflection = Array.from({ length: order }, (_, i) => (258 * ((bytes[from + 1 + i] ?? 127) - 127)) / 32_768);
  return { levelDbov: 0 - ((bytes[from] ?? 0) & 0x7f), reflection };
}

/**
 * Noise of a level and a spectrum: white noise through the all-pole lattice of the reflection coefficients. RFC 3389 §4. The same
 * seed gives the same noise.
 */
export class ComfortNoise {
  #state: number;
  #gain = 0;
  readonly #reflection = new Float64Array(MAX_ORDER);
  #order = 0;
  readonly #backward = new Float64Array(MAX_ORDER + 1);

  /** @param seed Not 0. */
  constructor(seed = 1) {
    this.#state = seed;
  }

  set(parameters: NoiseParameters): void {
    this.#order = parameters.reflection.length;
    let residual = 1;
    for (const [i, k] of parameters.reflection.entries()) {
      // ±1 would ring for ever.
      const stable = Math.max(-0.98, Math.min(0.98, k));
      this.#reflection[i] = stable;
      residual *= 1 - stable * stable;
    }
    // White noise in −1…1 has a power of 1/3; the lattice raises it by 1 / residual.
    this.#gain = Math.sqrt(3 * residual * 10 ** (parameters.levelDbov / 10));
  }

  /** Makes `count` samples, clipped to −1…1. */
  fill(output: Float32Array, count: number): void {
    const order = this.#order;
    const k = this.#reflection;
    const b = this.#backward;
    for (let i = 0; i < count; i++) {
      let forward = this.#gain * this.#white();
      for (let n = order; n > 0; n--) {
        const kn = k[n - 1] ?? 0;
        forward -= kn * (b[n - 1] ?? 0);
        b[n] = (b[n - 1] ?? 0) + kn * forward;
      }
      b[0] = forward;
      output[i] = forward > 1 ? 1 : forward < -1 ? -1 : forward;
    }
  }

  /** Xorshift32 */
  #white(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x / 2 ** 31;
  }
}
