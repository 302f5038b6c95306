import { secondsOf, type TranscriptionJob } from "./transcription-job.js";

export interface QueueLimits {
  /** Jobs that wait, over all calls. Files have no limit here: their readers stop while some of theirs wait. */
  readonly most: number;
  /** Jobs of one call that wait. */
  readonly mostPerCall: number;
}

/** Calls whose risk differs by less take their turns by age. */
const RISK_STEP = 0.1;
const KIND_ORDER = { final: 0, speculative: 0, partial: 1, file: 2 } as const;

/**
 * What waits for the recogniser. Taken in this order: files last; then the calls with the highest risk; stretches that are over before partial texts; the
 * oldest. When there is no room the last live one in that order goes, and is told so.
 */
export class TranscriptionQueue {
  readonly #limits: QueueLimits;
  readonly #onDrop: (job: TranscriptionJob) => void;
  #jobs: TranscriptionJob[] = [];

  /** @param onDrop Told of every job that had to go: there was no room, or its call is gone. */
  constructor(limits: QueueLimits, onDrop: (job: TranscriptionJob) => void) {
    this.#limits = limits;
    this.#onDrop = onDrop;
  }

  get size(): number {
    return this.#jobs.length;
  }

  /** Of audio that waits, files not counted. */
  get seconds(): number {
    return this.#jobs.reduce((sum, job) => sum + (job.kind === "file" ? 0 : secondsOf(job)), 0);
  }

  /** Of audio that waits of one call. */
  secondsOf(callId: string): number {
    return this.#jobs.reduce((sum, job) => sum + (job.callId === callId ? secondsOf(job) : 0), 0);
  }

  /** The live job that has waited longest among stretches that are over. */
  get oldestFinal(): TranscriptionJob | undefined {
    let oldest: TranscriptionJob | undefined;
    for (const job of this.#jobs) {
      if (job.kind === "final" && (oldest === undefined || job.spokenAt < oldest.spokenAt)) oldest = job;
    }
    return oldest;
  }

  waitingOf(callId: string): number {
    return this.#jobs.reduce((count, job) => count + (job.callId === callId ? 1 : 0), 0);
  }

  add(job: TranscriptionJob): void {
    this.#jobs.push(job);
    if (job.kind === "file") return;
    const live = this.#jobs.filter(({ kind }) => kind !== "file");
    const ofCall = live.filter(({ callId }) => callId === job.callId);
    if (ofCall.length > this.#limits.mostPerCall) this.#drop(leastOf(ofCall));
    else if (live.length > this.#limits.most) this.#drop(leastOf(live));
  }

  /** The next one's turn; it waits no more. */
  take(): TranscriptionJob | undefined {
    const next = this.#jobs.reduce<TranscriptionJob | undefined>(
      (best, job) => (best === undefined || order(job, best) < 0 ? job : best),
      undefined,
    );
    if (next !== undefined) this.#remove(next);
    return next;
  }

  has(job: TranscriptionJob): boolean {
    return this.#jobs.includes(job);
  }

  /** Takes out without telling it. @returns False when it does not wait. */
  remove(job: TranscriptionJob): boolean {
    const waits = this.#jobs.includes(job);
    if (waits) this.#remove(job);
    return waits;
  }

  /** All jobs of a call go, and are told so. */
  dropCall(callId: string): number {
    const gone = this.#jobs.filter((job) => job.callId === callId);
    for (const job of gone) this.#drop(job);
    return gone.length;
  }

  clear(): void {
    for (const job of [...this.#jobs]) this.#drop(job);
  }

  #drop(job: TranscriptionJob): void {
    this.#remove(job);
    this.#onDrop(job);
  }

  #remove(job: TranscriptionJob): void {
    this.#jobs = this.#jobs.filter((other) => other !== job);
  }
}

const leastOf = (jobs: readonly TranscriptionJob[]): TranscriptionJob =>
  jobs.reduce((least, job) => (order(job, least) > 0 ? job : least));

/** Below 0: `a` comes first. */
function order(a: TranscriptionJob, b: TranscriptionJob): number {
  const isFile = (job: TranscriptionJob): number => (job.kind === "file" ? 1 : 0);
  const riskOf = (job: TranscriptionJob): number => Math.floor(job.risk() / RISK_STEP + 1e-9);
  const differences = [
    isFile(a) - isFile(b),
    riskOf(b) - riskOf(a),
    KIND_ORDER[a.kind] - KIND_ORDER[b.kind],
    a.spokenAt - b.spokenAt,
  ];
  return differences.find((difference) => difference !== 0) ?? 0;
}
