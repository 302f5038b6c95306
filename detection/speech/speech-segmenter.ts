import { DEFAULT_SEGMENT_OPTIONS, type SegmentOptions } from "./segment-options.js";

export type SegmentEnd =
  /** The speaker stopped. */
  | "silence"
  /** It had become too long; the next one follows without a gap. */
  | "longest"
  /** The audio ended, or there is no room for more of it. */
  | "cut";

export type SegmentDrop =
  /** Too little speech in it. */
  | "short"
  /** Tones or music. */
  | "steady";

/** What the segmenter decides. Calls come in this order: opened (partial | speculate | resumed)* (closed | dropped). */
export interface SegmentSink {
  /** There is a stretch of speech, and it began at `startMs`. */
  opened(startMs: number): void;
  /** Text of what was said so far is due. */
  partial(startMs: number, endMs: number): void;
  /** The speaker may have stopped: decode now what would be the whole stretch. */
  speculate(startMs: number, endMs: number): void;
  /** He has not: what was begun at `speculate` is worth nothing. */
  resumed(): void;
  /** The stretch is over. `speculated`: it has the same bounds as the last `speculate`. */
  closed(startMs: number, endMs: number, why: SegmentEnd, speculated: boolean): void;
  /** It was no speech after all. */
  dropped(why: SegmentDrop): void;
}

/** One step of audio as the detectors saw it. */
export interface SpeechStep {
  readonly startMs: number;
  readonly endMs: number;
  /** Of speech, 0–1. */
  readonly probability: number;
  /** dB of full scale. */
  readonly levelDb: number;
  /** As `SteadySound.step` gives it. */
  readonly steadySteps: number;
}

/** A stretch that consists of steady sound by more than this is none. */
const STEADY_SHARE = 0.6;
/** A stretch that is too long is cut within its last part of this length, ms. */
const CUT_WITHIN_MS = 6_000;
/** Steady sound that has lasted for so many steps does not belong to the stretch before it: talk, then hold music. */
const TRIM_STEPS = 16;
/** A candidate without enough speech yet is forgotten after so much silence, ms. */
const FORGET_CANDIDATE_MS = 200;
/** Steps whose level is remembered, for the cut. */
const LEVELS = 256;

/**
 * Decides from voice-activity scores when one speaker starts and stops. Pure: time comes with the steps, which follow each
 * other; what lies between two steps was silence. Nothing is allocated per step.
 */
export class SpeechSegmenter {
  readonly #options: SegmentOptions;
  readonly #sink: SegmentSink;
  readonly #levels = new Float32Array(LEVELS);
  readonly #ends = new Float64Array(LEVELS);
  #stepCount = 0;
  #state: "idle" | "candidate" | "open" = "idle";
  #startMs = 0;
  #voicedMs = 0;
  #voicedEndMs = 0;
  /** Steps with sound in them, and those among them whose sound stood still. */
  #soundSteps = 0;
  #steadySteps = 0;
  #lastSteady = 0;
  #isTrimmed = false;
  /** Before that everything belongs to an earlier stretch. */
  #freeFromMs = -Infinity;
  #nextPartialMs = 0;
  #isSpeculating = false;
  #nowMs = -Infinity;

  constructor(sink: SegmentSink, options: SegmentOptions = DEFAULT_SEGMENT_OPTIONS) {
    this.#sink = sink;
    this.#options = options;
  }

  /** Somebody speaks, or has paused for less than `endSilenceMs`. */
  get speaking(): boolean {
    return this.#state === "open";
  }

  /** A stretch is open, or may be opened: its audio has to be kept from this time on. Undefined: nothing is. */
  get keepFromMs(): number | undefined {
    return this.#state === "idle" ? undefined : this.#startMs;
  }

