/** The low-pass filter of one ratio, cut into phases. Share it among all streams of that ratio. */
export interface ResamplerKernel {
  readonly fromHz: number;
  readonly toHz: number;
  /** Output samples for every `step` input samples. */
  readonly phases: number;
  readonly step: number;
  /** Of one phase. */
  readonly taps: number;
  /** Phase after phase, each in the order of the input. */
  readonly coefficients: Float32Array;
  /** By phase: the only tap that is not 0, times 1; −1: all are. Half of the work from 8 to 16 kHz. */
  readonly delayTaps: Int16Array;
  /** How much later sound comes out than it went in, ms. */
  readonly delayMs: number;
}

export const MIN_RATE_HZ = 2_000;
export const MAX_RATE_HZ = 384_000;
const MAX_COEFFICIENTS = 1 << 16;

/** Of the stop band, dB; 60 are promised. */
const ATTENUATION_DB = 72;
/** Pass band up to (1 − this) × half the lower rate, stop band from (1 + this) ×. */
const TRANSITION = 0.13;

/**
 * A windowed-sinc low pass (Kaiser) at half the lower of the two rates: flat within 0.1 dB up to 0.43 × that rate, 60 dB down from
 * 0.57 × on. So from 8 to 16 kHz speech up to 3,480 Hz passes unchanged and mirror images lie 60 dB below; from 48 kHz nothing above
 * 9 kHz folds back.
 *
 * @returns Undefined for rates outside 2–384 kHz, no whole numbers, or of a ratio that would need too large a filter.
 */
export function designKernel(fromHz: number, toHz: number): ResamplerKernel | undefined {
  for (const rate of [fromHz, toHz])
    if (!Number.isInteger(rate) || rate < MIN_RATE_HZ || rate > MAX_RATE_HZ) return undefined;
  const divisor = greatestCommonDivisor(fromHz, toHz);
  const phases = toHz / divisor;
  const step = fromHz / divisor;
  // Everything is designed at the common multiple of both rates, in fractions of it.
  const cutoff = 0.5 / Math.max(phases, step);
  const width = 2 * TRANSITION * cutoff;
  const wanted = Math.ceil((ATTENUATION_DB - 8) / (2.285 * 2 * Math.PI * width));
  const taps = Math.ceil((wanted + 1) / phases);
  if (taps * phases > MAX_COEFFICIENTS) return undefined;
  const prototype = lowPass(taps * phases, cutoff, phases);
  const coefficients = new Float32Array(taps * phases);
  const delayTaps = new Int16Array(phases);
  for (let phase = 0; phase < phases; phase++) {
    let others = 0;
    delayTaps[phase] = -1;
    for (let tap = 0; tap < taps; tap++) {
      const value = prototype[phase + (taps - 1 - tap) * phases] ?? 0;
      coefficients[phase * taps + tap] = value;
      if (Math.abs(value - 1) < 1e-6) delayTaps[phase] = tap;
      else others = Math.max(others, Math.abs(value));
    }
    if (others > 1e-6) delayTaps[phase] = -1;
  }
  const delayMs = (centreOf(taps * phases) / phases / fromHz) * 1000;
  return { fromHz, toHz, phases, step, taps, coefficients, delayTaps, delayMs };
}

/** Odd length of symmetry, so that a half-band filter has its zeros on taps. */
const centreOf = (length: number): number => Math.floor((length - 1) / 2);

function lowPass(length: number, cutoff: number, gain: number): Float64Array {
  const beta = 0.1102 * (ATTENUATION_DB - 8.7);
  const centre = centreOf(length);
  const half = centre + 1;
  const scale = besselI0(beta);
  return Float64Array.from({ length }, (_, i) => {
    const x = i - centre;
    if (Math.abs(x) >= half) return 0;
    const sinc = x === 0 ? 1 : Math.sin(2 * Math.PI * cutoff * x) / (2 * Math.PI * cutoff * x);
    return 2 * cutoff * gain * sinc * (besselI0(beta * Math.sqrt(1 - (x / half) ** 2)) / scale);
  });
}

/** Modified Bessel function of the first kind, order 0, by its series. */
function besselI0(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
