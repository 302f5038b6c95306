import type { Clock } from "../core/clock.js";
import { GatewayError } from "../core/errors.js";
import { monoMs, type MonoMs } from "../core/time.js";
import type { PcmAudio } from "../media/audio.js";
import type { Transcriber } from "../ports/transcriber.js";
import { readTranscript } from "./read-transcript.js";
import type { SpeechMetrics } from "./speech-metrics.js";
import { secondsOf, type JobOutcome, type TranscriptionJob } from "./transcription-job.js";
import { TranscriptionQueue, type QueueLimits } from "./transcription-queue.js";

export interface DeskOptions extends QueueLimits {
  /** A decode may take so long, then it is given up, ms. */
  readonly timeoutMs: number;
  /** What has waited for so long is not worth decoding any more, ms. */
  readonly staleMs: number;
  /** While text comes later than this, nothing is decoded that may turn out to be for nothing: partial texts, stretches that may go on, ms. */
  readonly pressedLagMs: number;
}

export interface DeskDeps {
  readonly transcriber: Transcriber;
  readonly clock: Clock;
  readonly metrics: SpeechMetrics;
}

interface Running {
  readonly job: TranscriptionJob;
  readonly controller: AbortController;
  readonly startedAt: MonoMs;
  /** How often its time may run out. */
  patience: number;
  cancelTimeout: () => void;
}

const SHORTEST_SECONDS = 0.1;
const BUSY_MS = 50;
const UNAVAILABLE_FIRST_MS = 250;
const UNAVAILABLE_MOST_MS = 4_000;
/** What one decode counts in the mean. */
const MEAN_SHARE = 0.1;
/** It is not there, or found out only now that it cannot work. */
const GONE: ReadonlySet<unknown> = new Set(["stt.unavailable", "model.missing", "model.invalid"]);
/** The same answer would come again; a hung one is started anew. */
const FINAL: ReadonlySet<unknown> = new Set(["stt.rejected", "stt.language", "stt.timeout"]);
/** So many time-outs in a row, and the recogniser is asked for one thing at a time until it answers. */
const HUNG_AFTER = 3;

/**
 * Hands waiting speech to the recogniser, as much at a time as it can do, and sees to it that every job ends: a decode that hangs is given up,
 * one that failed is tried once more, what comes back is checked.
 */
export class TranscriptionDesk {
  readonly #deps: DeskDeps;
  readonly #options: DeskOptions;
  readonly #queue: TranscriptionQueue;
  readonly #running = new Set<Running>();
  /** Jobs that have failed once. */
  readonly #failedOnce = new WeakSet<TranscriptionJob>();
  #cancelPause: (() => void) | undefined;
  #unavailableMs = 0;
  #timeOuts = 0;
  /** A second of audio keeps the recogniser busy for so long: the mean of the last decodes, shared among those that go on at a time. */
  #msPerSecond = 0;
  #closed = false;

  constructor(deps: DeskDeps, options: DeskOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#queue = new TranscriptionQueue(options, (job) => this.#end(job, { kind: "dropped" }));
  }

  /** The recogniser answers: the last thing it was asked did not find it gone. */
  get available(): boolean {
    return this.#unavailableMs === 0;
  }

  /** Of live audio that waits. */
  get queueSeconds(): number {
    return this.#queue.seconds;
  }

  get running(): number {
    return this.#running.size;
  }