  step(step: SpeechStep): void {
    this.#nowMs = step.endMs;
    const slot = this.#stepCount % LEVELS;
    this.#levels[slot] = step.levelDb;
    this.#ends[slot] = step.endMs;
    this.#stepCount++;
    const { startProbability, keepProbability } = this.#options;
    const isVoiced =
      step.steadySteps === 0 && step.probability >= (this.#state === "idle" ? startProbability : keepProbability);
    if (this.#state === "idle") {
      if (!isVoiced) return;
      this.#begin(step.startMs);
    }
    this.#countSteady(step, isVoiced);
    if (isVoiced) this.#voiced(step);
    else this.#silent(step.endMs);
    if (this.#state === "open" && step.endMs - this.#startMs >= this.#options.longestMs) this.#cut();
  }

  /** Nothing was heard until then: the gate was closed, or no packets came. */
  quiet(untilMs: number): void {
    if (untilMs <= this.#nowMs) return;
    this.#nowMs = untilMs;
    if (this.#state !== "idle") this.#silent(untilMs);
  }

  /** The audio ends here; an open stretch is closed. */
  end(): void {
    this.#finish("cut");
  }

  #begin(startMs: number): void {
    this.#state = "candidate";
    this.#startMs = Math.max(this.#freeFromMs, startMs - this.#options.leadMs);
    this.#voicedMs = 0;
    this.#voicedEndMs = startMs;
    this.#soundSteps = 0;
    this.#steadySteps = 0;
    this.#lastSteady = 0;
    this.#isTrimmed = false;
    this.#isSpeculating = false;
  }

  #voiced({ startMs, endMs }: SpeechStep): void {
    this.#voicedMs += endMs - startMs;
    this.#voicedEndMs = endMs;
    if (this.#state === "candidate") {
      if (this.#voicedMs < this.#options.minSpeechMs) return;
      this.#state = "open";
      this.#nextPartialMs = this.#startMs + this.#options.leadMs + this.#options.partialAfterMs;
      this.#sink.opened(this.#startMs);
    }
    if (this.#isSpeculating) {
      this.#isSpeculating = false;
      this.#sink.resumed();
    }
    if (endMs < this.#nextPartialMs) return;
    this.#nextPartialMs = endMs + this.#options.partialEveryMs;
    if (!this.#isSteady()) this.#sink.partial(this.#startMs, endMs);
  }

  #countSteady(step: SpeechStep, isVoiced: boolean): void {
    const before = this.#lastSteady;
    const steady = step.steadySteps;
    this.#lastSteady = steady;
    if (steady >= TRIM_STEPS) {
      if (before < TRIM_STEPS) this.#trim(step, before);
      return;
    }
    if (isVoiced || steady > 0) this.#soundSteps++;
    if (steady > 0) this.#steadySteps = Math.min(this.#soundSteps, this.#steadySteps + (before === 0 ? steady : 1));
  }

  /** What was taken for speech since the steady sound began was none, and does not count. */
  #trim({ startMs, endMs, steadySteps }: SpeechStep, alreadyCounted: number): void {
    const fromMs = Math.max(this.#startMs, endMs - steadySteps * (endMs - startMs));
    this.#isTrimmed = true;
    this.#soundSteps = Math.max(0, this.#soundSteps - (steadySteps - 1));
    this.#steadySteps = Math.min(this.#soundSteps, Math.max(0, this.#steadySteps - alreadyCounted));
    if (fromMs >= this.#voicedEndMs) return;
    this.#voicedMs = Math.max(0, this.#voicedMs - (this.#voicedEndMs - fromMs));
    this.#voicedEndMs = fromMs;
  }

  #silent(nowMs: number): void {
    const { endSilenceMs, speculateMs } = this.#options;
    const silenceMs = nowMs - this.#voicedEndMs;
    if (this.#state === "candidate") {
      if (silenceMs >= Math.min(FORGET_CANDIDATE_MS, endSilenceMs)) this.#state = "idle";
      return;
    }
    if (silenceMs >= endSilenceMs) {
      this.#finish("silence");
    } else if (silenceMs >= speculateMs && !this.#isSpeculating && !this.#isSteady()) {
      this.#isSpeculating = true;
      this.#sink.speculate(this.#startMs, this.#endMs());
    }
  }

  #finish(why: SegmentEnd): void {
    const wasOpen = this.#state === "open";
    this.#state = "idle";
    if (!wasOpen) return;
    const endMs = this.#endMs();
    this.#freeFromMs = endMs;
    const isShort = this.#voicedMs < this.#options.minSpeechMs;
    if (this.#isSteady() || (isShort && this.#isTrimmed)) this.#sink.dropped("steady");
    else if (isShort) this.#sink.dropped("short");
    else this.#sink.closed(this.#startMs, endMs, why, this.#isSpeculating);
  }

  /** Too long: ends where it was quietest, and goes on from there. */
  #cut(): void {
    const atMs = this.#quietestMs();
    const startMs = this.#startMs;
    if (this.#isSpeculating) this.#sink.resumed();
    this.#isSpeculating = false;
    const isSteady = this.#isSteady();
    this.#freeFromMs = atMs;
    if (isSteady) this.#sink.dropped("steady");
    else this.#sink.closed(startMs, atMs, "longest", false);
    this.#state = "idle";
    if (this.#voicedEndMs <= atMs) return;
    this.#state = "open";
    this.#startMs = atMs;
    this.#voicedMs = Math.max(this.#options.minSpeechMs, this.#voicedEndMs - atMs);
    this.#soundSteps = this.#stepsSince(atMs);
    this.#steadySteps = isSteady ? this.#soundSteps : 0;
    this.#nextPartialMs = atMs + this.#options.partialAfterMs;
    this.#sink.opened(atMs);
  }

  /** The end of the quietest step of the last part of the stretch: the mean of three, as one alone may be the gap in a "t". */
  #quietestMs(): number {
    const fromMs = Math.max(this.#startMs + this.#options.longestMs / 2, this.#nowMs - CUT_WITHIN_MS);
    let quietest = Infinity;
    let atMs = this.#nowMs;
    for (let i = 2; i <= Math.min(LEVELS - 1, this.#stepCount - 1); i++) {
      const endMs = this.#ends[(this.#stepCount - i) % LEVELS] ?? 0;
      if (endMs < fromMs) break;
      let level = 0;
      for (let near = -1; near <= 1; near++) level += this.#levels[(this.#stepCount - i + near) % LEVELS] ?? 0;
      if (level < quietest) {
        quietest = level;
        atMs = endMs;
      }
    }
    return atMs;
  }

  #stepsSince(ms: number): number {
    let steps = 0;
    while (steps < LEVELS && (this.#ends[(this.#stepCount - 1 - steps + LEVELS) % LEVELS] ?? 0) > ms) steps++;
    return steps;
  }

  #endMs(): number {
    return Math.min(this.#nowMs, this.#voicedEndMs + this.#options.tailMs);
  }

  #isSteady(): boolean {
    return this.#steadySteps > 0 && this.#steadySteps >= STEADY_SHARE * this.#soundSteps;
  }
}
