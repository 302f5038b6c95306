import type { SegmentDrop, SegmentEnd, Speaker } from "../../detection/index.js";
import type { Clock } from "../core/clock.js";
import { monoMs, type MonoMs } from "../core/time.js";
import type { PcmAudio } from "../media/audio.js";
import type { Transcript } from "../ports/transcriber.js";
import type { SpeechMetrics } from "./speech-metrics.js";
import type { Stretch, TrackSink } from "./speech-track.js";
import type { JobDesk } from "./speech-windows.js";
import type { JobKind, JobOutcome, TranscriptionJob } from "./transcription-job.js";

/** The call that a speaker belongs to. */
export interface SpeakerCall {
  readonly callId: string;
  readonly language: string | undefined;
  /** A file: its stretches wait for the live ones. */
  readonly isFile: boolean;
  readonly risk: number;
  /** Number of a new stretch. */
  nextSegment(): number;
  /** The call's time on the monotonic clock. */
  monoOf(callMs: number): MonoMs;
  /** A stretch is over; its final text, or that there is none, will be told to what is returned. */
  expectFinal(endMs: number): FinalSink;
  partialText(line: SpokenText): void;
}

/** Undefined: no text came of it. `retracted`: partial texts of it are out, and are to be taken back. */
export type FinalSink = (line: SpokenText | undefined, retracted: SpokenText | undefined) => void;

export interface SpokenText {
  readonly speaker: Speaker;
  readonly segment: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly transcript: Transcript;
  /** Undefined: it is not held any more. */
  readonly audio: () => PcmAudio | undefined;
}

export interface SpeakerTextDeps {
  readonly speaker: Speaker;
  readonly call: SpeakerCall;
  readonly desk: JobDesk;
  readonly clock: Clock;
  readonly metrics: SpeechMetrics;
  /** Silence that a stretch has at its end, ms: the speech itself ended so much earlier. */
  readonly tailMs: number;
  /** Told of stretches, for those who show them. */
  readonly onStretch?: (segment: number, startMs: number, endMs: number, why: SegmentEnd) => void;
}

interface Ahead {
  readonly job: TranscriptionJob;
  outcome: JobOutcome | undefined;
  /** Set once the stretch is over and this job's text is its text. */
  onOutcome: ((outcome: JobOutcome) => void) | undefined;
  audio: () => PcmAudio | undefined;
}

const NO_TEXT: Transcript = { text: "", tokens: [] };

/** Turns one speaker's stretches into jobs, and their outcomes into lines. One stretch is open at a time; finals of earlier ones may still be on their way. */
export class SpeakerText implements TrackSink {
  readonly #deps: SpeakerTextDeps;
  #segment = 0;
  #isOpen = false;
  #partial: TranscriptionJob | undefined;
  /** The last partial text that went out for the open stretch. */
  #shown: SpokenText | undefined;
  #ahead: Ahead | undefined;

  constructor(deps: SpeakerTextDeps) {
    this.#deps = deps;
  }

  opened(): void {
    this.#segment = this.#deps.call.nextSegment();
    this.#isOpen = true;
    this.#shown = undefined;
  }

