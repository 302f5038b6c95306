import { dtmfPair } from "./dtmf.js";
import type { PowerSpectrum } from "./power-spectrum.js";

/** Bins that are looked at: 94 Hz to 4 kHz, the telephone's band. */
const LOWEST_BIN = 3;
const HIGHEST_BIN = 127;
/** A peak holds at least this share of the step's power. */
const PEAK_SHARE = 0.005;
/** A peak that moved by less, in bins (31.25 Hz), is still the same tone. */
const SAME_PEAK_BINS = 0.4;
/** Steps after which a peak counts as one that stands still: 160 ms. Vowels seldom do. */
const STANDING_STEPS = 5;
/** Steps of the long window, by which music is told: 2 s of sound. */
const WINDOW = 64;
const SHORT_WINDOW = 32;
/** Steps of nothing but standing peaks that make a tone, and how little its level may change meanwhile, dB. */
const TONE_STEPS = 3;
const TONE_SHARE = 0.9;
const TONE_RANGE_DB = 3;
/** Two tones that are too near to be told apart beat; their common middle does not move. Bins to both sides, share, and how far it may. */
const BEAT_BINS = 3;
const BEAT_SHARE = 0.97;
const SAME_MIDDLE_BINS = 0.1;
const BEAT_STEPS = 6;
/** A tone that was on for so many steps is known again at once, for a while. */
const KNOWN_AFTER_STEPS = 10;
const KNOWN_FOR_STEPS = 320;
/** Music is on above the first score and off below the second. */
const MUSIC_ON = 1;
const MUSIC_OFF = -1.5;
const LEAST_STANDING = 0.1;

/**
 * Tells sound that stands still (ringback, busy tone, DTMF, chords, hold music) from speech, on steps of 32 ms that hold sound
 * at all. In speech the pitch glides and the level falls by 20 dB between syllables; a tone keeps its frequencies, and music
 * keeps both for longer than a syllable. One instance a speaker, about 1.5 KB; a step costs a spectrum.
 */
export class SteadySound {
  readonly #spectrum: PowerSpectrum;
  /** Of the step before: for how many steps each bin's peak has been there, and where exactly it is. */
  #ages = new Uint8Array(HIGHEST_BIN + 2);
  #places = new Float32Array(HIGHEST_BIN + 2);
  #nextAges = new Uint8Array(HIGHEST_BIN + 2);
  #nextPlaces = new Float32Array(HIGHEST_BIN + 2);
  readonly #standing = new Float32Array(WINDOW);
  readonly #levels = new Float32Array(WINDOW);
  readonly #flatness = new Float32Array(WINDOW);
  #steps = 0;
  #toneSteps = 0;
  #toneLowDb = 0;
  #toneHighDb = 0;
  #beatSteps = 0;
  #beatMiddle = 0;
  #knownPlaces: readonly [number, number] | undefined;
  #knownUntil = 0;
  #music = false;
  // Of the current step.
  #total = 0;
  #share = 0;
  #logFlatness = 0;
  #first = 0;
  #second = 0;
  #topShare = 0;

  constructor(spectrum: PowerSpectrum) {
    this.#spectrum = spectrum;
  }

  /** Of the last step: natural logarithm of spectral flatness, −11.8 (one tone) to 0 (white noise). */
  get logFlatness(): number {
    return this.#logFlatness;
  }

  /** A tone or music goes on. */
  get music(): boolean {
    return this.#music;
  }

