import { SteadySound, type PowerSpectrum } from "../../../detection/index.js";
import { VAD_STEP_SAMPLES } from "../../ports/voice-activity.js";

/** Below it nobody speaks, dB of full scale. */
const QUIETEST_DB = -55;
/** Steps over which the quietest is the noise, twice: 2 s each. */
const FLOOR_SPAN = 64;
const LOWEST_FLOOR_DB = -75;
/** A level that changes by less over so many steps is noise at once: a voice does not stand still. */
const STILL_STEPS = 14;
const STILL_DB = 1.8;
/** So much above the noise is half certain, and so much more makes it certain, dB. */
const HALF_DB = 7;
const SLOPE_DB = 2;
/** A spectrum flatter than this (natural logarithm) is noise, breath or a hissed consonant. */
const FLATTEST_VOICE = -2.6;
/** For so many steps after a voiced one, what is as loud but hissed belongs to it. */
const VOICED_FOR = 7;
/** What hisses without a voice before it. */
const HISS = 0.3;

/** What is remembered of one speaker. */
export class SpeakerDetector {
  readonly #steady: SteadySound;
  #floorNow = Infinity;
  #floorBefore = LOWEST_FLOOR_DB;
  #spanSteps = 0;
  #sinceVoiced = Infinity;
  readonly #levels = new Float32Array(STILL_STEPS);
  #steps = 0;

  constructor(spectrum: PowerSpectrum) {
    this.#steady = new SteadySound(spectrum);
  }

  /** @returns How likely the step that begins at `offset` is speech, 0–1. */
  step(samples: Float32Array, offset: number): number {
    const levelDb = levelOf(samples, offset);
    this.#learn(levelDb);
    this.#sinceVoiced++;
    if (levelDb < QUIETEST_DB) return 0;
    const isSteady = this.#steady.step(samples, offset, levelDb) > 0;
    if (isSteady) return 0;
    const isVoiced = this.#steady.logFlatness < FLATTEST_VOICE;
    const floorDb = Math.max(LOWEST_FLOOR_DB, Math.min(this.#floorNow, this.#floorBefore));
    const loud = 1 / (1 + Math.exp(-(levelDb - floorDb - HALF_DB) / SLOPE_DB));
    if (isVoiced && loud > 0.5) this.#sinceVoiced = 0;
    return this.#sinceVoiced <= VOICED_FOR ? loud : HISS * loud;
  }

  #learn(levelDb: number): void {
    this.#floorNow = Math.min(this.#floorNow, levelDb);
    this.#levels[this.#steps++ % STILL_STEPS] = levelDb;
    const stillDb = this.#stillDb();
    if (stillDb !== undefined) this.#floorBefore = Math.max(this.#floorBefore, stillDb);
    this.#spanSteps++;
    if (this.#spanSteps < FLOOR_SPAN) return;
    this.#floorBefore = this.#floorNow;
    this.#floorNow = Infinity;
    this.#spanSteps = 0;
  }

  /** The level that has not changed for half a second; undefined: it has. */
  #stillDb(): number | undefined {
    if (this.#steps < STILL_STEPS) return undefined;
    let sum = 0;
    let squares = 0;
    for (const level of this.#levels) {
      sum += level;
      squares += level * level;
    }
    const mean = sum / STILL_STEPS;
    return squares / STILL_STEPS - mean * mean < STILL_DB ** 2 ? mean : undefined;
  }
}

function levelOf(samples: Float32Array, offset: number): number {
  let power = 0;
  for (let i = offset; i < offset + VAD_STEP_SAMPLES; i++) power += (samples[i] ?? 0) ** 2;
  return 10 * Math.log10(power / VAD_STEP_SAMPLES + 1e-12);
}
