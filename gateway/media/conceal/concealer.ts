/** Telephone speech: 66–400 Hz. */
const MIN_PITCH_MS = 2.5;
const MAX_PITCH_MS = 15;
/** Compared for finding the pitch. */
const MATCH_MS = 15;
/** Full for so long, then fading to nothing by the second. ITU-T G.711 appendix I §2.5 fades from 10 to 60 ms. */
const FULL_MS = 10;
const FADE_END_MS = 60;
/** A shorter period is as good as a longer one at this share of its likeness. */
const NEARLY = 0.95;
/** From made-up to real sound. */
const CROSS_FADE_MS = 4;

/**
 * Fills the holes that lost packets leave, so that the recogniser hears no clicks: the last pitch period is repeated, fading out by
 * 60 ms. In the manner of ITU-T G.711 appendix I, but simpler: one period always (no second and third after 10 ms), searched at full
 * resolution, and the join to what was heard before is by the period's own likeness, without its own overlap.
 *
 * Works on decoded sound of any codec. Memory: 30 ms.
 */
export class Concealer {
  readonly #history: Float32Array;
  readonly #perMs: number;
  /** Samples made up since sound was last heard. */
  #made = 0;
  #period = 0;

  constructor(sampleRateHz: number) {
    this.#perMs = sampleRateHz / 1000;
    this.#history = new Float32Array(Math.round((MAX_PITCH_MS + MATCH_MS) * this.#perMs));
  }

  /** Takes note of sound that was heard. After a hole its first 4 ms are changed: faded in from what was made up. */
  heard(samples: Float32Array): void {
    if (this.#made > 0) {
      const fade = Math.min(samples.length, Math.round(CROSS_FADE_MS * this.#perMs));
      for (let i = 0; i < fade; i++) {
        const share = (i + 1) / (fade + 1);
        samples[i] = share * (samples[i] ?? 0) + (1 - share) * this.#next();
      }
      this.#made = 0;
    }
    const history = this.#history;
    if (samples.length >= history.length) {
      for (let i = 0, from = samples.length - history.length; i < history.length; i++)
        history[i] = samples[from + i] ?? 0;
    } else {
      history.copyWithin(0, samples.length);
      history.set(samples, history.length - samples.length);
    }
  }

  /** Makes up `count` samples into `output`. */
  conceal(output: Float32Array, count: number): void {
    if (this.#made === 0) this.#period = this.#findPeriod();
    for (let i = 0; i < count; i++) output[i] = this.#next();
  }

  /** Forgets: what comes has nothing to do with what was. */
  reset(): void {
    this.#history.fill(0);
    this.#made = 0;
  }

  #next(): number {
    const history = this.#history;
    const at = history.length - this.#period + (this.#made % this.#period);
    const ms = this.#made / this.#perMs;
    this.#made++;
    if (ms >= FADE_END_MS) return 0;
    const gain = ms <= FULL_MS ? 1 : (FADE_END_MS - ms) / (FADE_END_MS - FULL_MS);
    return gain * (history[at] ?? 0);
  }

  /** The lag at which the last 15 ms are most like what was before; half of it where that is nearly as good. */
  #findPeriod(): number {
    const least = Math.round(MIN_PITCH_MS * this.#perMs);
    const most = Math.round(MAX_PITCH_MS * this.#perMs);
    let best = most;
    let bestScore = 0;
    for (let lag = least; lag <= most; lag++) {
      const score = this.#likeness(lag);
      if (score <= bestScore) continue;
      best = lag;
      bestScore = score;
    }
    const half = best >> 1;
    return half >= least && this.#likeness(half) > NEARLY * bestScore ? half : best;
  }

  /** Normalized cross-correlation, squared; 0 where it is negative. Every other sample counts. */
  #likeness(lag: number): number {
    const history = this.#history;
    const end = history.length;
    let product = 0;
    let power = 1e-9;
    for (let i = end - Math.round(MATCH_MS * this.#perMs); i < end; i += 2) {
      const earlier = history[i - lag] ?? 0;
      product += (history[i] ?? 0) * earlier;
      power += earlier * earlier;
    }
    return product <= 0 ? 0 : (product * product) / power;
  }
}