  /** How long the oldest stretch that is over has been waiting for its text, ms; 0: none is waiting. */
  lagMs(): number {
    const now = this.#deps.clock.mono();
    let since = this.#queue.oldestFinal?.spokenAt ?? now;
    for (const { job } of this.#running) if (job.kind === "final" && job.spokenAt < since) since = job.spokenAt;
    return now - since;
  }

  /** Time that the recogniser will need for what waits of a call, as quick as it has been lately, ms. */
  backlogMs(callId: string): number {
    return this.#queue.secondsOf(callId) * this.#msPerSecond;
  }

  /** There is more to do than can be done in time. */
  get pressed(): boolean {
    return this.lagMs() > this.#options.pressedLagMs;
  }

  waitingOf(callId: string): number {
    return this.#queue.waitingOf(callId);
  }

  /** It has not been begun. */
  isWaiting(job: TranscriptionJob): boolean {
    return this.#queue.has(job);
  }

  submit(job: TranscriptionJob): void {
    if (this.#closed) {
      this.#end(job, { kind: "dropped" });
      return;
    }
    this.#queue.add(job);
    this.#pump();
  }

  /** Nobody wants it any more: it is not told of what becomes of it. */
  cancel(job: TranscriptionJob): void {
    if (this.#queue.remove(job)) {
      this.#deps.metrics.jobs.labels(job.kind, "cancelled").inc();
      return;
    }
    for (const running of this.#running) if (running.job === job) this.#giveUp(running);
    this.#pump();
  }

  /** What waits or is being decoded for a call goes; what waits is told so. */
  dropCall(callId: string): void {
    this.#queue.dropCall(callId);
    for (const running of this.#running) {
      if (running.job.callId !== callId) continue;
      this.#giveUp(running);
      this.#end(running.job, { kind: "dropped" });
    }
    this.#pump();
  }

  /** Safe to call twice. */
  close(): void {
    this.#closed = true;
    this.#cancelPause?.();
    for (const running of this.#running) this.#giveUp(running);
    this.#queue.clear();
  }

  #pump(): void {
    const { transcriber, clock } = this.#deps;
    const slots = this.#timeOuts >= HUNG_AFTER ? 1 : transcriber.concurrency;
    while (!this.#closed && this.#cancelPause === undefined && this.#running.size < slots) {
      const job = this.#queue.take();
      if (job === undefined) return;
      const audio = job.audio();
      const isStale = job.kind !== "file" && clock.mono() - job.spokenAt > this.#options.staleMs;
      if (audio === undefined || isStale || audio.samples.length < SHORTEST_SECONDS * audio.sampleRateHz) {
        this.#end(job, { kind: "dropped" });
      } else void this.#run(job, audio);
    }
  }

  async #run(job: TranscriptionJob, audio: PcmAudio): Promise<void> {
    const { transcriber, clock } = this.#deps;
    const startedAt = clock.mono();
    const running: Running = {
      job,
      controller: new AbortController(),
      startedAt,
      patience: job.patience ?? 1,
      cancelTimeout: () => undefined,
    };
    this.#running.add(running);
    this.#watch(running);
    const { language, prompt, timed = false, patience } = job;
    const options = {
      partial: job.kind === "partial",
      ...(language === undefined ? {} : { language }),
      ...(prompt === undefined ? {} : { prompt }),
      ...(timed ? { timed } : {}),
      ...(patience === undefined ? {} : { patience }),
    };
    let answer: unknown;
    let failure: { readonly error: unknown } | undefined;
    try {
      answer = await transcriber.transcribe(audio, options, running.controller.signal);
    } catch (error) {
      failure = { error };
    }
    // Given up meanwhile: another has its place.
    if (!this.#running.delete(running)) return;
    running.cancelTimeout();
    if (failure === undefined) this.#answered(running, answer);
    else this.#failed(job, failure.error);
    this.#pump();
  }

  #answered({ job, startedAt }: Running, answer: unknown): void {
    const { metrics, clock } = this.#deps;
    this.#unavailableMs = 0;
    this.#timeOuts = 0;
    const tookMs = clock.mono() - startedAt;
    metrics.decodeSeconds.observe(tookMs / 1_000);
    const msPerSecond = tookMs / Math.max(SHORTEST_SECONDS, secondsOf(job)) / this.#deps.transcriber.concurrency;
    this.#msPerSecond += MEAN_SHARE * (msPerSecond - this.#msPerSecond);
    const transcript = readTranscript(answer, secondsOf(job));
    const overran = tookMs > this.#options.timeoutMs;
    this.#end(
      job,
      transcript === undefined ? { kind: "rubbish" } : { kind: "text", transcript, ...(overran ? { overran } : {}) },
    );
  }

  #failed(job: TranscriptionJob, error: unknown): void {
    const code = codeOf(error);
    if (GONE.has(code)) {
      this.#unavailableMs = Math.min(UNAVAILABLE_MOST_MS, Math.max(UNAVAILABLE_FIRST_MS, 2 * this.#unavailableMs));
      this.#pause(this.#unavailableMs);
    } else if (code === "stt.busy") this.#pause(BUSY_MS);
    // A window's stretches are tried by themselves: should it be what kills the recogniser, once is enough.
    const isWindow = job.timed === true && code !== "stt.busy";
    const worthRetrying = !FINAL.has(code) && job.kind !== "partial" && !isWindow;
    if (!worthRetrying || this.#failedOnce.has(job)) {
      this.#end(job, { kind: code === "stt.timeout" ? "timed-out" : "failed" });
      return;
    }
    this.#failedOnce.add(job);
    this.#queue.add(job);
  }

  /** One that has patience goes on, but nothing live waits for it longer than for a stretch. */
  #watch(running: Running): void {
    const { clock } = this.#deps;
    running.cancelTimeout = clock.callAt(monoMs(clock.mono() + this.#options.timeoutMs), () => {
      running.patience--;
      if (running.patience > 0 && this.#queue.seconds === 0) this.#watch(running);
      else this.#timedOut(running);
    });
  }

  #timedOut(running: Running): void {
    this.#timeOuts++;
    this.#giveUp(running);
    this.#end(running.job, { kind: "timed-out" });
    this.#pump();
  }

  /** Its place is free at once, however long the recogniser takes to notice. */
  #giveUp(running: Running): void {
    this.#running.delete(running);
    running.cancelTimeout();
    running.controller.abort(new GatewayError("stt.timeout", "not wanted any more"));
  }

  #pause(ms: number): void {
    const { clock } = this.#deps;
    this.#cancelPause?.();
    const cancel = clock.callAt(monoMs(clock.mono() + ms), () => {
      this.#cancelPause = undefined;
      this.#pump();
    });
    this.#cancelPause = () => {
      cancel();
      this.#cancelPause = undefined;
    };
  }

  #end(job: TranscriptionJob, outcome: JobOutcome): void {
    const { metrics, clock } = this.#deps;
    metrics.jobs.labels(job.kind, outcome.kind).inc();
    if (outcome.kind === "text" && job.kind === "final") metrics.lag(clock.mono() - job.spokenAt);
    job.done(outcome);
  }
}

/** By its name, not its class: an engine of the operator's own brings another class of the same errors. */
const codeOf = (error: unknown): unknown => (error instanceof Error && "code" in error ? error.code : undefined);