  partial(stretch: Stretch): void {
    const { desk, clock, call } = this.#deps;
    if (call.isFile || this.#ahead !== undefined || desk.pressed) return;
    if (this.#partial !== undefined) {
      // The one that is being decoded is newer than nothing; one that waits is replaced.
      if (!desk.isWaiting(this.#partial)) return;
      desk.cancel(this.#partial);
    }
    const segment = this.#segment;
    const job = this.#job("partial", stretch, clock.mono(), stretch.audio, (outcome) => {
      if (this.#partial === job) this.#partial = undefined;
      if (outcome.kind !== "text" || outcome.transcript.text === "" || !this.#isOpen || segment !== this.#segment)
        return;
      this.#shown = this.#spoken(segment, stretch, outcome.transcript);
      call.partialText(this.#shown);
    });
    this.#partial = job;
    desk.submit(job);
  }

  speculate(stretch: Stretch): void {
    this.#cancelPartial();
    this.#cancelAhead();
    if (this.#deps.call.isFile || this.#deps.desk.pressed) return;
    const spokenAt = this.#spokenAt(stretch);
    const job = this.#job(
      "speculative",
      stretch,
      spokenAt,
      () => ahead.audio(),
      (outcome) => {
        ahead.outcome = outcome;
        ahead.onOutcome?.(outcome);
      },
    );
    const ahead: Ahead = { job, outcome: undefined, onOutcome: undefined, audio: stretch.audio };
    this.#ahead = ahead;
    this.#deps.desk.submit(job);
  }

  resumed(): void {
    this.#cancelAhead();
  }

  closed(stretch: Stretch, why: SegmentEnd, speculated: boolean): void {
    const { call, metrics } = this.#deps;
    metrics.segments.labels("speech").inc();
    this.#cancelPartial();
    this.#isOpen = false;
    this.#deps.onStretch?.(this.#segment, stretch.startMs, stretch.endMs, why);
    const segment = this.#segment;
    const shown = this.#shown;
    const tell = call.expectFinal(stretch.endMs);
    const finish = (outcome: JobOutcome): void => {
      const line = outcome.kind === "text" ? this.#spoken(segment, stretch, outcome.transcript) : undefined;
      const isEmpty = line === undefined || line.transcript.text === "";
      const retracted = isEmpty && shown !== undefined ? this.#spoken(segment, stretch, NO_TEXT) : undefined;
      tell(isEmpty ? undefined : line, retracted);
    };
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (speculated && ahead !== undefined) this.#promote(ahead, stretch, finish);
    else {
      if (ahead !== undefined) this.#deps.desk.cancel(ahead.job);
      this.#submitFinal(stretch, finish);
    }
  }

  dropped(why: SegmentDrop): void {
    this.#deps.metrics.segments.labels(why).inc();
    this.#forget();
  }

  /** What is open is forgotten: the call is shed, or over. Finals that are on their way come all the same. */
  #forget(): void {
    this.#cancelPartial();
    this.#cancelAhead();
    this.#isOpen = false;
    const shown = this.#shown;
    this.#shown = undefined;
    if (shown === undefined) return;
    const retracted = { ...shown, transcript: NO_TEXT };
    this.#deps.call.expectFinal(shown.endMs)(undefined, retracted);
  }

  close(): void {
    this.#forget();
  }

  /** What was decoded ahead is the final text. */
  #promote(ahead: Ahead, stretch: Stretch, finish: (outcome: JobOutcome) => void): void {
    const { clock, metrics } = this.#deps;
    const { outcome } = ahead;
    ahead.job.kind = "final";
    ahead.audio = stretch.audio;
    if (outcome === undefined) {
      // From now on it is a final like any other: who drops it means it.
      ahead.onOutcome = finish;
      return;
    }
    if (outcome.kind === "text") metrics.lag(clock.mono() - ahead.job.spokenAt);
    // It could not be decoded then; now it is certain that it is worth it.
    if (outcome.kind === "dropped") this.#submitFinal(stretch, finish);
    else finish(outcome);
  }

  #submitFinal(stretch: Stretch, finish: (outcome: JobOutcome) => void): void {
    const { call, desk } = this.#deps;
    const kind = call.isFile ? "file" : "final";
    desk.submit(this.#job(kind, stretch, this.#spokenAt(stretch), stretch.audio, finish));
  }

  #job(
    kind: JobKind,
    { startMs, endMs }: Stretch,
    spokenAt: MonoMs,
    audio: () => PcmAudio | undefined,
    done: (outcome: JobOutcome) => void,
  ): TranscriptionJob {
    const { speaker, call } = this.#deps;
    const { callId, language } = call;
    const risk = (): number => call.risk;
    return {
      callId,
      speaker,
      segment: this.#segment,
      kind,
      startMs,
      endMs,
      spokenAt,
      risk,
      audio,
      language,
      prompt: undefined,
      done,
    };
  }

  #spokenAt({ endMs }: Stretch): MonoMs {
    const { call, clock, tailMs } = this.#deps;
    const now = clock.mono();
    return call.isFile ? now : monoMs(Math.min(now, call.monoOf(endMs - tailMs)));
  }

  #spoken(segment: number, { startMs, endMs, audio }: Stretch, transcript: Transcript): SpokenText {
    return { speaker: this.#deps.speaker, segment, startMs, endMs, transcript, audio };
  }

  #cancelPartial(): void {
    if (this.#partial !== undefined) this.#deps.desk.cancel(this.#partial);
    this.#partial = undefined;
  }

  #cancelAhead(): void {
    if (this.#ahead !== undefined) this.#deps.desk.cancel(this.#ahead.job);
    this.#ahead = undefined;
  }
}
