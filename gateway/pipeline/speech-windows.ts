import { SPEECH_RATE_HZ, type PcmAudio } from "../media/audio.js";
import type { TranscriptionDesk } from "./transcription-desk.js";
import type { TranscriptionJob } from "./transcription-job.js";
import { WindowReading, type PackedStretch } from "./window-reading.js";
import type { WindowTrust } from "./window-trust.js";

/** Where jobs go: the desk, or what packs those of a file. */
export type JobDesk = Pick<TranscriptionDesk, "submit" | "cancel" | "isWaiting" | "pressed">;

/** Whisper has 30 s for each pass, whatever is in them; some are left, as for a stretch. */
const WINDOW_MS = 28_000;
/** Of silence between two stretches; with the silence at their own ends a recogniser's times may be wrong by as much. */
const PAUSE_MS = 500;
/** A stretch waits no longer for others, ms of sound: the other speaker's lines wait for it. */
const MOST_WAIT_MS = 60_000;
/** A window may take as long as its stretches might, but no longer than so many of them. */
const MOST_PATIENCE = 4;

/**
 * One speaker's stretches of a file, several to a decode: a recogniser whose pass costs the same for 6 s as for 28 has a quarter of the passes. The text of
 * a window is shared out to its stretches; what of that is in doubt is decoded by itself.
 */
export class SpeechWindows implements JobDesk {
  readonly #desk: JobDesk;
  readonly #trust: WindowTrust;
  #packed: PackedStretch[] = [];
  #closed = false;

  constructor(desk: JobDesk, trust: WindowTrust) {
    this.#desk = desk;
    this.#trust = trust;
  }

  get pressed(): boolean {
    return this.#desk.pressed;
  }

  isWaiting(job: TranscriptionJob): boolean {
    return this.#packed.some((packed) => packed.job === job) || this.#desk.isWaiting(job);
  }

  submit(job: TranscriptionJob): void {
    const audio = job.audio();
    if (audio === undefined || !this.#trust.pays) {
      this.flush();
      this.#desk.submit(job);
      return;
    }
    const ms = (audio.samples.length * 1_000) / SPEECH_RATE_HZ;
    if (this.#nextMs() + ms > WINDOW_MS) this.flush();
    const startMs = this.#nextMs();
    this.#packed.push({ job, audio, startMs, endMs: startMs + ms });
  }

  cancel(job: TranscriptionJob): void {
    const others = this.#packed.filter((packed) => packed.job !== job);
    if (others.length === this.#packed.length) this.#desk.cancel(job);
    this.#packed = others;
  }

  /** The file has been heard until then. */
  heardUntil(ms: number): void {
    const [first] = this.#packed;
    if (first !== undefined && ms - first.job.startMs > MOST_WAIT_MS) this.flush();
  }

  /** What has been packed so far is decoded. */
  flush(): void {
    const packed = this.#packed;
    this.#packed = [];
    const [first] = packed;
    if (first === undefined) return;
    this.#desk.submit(packed.length === 1 ? first.job : this.#windowOf(first.job, packed));
  }

  /** Safe to call twice. */
  close(): void {
    this.#closed = true;
    for (const { job } of this.#packed.splice(0)) job.done({ kind: "dropped" });
  }

  #nextMs(): number {
    const last = this.#packed.at(-1);
    return last === undefined ? 0 : last.endMs + PAUSE_MS;
  }

  #windowOf(first: TranscriptionJob, packed: readonly PackedStretch[]): TranscriptionJob {
    const lengthMs = packed.at(-1)?.endMs ?? 0;
    const reading = new WindowReading(packed, {
      desk: this.#desk,
      trust: this.#trust,
      isClosed: () => this.#closed,
    });
    return {
      ...first,
      endMs: first.startMs + lengthMs,
      timed: true,
      patience: Math.min(MOST_PATIENCE, packed.length),
      // While it waited another may have shown that windows do not pay.
      audio: () => (this.#trust.pays ? joined(packed, lengthMs) : undefined),
      done: (outcome) => reading.take(outcome),
    };
  }
}

function joined(packed: readonly PackedStretch[], lengthMs: number): PcmAudio {
  const samples = new Float32Array(Math.round((lengthMs * SPEECH_RATE_HZ) / 1_000));
  for (const { audio, startMs } of packed) {
    const at = Math.round((startMs * SPEECH_RATE_HZ) / 1_000);
    samples.set(audio.samples.subarray(0, samples.length - at), at);
  }
  return { sampleRateHz: SPEECH_RATE_HZ, samples };
}
