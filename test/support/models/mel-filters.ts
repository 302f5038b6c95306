const RATE_HZ = 16_000;
const BINS = 201;
/** Slaney's mel scale: straight below 1 kHz, logarithmic above. */
const STRAIGHT_HZ_PER_MEL = 200 / 3;
const BREAK_HZ = 1_000;
const BREAK_MEL = BREAK_HZ / STRAIGHT_HZ_PER_MEL;
const LOG_STEP = Math.log(6.4) / 27;

const toMel = (hz: number): number =>
  hz < BREAK_HZ ? hz / STRAIGHT_HZ_PER_MEL : BREAK_MEL + Math.log(hz / BREAK_HZ) / LOG_STEP;
const toHz = (mel: number): number =>
  mel < BREAK_MEL ? mel * STRAIGHT_HZ_PER_MEL : BREAK_HZ * Math.exp(LOG_STEP * (mel - BREAK_MEL));

/** Whisper's mel filters for an FFT of 400 samples at 16 kHz: triangles of equal area. @returns `count` × 201. */
export function melFilters(count: number): Float32Array {
  const edges = Array.from({ length: count + 2 }, (_, i) => toHz((i * toMel(RATE_HZ / 2)) / (count + 1)));
  const filters = new Float32Array(count * BINS);
  for (let mel = 0; mel < count; mel++) {
    const [low = 0, middle = 0, high = 0] = edges.slice(mel, mel + 3);
    for (let bin = 0; bin < BINS; bin++) {
      const hz = (bin * RATE_HZ) / 2 / (BINS - 1);
      const height = Math.min((hz - low) / (middle - low), (high - hz) / (high - middle));
      filters[mel * BINS + bin] = (Math.max(0, height) * 2) / (high - low);
    }
  }
  return filters;
}
