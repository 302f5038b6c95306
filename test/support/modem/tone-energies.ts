import { SYMBOL_MS } from "./burst.js";
import { LOWER_FIRST_HZ, TONE_STEP_HZ, TONES_PER_GROUP, UPPER_FIRST_HZ } from "./encode-tones.js";

/** Windows of one symbol's length begin this often. */
export const HOPS_PER_SYMBOL = 8;
export const TONES = 2 * TONES_PER_GROUP;
const PARTS = 2 * TONES;

/** Energy of every tone in windows of one symbol, eight windows a symbol. */
export interface ToneEnergies {
  /** Windows. */
  readonly hops: number;
  /** `hops` × `TONES`, mean square of the tone's amplitude. */
  readonly ofTone: Float32Array;
  /** Mean square of all sound in the window. */
  readonly total: Float32Array;
}

/** @param sampleRateHz A multiple of 800. */
export function toneEnergies(samples: Float32Array, sampleRateHz: number): ToneEnergies {
  const window = (sampleRateHz * SYMBOL_MS) / 1_000;
  const hop = window / HOPS_PER_SYMBOL;
  const { cosines, sines } = tables(window, sampleRateHz);
  const pieces = Math.floor(samples.length / hop);
  const hops = Math.max(0, pieces - HOPS_PER_SYMBOL + 1);
  const ofTone = new Float32Array(hops * TONES);
  const total = new Float32Array(hops);
  // Sums of the last eight pieces: every tone has whole periods in a window, so the phase may run on.
  const ring = new Float64Array(HOPS_PER_SYMBOL * PARTS);
  const sum = new Float64Array(PARTS);
  const squares = new Float64Array(HOPS_PER_SYMBOL);
  for (let piece = 0; piece < pieces; piece++) {
    const slot = (piece % HOPS_PER_SYMBOL) * PARTS;
    squares[piece % HOPS_PER_SYMBOL] = 0;
    ring.fill(0, slot, slot + PARTS);
    for (let i = piece * hop; i < (piece + 1) * hop; i++) {
      const x = samples[i] as number;
      const phase = (i % window) * TONES;
      squares[piece % HOPS_PER_SYMBOL] = (squares[piece % HOPS_PER_SYMBOL] as number) + x * x;
      for (let tone = 0; tone < TONES; tone++) {
        const at = slot + 2 * tone;
        ring[at] = (ring[at] as number) + x * (cosines[phase + tone] as number);
        ring[at + 1] = (ring[at + 1] as number) + x * (sines[phase + tone] as number);
      }
    }
    const first = piece - HOPS_PER_SYMBOL + 1;
    if (first < 0) continue;
    sum.fill(0);
    let square = 0;
    for (let s = 0; s < HOPS_PER_SYMBOL; s++) {
      square += squares[s] as number;
      for (let p = 0; p < PARTS; p++) sum[p] = (sum[p] as number) + (ring[s * PARTS + p] as number);
    }
    total[first] = square / window;
    for (let tone = 0; tone < TONES; tone++) {
      const re = sum[2 * tone] as number;
      const im = sum[2 * tone + 1] as number;
      ofTone[first * TONES + tone] = (2 * (re * re + im * im)) / (window * window);
    }
  }
  return { hops, ofTone, total };
}

function tables(window: number, sampleRateHz: number): { cosines: Float32Array; sines: Float32Array } {
  const cosines = new Float32Array(window * TONES);
  const sines = new Float32Array(window * TONES);
  for (let i = 0; i < window; i++) {
    for (let tone = 0; tone < TONES; tone++) {
      const hz =
        tone < TONES_PER_GROUP
          ? LOWER_FIRST_HZ + tone * TONE_STEP_HZ
          : UPPER_FIRST_HZ + (tone - TONES_PER_GROUP) * TONE_STEP_HZ;
      cosines[i * TONES + tone] = Math.cos((2 * Math.PI * hz * i) / sampleRateHz);
      sines[i * TONES + tone] = Math.sin((2 * Math.PI * hz * i) / sampleRateHz);
    }
  }
  return { cosines, sines };
}
