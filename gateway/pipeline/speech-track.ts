import {
  SpeechSegmenter,
  SteadySound,
  type PowerSpectrum,
  type SegmentDrop,
  type SegmentEnd,
  type SegmentOptions,
} from "../../detection/index.js";
import { SPEECH_RATE_HZ, type PcmAudio } from "../media/audio.js";
import { VAD_STEP_SAMPLES, type VoiceActivity } from "../ports/voice-activity.js";
import type { AudioBudget } from "./audio-budget.js";
import { SegmentAudio } from "./segment-audio.js";
import { StepScorer } from "./step-scorer.js";

/** A stretch of speech, or what there is of it so far. */
export interface Stretch {
  readonly startMs: number;
  readonly endMs: number;
  /** A copy; undefined where the audio is not held any more. */
  readonly audio: () => PcmAudio | undefined;
}

/** What a track tells, in the order of `SegmentSink`. */
export interface TrackSink {
  opened(startMs: number): void;
  partial(stretch: Stretch): void;
  speculate(stretch: Stretch): void;
  resumed(): void;
  /** The stretch's audio is a copy already. `speculated`: the same as the last `speculate`. */
  closed(stretch: Stretch, why: SegmentEnd, speculated: boolean): void;
  dropped(why: SegmentDrop): void;
}

export interface TrackDeps {
  readonly streamId: number;
  readonly segments: SegmentOptions;
  readonly voiceActivity: VoiceActivity;
  /** Where `voiceActivity` fails; answers at once. */
  readonly ownDetector: VoiceActivity;
  /** Undefined: steady sound may be speech (the tone modem). */
  readonly steady: PowerSpectrum | undefined;
  readonly budget: AudioBudget;
  readonly sink: TrackSink;
  readonly onDetectorFailed: () => void;
}

const STEP_MS = (1_000 * VAD_STEP_SAMPLES) / SPEECH_RATE_HZ;
/** Sound that begins so much later than the last ended does not follow it, ms. */
const JOIN_MS = 5;
/** Kept beyond the lead while nobody speaks: steps that wait for their score. */
const SPARE_MS = 300;
/** Nothing is held of a speaker who has been silent for so long, ms. */
const RELEASE_AFTER_MS = 1_000;

/** One speaker's PCM → steps → scores → stretches with their audio. */
export class SpeechTrack {
  readonly #deps: TrackDeps;
  readonly #segmenter: SpeechSegmenter;
  readonly #audio: SegmentAudio;
  readonly #steady: SteadySound | undefined;
  readonly #scorer: StepScorer;
  readonly #fill = new Float32Array(VAD_STEP_SAMPLES);
  #filled = 0;
  #fillStartMs = 0;
  #lastSoundMs = -Infinity;
  #isFull = false;