  /**
   * Takes the next step that holds sound.
   * @param levelDb Of the step, dB of full scale.
   * @returns 0: this may be speech. n: this step and the n − 1 before it are steady sound.
   */
  step(samples: Float32Array, offset: number, levelDb: number): number {
    const power = this.#spectrum.of(samples, offset);
    this.#measure(power);
    const slot = this.#steps % WINDOW;
    this.#standing[slot] = this.#share;
    this.#levels[slot] = levelDb;
    this.#flatness[slot] = this.#logFlatness;
    this.#steps++;
    const tone = Math.max(this.#tone(levelDb), this.#beat(power));
    const music = this.#musicSteps();
    return Math.max(tone, music);
  }

  /** What comes next has nothing to do with what was before. */
  reset(): void {
    this.#ages.fill(0);
    this.#steps = 0;
    this.#toneSteps = 0;
    this.#beatSteps = 0;
    this.#music = false;
    this.#knownPlaces = undefined;
  }

  /** Finds the peaks, and which of them were there before. */
  #measure(power: Float64Array): void {
    let total = 1e-12;
    let logs = 0;
    for (let k = LOWEST_BIN; k <= HIGHEST_BIN; k++) {
      total += power[k] ?? 0;
      logs += Math.log2((power[k] ?? 0) + 1e-12);
    }
    const bins = HIGHEST_BIN - LOWEST_BIN + 1;
    this.#logFlatness = Math.max(-17, logs / bins - Math.log2(total / bins)) * Math.LN2;
    this.#nextAges.fill(0);
    let standing = 0;
    let best = 0;
    let nextBest = 0;
    this.#first = 0;
    this.#second = 0;
    for (let k = LOWEST_BIN; k < HIGHEST_BIN; k++) {
      const here = power[k] ?? 0;
      const left = power[k - 1] ?? 0;
      const right = power[k + 1] ?? 0;
      if (here <= left || here < right || here < PEAK_SHARE * total) continue;
      const place = k + offsetOf(left, here, right);
      const age = Math.min(255, this.#ageAt(k, place) + 1);
      this.#nextAges[k] = age;
      this.#nextPlaces[k] = place;
      const peak = left + here + right;
      if (age >= STANDING_STEPS) standing += peak;
      if (peak > best) {
        nextBest = best;
        this.#second = this.#first;
        best = peak;
        this.#first = place;
      } else if (peak > nextBest) {
        nextBest = peak;
        this.#second = place;
      }
    }
    this.#total = total;
    this.#share = Math.min(1, standing / total);
    this.#topShare = (best + nextBest) / total;
    [this.#ages, this.#nextAges] = [this.#nextAges, this.#ages];
    [this.#places, this.#nextPlaces] = [this.#nextPlaces, this.#places];
  }

  /** Age of the peak of the step before that is the same as the one at `place`; 0: a new one. */
  #ageAt(k: number, place: number): number {
    let age = 0;
    for (let q = k - 1; q <= k + 1; q++) {
      const before = this.#ages[q] ?? 0;
      if (before > age && Math.abs((this.#places[q] ?? 0) - place) < SAME_PEAK_BINS) age = before;
    }
    return age;
  }

  /** Steps of the tone that is on; 0: none. */
  #tone(levelDb: number): number {
    if (this.#share >= TONE_SHARE) {
      this.#toneLowDb = this.#toneSteps === 0 ? levelDb : Math.min(this.#toneLowDb, levelDb);
      this.#toneHighDb = this.#toneSteps === 0 ? levelDb : Math.max(this.#toneHighDb, levelDb);
      this.#toneSteps++;
    } else {
      this.#toneSteps = 0;
    }
    const isLevel = this.#toneHighDb - this.#toneLowDb <= TONE_RANGE_DB;
    if (this.#toneSteps >= TONE_STEPS && isLevel) {
      const steps = this.#toneSteps + STANDING_STEPS - 1;
      if (steps >= KNOWN_AFTER_STEPS) {
        this.#knownPlaces = [this.#first, this.#second];
        this.#knownUntil = this.#steps + KNOWN_FOR_STEPS;
      }
      return steps;
    }
    return this.#isKnown() || dtmfPair(this.#first, this.#second, this.#topShare) ? 1 : 0;
  }

  /** Steps of two tones that beat, or of one; 0: none. */
  #beat(power: Float64Array): number {
    const top = Math.round(this.#first);
    let band = 0;
    let moment = 0;
    for (let k = Math.max(LOWEST_BIN, top - BEAT_BINS); k <= Math.min(HIGHEST_BIN, top + BEAT_BINS); k++) {
      band += power[k] ?? 0;
      moment += k * (power[k] ?? 0);
    }
    const middle = moment / (band + 1e-12);
    const isSame = band >= BEAT_SHARE * this.#total && Math.abs(middle - this.#beatMiddle) < SAME_MIDDLE_BINS;
    this.#beatSteps = isSame ? this.#beatSteps + 1 : 0;
    this.#beatMiddle = middle;
    return this.#beatSteps >= BEAT_STEPS ? this.#beatSteps + 1 : 0;
  }

  #isKnown(): boolean {
    if (this.#knownPlaces === undefined || this.#steps > this.#knownUntil || this.#topShare < TONE_SHARE) return false;
    const [a, b] = this.#knownPlaces;
    const near = (x: number, y: number): boolean => Math.abs(x - y) < SAME_PEAK_BINS;
    return (near(a, this.#first) && near(b, this.#second)) || (near(a, this.#second) && near(b, this.#first));
  }

  /** Steps of music, at most a window; 0: none. */
  #musicSteps(): number {
    const enough = this.#steps >= WINDOW;
    if (!this.#music && enough && this.#musicScore(WINDOW) > MUSIC_ON) this.#music = true;
    else if (this.#music && this.#musicScore(SHORT_WINDOW) <= MUSIC_OFF) this.#music = false;
    return this.#music ? Math.min(this.#steps, WINDOW) : 0;
  }

  /**
   * Over the last `length` steps: how much of the sound stands still, how little its level and its colour change. Weights fitted by eye on speech prompts
   * and hold music: docs/guides/speech.md has the figures.
   */
  #musicScore(length: number): number {
    let standing = 0;
    let level = 0;
    let levelSquares = 0;
    let flat = 0;
    let flatSquares = 0;
    for (let i = 1; i <= length; i++) {
      const slot = (this.#steps - i + WINDOW) % WINDOW;
      const db = this.#levels[slot] ?? 0;
      const colour = this.#flatness[slot] ?? 0;
      standing += this.#standing[slot] ?? 0;
      level += db;
      levelSquares += db * db;
      flat += colour;
      flatSquares += colour * colour;
    }
    const spread = (sum: number, squares: number): number =>
      Math.sqrt(Math.max(0, squares / length - (sum / length) ** 2));
    // Noise keeps its level and colour too, but nothing in it stands still.
    if (standing < LEAST_STANDING * length) return MUSIC_OFF;
    return (
      10 * (standing / length - 0.2) +
      0.8 * (5.5 - spread(level, levelSquares)) +
      1.2 * (1.7 - spread(flat, flatSquares))
    );
  }
}

/** Where between the bins the top of a peak is, −½…½: a parabola through the amplitudes. */
function offsetOf(left: number, here: number, right: number): number {
  const a = Math.sqrt(left);
  const b = Math.sqrt(here);
  const c = Math.sqrt(right);
  const curve = 2 * (2 * b - a - c);
  return curve <= 0 ? 0 : Math.max(-0.5, Math.min(0.5, (c - a) / curve));
}
