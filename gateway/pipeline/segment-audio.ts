import { SPEECH_RATE_HZ, type PcmAudio } from "../media/audio.js";
import type { AudioBudget } from "./audio-budget.js";

const PER_MS = SPEECH_RATE_HZ / 1_000;
const FIRST_SAMPLES = SPEECH_RATE_HZ;
/** Frames that begin so much later than the last one ended follow it directly: times are rounded, ms. */
const ROUNDING_MS = 2;
/** A longer gap is not filled with silence: what was before has no use any more, ms. */
const LONGEST_GAP_MS = 2_000;

/**
 * The last stretch of one speaker's audio, by time. Gaps are silence. 16 bits a sample; grows as needed within the budget and is given
 * back by `clear`.
 */
export class SegmentAudio {
  readonly #budget: AudioBudget;
  #samples = new Int16Array(0);
  /** Index of the first sample that counts, how many there are, and its time. */
  #first = 0;
  #count = 0;
  #startMs = 0;

  constructor(budget: AudioBudget) {
    this.#budget = budget;
  }

  /** Time of the end of what is held. */
  get endMs(): number {
    return this.#startMs + this.#count / PER_MS;
  }

  get heldSamples(): number {
    return this.#samples.length;
  }

  /**
   * Adds what was heard from `startMs` on. What lies before the end of what is held already is left out.
   * @returns False when there is no room left: nothing was added.
   */
  append(startMs: number, samples: Float32Array): boolean {
    const gapMs = startMs - this.endMs;
    if (this.#count === 0 || gapMs > LONGEST_GAP_MS || gapMs < -LONGEST_GAP_MS) {
      this.#first = 0;
      this.#count = 0;
      this.#startMs = startMs;
    }
    const fill = this.#count > 0 && gapMs > ROUNDING_MS ? Math.round(gapMs * PER_MS) : 0;
    const skip = this.#count > 0 && gapMs < -ROUNDING_MS ? Math.min(samples.length, Math.round(-gapMs * PER_MS)) : 0;
    const added = fill + samples.length - skip;
    if (!this.#reserve(added)) return false;
    const at = this.#first + this.#count;
    this.#samples.fill(0, at, at + fill);
    let to = at + fill;
    for (let i = skip; i < samples.length; i++) {
      this.#samples[to++] = Math.max(-32_768, Math.min(32_767, Math.round((samples[i] ?? 0) * 32_767)));
    }
    this.#count += added;
    return true;
  }

  /** Forgets what was before. */
  keepFrom(ms: number): void {
    const drop = Math.min(this.#count, Math.max(0, Math.floor((ms - this.#startMs) * PER_MS)));
    this.#first += drop;
    this.#count -= drop;
    this.#startMs += drop / PER_MS;
  }

  /** A copy of what was heard between two times; shorter where not all of it is held. */
  between(startMs: number, endMs: number): PcmAudio {
    const from = Math.max(0, Math.round((startMs - this.#startMs) * PER_MS));
    const to = Math.min(this.#count, Math.round((endMs - this.#startMs) * PER_MS));
    const samples = new Float32Array(Math.max(0, to - from));
    const at = this.#first + from;
    for (let i = 0; i < samples.length; i++) samples[i] = (this.#samples[at + i] ?? 0) / 32_767;
    return { sampleRateHz: SPEECH_RATE_HZ, samples };
  }

  /** Gives the memory back. */
  clear(): void {
    this.#budget.give(this.#samples.length);
    this.#samples = new Int16Array(0);
    this.#first = 0;
    this.#count = 0;
  }

  /** Makes room for so many more at the end. */
  #reserve(more: number): boolean {
    const needed = this.#count + more;
    if (this.#first + needed <= this.#samples.length) return true;
    if (needed <= this.#samples.length && this.#first >= this.#samples.length / 2) {
      this.#samples.copyWithin(0, this.#first, this.#first + this.#count);
      this.#first = 0;
      return true;
    }
    let size = Math.max(FIRST_SAMPLES, this.#samples.length);
    while (size < needed + this.#count / 2) size *= 2;
    if (!this.#budget.take(size - this.#samples.length)) return false;
    const grown = new Int16Array(size);
    grown.set(this.#samples.subarray(this.#first, this.#first + this.#count));
    this.#samples = grown;
    this.#first = 0;
    return true;
  }
}