  constructor(deps: TrackDeps) {
    this.#deps = deps;
    this.#audio = new SegmentAudio(deps.budget);
    this.#steady = deps.steady === undefined ? undefined : new SteadySound(deps.steady);
    this.#segmenter = new SpeechSegmenter(this.#segmentSink(), deps.segments);
    this.#scorer = new StepScorer({
      streamId: deps.streamId,
      voiceActivity: deps.voiceActivity,
      ownDetector: deps.ownDetector,
      onFailed: deps.onDetectorFailed,
      onStep: (step) => this.#segmenter.step(step),
      onQuiet: (untilMs) => this.#quiet(untilMs),
      onEnd: () => this.#segmenter.end(),
    });
  }

  /** Somebody is in the middle of a stretch. */
  get speaking(): boolean {
    return this.#segmenter.speaking;
  }

  /** Steps whose score has not come yet. */
  get waitingSteps(): number {
    return this.#scorer.waiting;
  }

  /** Takes 16 kHz sound that was heard from `startMs` on. Not kept and not changed. */
  push(startMs: number, samples: Float32Array): void {
    if (this.#filled > 0 && Math.abs(startMs - this.#fillEndMs()) > JOIN_MS) this.#flush();
    this.#keep(startMs, samples);
    this.#lastSoundMs = startMs + (samples.length * 1_000) / SPEECH_RATE_HZ;
    let at = 0;
    while (at < samples.length) {
      if (this.#filled === 0) this.#fillStartMs = startMs + (at * 1_000) / SPEECH_RATE_HZ;
      const part = Math.min(VAD_STEP_SAMPLES - this.#filled, samples.length - at);
      this.#fill.set(samples.subarray(at, at + part), this.#filled);
      this.#filled += part;
      at += part;
      if (this.#filled === VAD_STEP_SAMPLES) this.#step();
    }
    const keepFromMs = this.#segmenter.keepFromMs;
    this.#audio.keepFrom(keepFromMs ?? this.#lastSoundMs - this.#deps.segments.leadMs - SPARE_MS);
  }

  /** Nothing was heard until then. */
  quiet(untilMs: number): void {
    if (this.#filled > 0) this.#flush();
    this.#scorer.quiet(untilMs);
  }

  /** No more sound will come, or what comes has nothing to do with what was: an open stretch is closed. */
  end(): void {
    if (this.#filled > 0) this.#flush();
    this.#scorer.end();
    this.#steady?.reset();
  }

  /** No score is waited for any longer. */
  settle(): void {
    this.#scorer.settle();
  }

  /** What is open is forgotten without a word. */
  close(): void {
    this.#scorer.close();
    this.#audio.clear();
    this.#deps.voiceActivity.forget(this.#deps.streamId);
    this.#deps.ownDetector.forget(this.#deps.streamId);
  }

  #keep(startMs: number, samples: Float32Array): void {
    if (this.#isFull || this.#audio.append(startMs, samples)) return;
    // No room for more: what there is becomes a stretch of its own, and then gives its memory back.
    this.#isFull = true;
    this.#scorer.end();
    if (this.#segmenter.keepFromMs === undefined) this.#empty();
  }

  #empty(): void {
    this.#audio.clear();
    this.#isFull = false;
  }

  #fillEndMs(): number {
    return this.#fillStartMs + (this.#filled * 1_000) / SPEECH_RATE_HZ;
  }

  #flush(): void {
    this.#fill.fill(0, this.#filled);
    this.#step();
  }

  #step(): void {
    this.#filled = 0;
    const levelDb = levelOf(this.#fill);
    const startMs = this.#fillStartMs;
    const steadySteps = this.#steady?.step(this.#fill, 0, levelDb) ?? 0;
    this.#scorer.step({ startMs, endMs: startMs + STEP_MS, levelDb, steadySteps }, this.#fill);
  }

  #quiet(untilMs: number): void {
    this.#segmenter.quiet(untilMs);
    if (this.#segmenter.keepFromMs === undefined && untilMs - this.#lastSoundMs > RELEASE_AFTER_MS) this.#audio.clear();
  }

  #segmentSink(): ConstructorParameters<typeof SpeechSegmenter>[0] {
    const { sink } = this.#deps;
    return {
      opened: (startMs) => sink.opened(startMs),
      partial: (startMs, endMs) => sink.partial(this.#stretch(startMs, endMs)),
      speculate: (startMs, endMs) => sink.speculate(this.#stretch(startMs, endMs)),
      resumed: () => sink.resumed(),
      closed: (startMs, endMs, why, speculated) => {
        const audio = this.#audio.between(startMs, endMs);
        this.#audio.keepFrom(endMs);
        if (this.#isFull) this.#empty();
        sink.closed({ startMs, endMs, audio: () => audio }, why, speculated);
      },
      dropped: (why) => {
        if (this.#isFull) this.#empty();
        sink.dropped(why);
      },
    };
  }

  /** Copied only when it is asked for: most partials are never decoded. */
  #stretch(startMs: number, endMs: number): Stretch {
    return {
      startMs,
      endMs,
      audio: () => (this.#segmenter.speaking ? this.#audio.between(startMs, endMs) : undefined),
    };
  }
}

/** dB of full scale. */
function levelOf(samples: Float32Array): number {
  let power = 0;
  for (let i = 0; i < samples.length; i++) power += (samples[i] ?? 0) ** 2;
  return 10 * Math.log10(power / samples.length + 1e-12);
}
