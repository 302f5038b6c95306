import type { SpeechStep } from "../../detection/index.js";
import { VAD_STEP_SAMPLES, type VoiceActivity } from "../ports/voice-activity.js";

export interface ScorerDeps {
  readonly streamId: number;
  readonly voiceActivity: VoiceActivity;
  readonly ownDetector: VoiceActivity;
  readonly onFailed: () => void;
  readonly onStep: (step: SpeechStep) => void;
  readonly onQuiet: (untilMs: number) => void;
  readonly onEnd: () => void;
}

type UnscoredStep = Omit<SpeechStep, "probability">;
type Waiting =
  | { readonly kind: "step"; readonly step: UnscoredStep }
  | { readonly kind: "quiet"; readonly untilMs: number }
  | { readonly kind: "end" };

/** Steps that may wait for a detector in another process: a second and a half. More, and it is taken for hung. */
const MAX_STEPS = 48;
/** The same where no more steps come. */
const HUNG_MS = 1_500;

/**
 * Gives steps their score, in order, whether the detector answers at once or later. A detector that fails, answers rubbish or falls
 * behind is stood in for by the own one, step by step.
 */
export class StepScorer {
  readonly #deps: ScorerDeps;
  /** Of the steps that wait; grows only for a detector that answers later. */
  #samples = new Float32Array(0);
  #waiting: Waiting[] = [];
  #steps = 0;
  /** Of the request that is under way; what an older one answers is too late. */
  #request = 0;
  #asked = 0;
  #askedAtMs = 0;

  constructor(deps: ScorerDeps) {
    this.#deps = deps;
  }

  /** Steps that have no score yet. */
  get waiting(): number {
    return this.#steps;
  }

  /** @param samples Of this step; copied. */
  step(step: UnscoredStep, samples: Float32Array): void {
    if (this.#steps === MAX_STEPS) this.#giveUp();
    this.#reserve(this.#steps + 1);
    this.#samples.set(samples, this.#steps * VAD_STEP_SAMPLES);
    this.#steps++;
    this.#waiting.push({ kind: "step", step });
    if (this.#asked === 0) this.#ask(step.endMs);
  }

  quiet(untilMs: number): void {
    if (this.#asked > 0 && untilMs - this.#askedAtMs > HUNG_MS) this.#giveUp();
    if (this.#waiting.length === 0) this.#deps.onQuiet(untilMs);
    else this.#afterSteps({ kind: "quiet", untilMs });
  }

  end(): void {
    if (this.#waiting.length === 0) this.#deps.onEnd();
    else this.#afterSteps({ kind: "end" });
  }

  /** What waits has its scores now: the own detector's, where the other one has not answered. */
  settle(): void {
    this.#giveUp();
  }

  /** Nothing is told any more. */
  close(): void {
    this.#request++;
    this.#waiting = [];
    this.#steps = 0;
    this.#asked = 0;
  }

  #reserve(steps: number): void {
    const held = this.#samples.length / VAD_STEP_SAMPLES;
    if (steps <= held) return;
    const grown = new Float32Array(Math.min(MAX_STEPS, Math.max(steps, 2 * held)) * VAD_STEP_SAMPLES);
    grown.set(this.#samples);
    this.#samples = grown;
  }

  /** Silence that follows silence replaces it: what waits stays bounded by the steps. */
  #afterSteps(item: Waiting): void {
    const last = this.#waiting.at(-1);
    if (item.kind === "quiet" && last?.kind === "quiet") this.#waiting.pop();
    if (item.kind === "end" && last?.kind === "end") return;
    this.#waiting.push(item);
  }

  #ask(nowMs: number): void {
    const { streamId, voiceActivity } = this.#deps;
    const steps = this.#steps;
    let scores: Float32Array | Promise<Float32Array>;
    try {
      scores = voiceActivity.score(streamId, this.#samples.subarray(0, steps * VAD_STEP_SAMPLES));
    } catch {
      this.#standIn(steps);
      return;
    }
    if (!(scores instanceof Promise)) {
      this.#take(scores, steps);
      return;
    }
    this.#asked = steps;
    this.#askedAtMs = nowMs;
    const request = ++this.#request;
    scores.then(
      (answer) => {
        if (request === this.#request) this.#answered(answer, steps);
      },
      () => {
        if (request === this.#request) this.#answered(undefined, steps);
      },
    );
  }

  #answered(scores: Float32Array | undefined, steps: number): void {
    this.#asked = 0;
    if (scores === undefined) this.#standIn(steps);
    else this.#take(scores, steps);
    const last = this.#waiting.findLast((item) => item.kind === "step");
    if (this.#steps > 0 && last?.kind === "step") this.#ask(last.step.endMs);
  }

  #take(scores: Float32Array, steps: number): void {
    if (scores.length !== steps || !scores.every((score) => score >= 0 && score <= 1)) this.#standIn(steps);
    else this.#deliver(scores, steps);
  }

  #standIn(steps: number): void {
    this.#deps.onFailed();
    const { ownDetector, streamId } = this.#deps;
    const scores = ownDetector.score(streamId, this.#samples.subarray(0, steps * VAD_STEP_SAMPLES));
    if (scores instanceof Promise) throw new TypeError("the own detector has to answer at once");
    this.#deliver(scores, steps);
  }

  /** Everything that waits is scored by the own detector. */
  #giveUp(): void {
    this.#request++;
    this.#asked = 0;
    if (this.#steps > 0) this.#standIn(this.#steps);
  }

  #deliver(scores: Float32Array, steps: number): void {
    const { onStep, onQuiet, onEnd } = this.#deps;
    const waiting = this.#waiting;
    let scored = 0;
    let taken = 0;
    for (const item of waiting) {
      if (item.kind === "step" && scored === steps) break;
      if (item.kind === "step") onStep({ ...item.step, probability: scores[scored++] ?? 0 });
      else if (item.kind === "quiet") onQuiet(item.untilMs);
      else onEnd();
      // What was told may have closed us.
      if (this.#waiting !== waiting) return;
      taken++;
    }
    waiting.splice(0, taken);
    this.#samples.copyWithin(0, steps * VAD_STEP_SAMPLES, this.#steps * VAD_STEP_SAMPLES);
    this.#steps -= steps;
  }
}
