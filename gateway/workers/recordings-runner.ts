import type { Clock } from "../core/clock.js";
import { GatewayError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import type { Random } from "../core/random.js";
import { monoMs, unixMs } from "../core/time.js";
import { retryAt, type RetryOptions } from "../pipeline/recordings/retry.js";
import type {
  KeptRecordingJob,
  RecordingChange,
  RecordingJobStore,
  RecordingLane,
  RecordingStage,
} from "../ports/recordings.js";
import { CrmRefusal } from "../adapters/crm-http/crm-client.js";

export interface RunnerDeps {
  readonly store: RecordingJobStore;
  readonly run: (job: KeptRecordingJob, signal: AbortSignal) => Promise<RecordingChange | CrmRefusal>;
  /** No room for files of more recordings. */
  readonly isFull: () => Promise<boolean>;
  /** Its files are not needed any more. */
  readonly dropFiles: (id: string) => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly onStage: (stage: RecordingStage) => void;
  readonly onFailure: (code: string) => void;
}

export interface RunnerOptions {
  readonly home: string;
  readonly concurrency: number;
  readonly deliveries: number;
  readonly retry: RetryOptions;
}

/** Jobs are looked for at least so often, ms; an added one wakes the runner at once. */
const LOOK_EVERY_MS = 5_000;
const STORE_RETRY_MS = 1_000;
const FULL_MS = 10_000;
/** These are no failures of the job, and how long it waits, ms: the machine has other things to do, is just starting, or has no room. */
const WAITING: ReadonlyMap<string, number> = new Map([
  ["stt.busy", 1_000],
  ["backoffice.lost", 1_000],
  ["recording.full", FULL_MS],
]);
/** The wall clock may be set back by so much before times that it made are looked at again, ms. */
const BACK_MS = 10_000;
const OVER: ReadonlySet<RecordingStage> = new Set(["done", "failed"]);

/** It goes on. */
const NO_TROUBLE = { attempts: 0, failingSince: undefined, error: undefined, detail: undefined } as const;

class Gone extends Error {}

interface Running {
  readonly isDelivery: boolean;
  readonly stop: AbortController;
  done: Promise<void>;
  /** Since its step began, or failed. */
  progressed: boolean;
}

/** Takes jobs that are due and carries them through their stages; each change is in the store before the next step begins. */
export class RecordingsRunner {
  readonly #deps: RunnerDeps;
  readonly #options: RunnerOptions;
  readonly #running = new Map<string, Running>();
  /** Of the monotonic clock: the other one may be set back. */
  #fetchNotBefore = -Infinity;
  #crmFailures = 0;
  #crmNotBefore = -Infinity;
  /** Wall clock less monotonic clock, at the last look. */
  #clockGap = Infinity;
  #cancel: (() => void) | undefined;
  #looking: Promise<void> | undefined;
  #again = false;
  #closed = false;

  constructor(options: RunnerOptions, deps: RunnerDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  get running(): number {
    return this.#running.size;
  }

  /** There may be something to do. Never throws. */
  wake(): void {
    if (this.#closed) return;
    if (this.#looking !== undefined) {
      this.#again = true;
      return;
    }
    this.#cancel?.();
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined;
      if (this.#again) {
        this.#again = false;
        this.wake();
      }
    });
  }

  /** Stops a job that is being worked on, and waits until it is. */
  async stop(id: string): Promise<void> {
    const running = this.#running.get(id);
    running?.stop.abort(new Gone());
    await running?.done;
  }

  /** Says how far a step is. @throws When the job is gone. */
  async progress(id: string, change: RecordingChange): Promise<void> {
    const running = this.#running.get(id);
    const all = { ...change, updatedAt: this.#deps.clock.unix(), ...NO_TROUBLE };
    if (!(await this.#persist(id, all, running?.stop.signal))) throw new Gone();
    if (running !== undefined) running.progressed = true;
  }

  /** What is under way is left as it is in the store. Safe to call twice. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    for (const { stop } of this.#running.values()) stop.abort(new GatewayError("backoffice.lost", "closing"));
    await this.#looking;
    await Promise.all([...this.#running.values()].map(({ done }) => done));
  }

  async #look(): Promise<void> {
    const { clock, log } = this.#deps;
    let waitMs = LOOK_EVERY_MS;
    try {
      await this.#pullIn();
      waitMs = Math.min(waitMs, await this.#fillWork(), await this.#fillDeliveries());
    } catch (error) {
      log.warn("recordings.store", { reason: error instanceof GatewayError ? error.code : "unknown" });
      waitMs = STORE_RETRY_MS;
    }
    if (this.#closed) return;
    this.#cancel?.();
    this.#cancel = clock.callAt(monoMs(clock.mono() + Math.max(10, waitMs)), () => this.wake());
  }

  /** At the start, and when the clock was set back: what is due later than any pause is long was put off by a clock that was ahead. */
  async #pullIn(): Promise<void> {
    const { store, clock } = this.#deps;
    const { home, retry } = this.#options;
    const now = clock.unix();
    const gap = now - clock.mono();
    if (gap < this.#clockGap - BACK_MS) await store.pullIn(home, unixMs(now + Math.max(retry.mostMs, FULL_MS)), now);
    this.#clockGap = gap;
  }

  /**
   * What has begun goes first, and while it waits for the recogniser it keeps its place: files of at most `concurrency` recordings wait.
   * @returns When to look again, ms.
   */
  async #fillWork(): Promise<number> {
    const { store, clock, isFull } = this.#deps;
    const { home, concurrency } = this.#options;
    const waitMs = await this.#take("work", concurrency - this.#count(false));
    const begun = this.#count(false) + (await store.begun(home, [...this.#running.keys()]));
    if (begun >= concurrency) return waitMs;
    const isShut = clock.mono() < this.#fetchNotBefore || (await isFull());
    return Math.min(waitMs, await this.#take(isShut ? "arrived" : "fetch", concurrency - begun));
  }

  #fillDeliveries(): Promise<number> | number {
    const waitMs = this.#crmNotBefore - this.#deps.clock.mono();
    if (waitMs > 0) return waitMs;
    return this.#take("deliver", (this.#crmFailures > 0 ? 1 : this.#options.deliveries) - this.#count(true));
  }

  #count(isDelivery: boolean): number {
    return [...this.#running.values()].filter((each) => each.isDelivery === isDelivery).length;
  }

  /** @returns When the next of the lane is due, ms. */
  async #take(lane: RecordingLane, most: number): Promise<number> {
    const { store, clock } = this.#deps;
    const { home } = this.#options;
    if (most <= 0 || this.#closed) return LOOK_EVERY_MS;
    const jobs = await store.due(home, lane, clock.unix(), most, [...this.#running.keys()]);
    for (const job of jobs) this.#start(job, lane === "deliver");
    if (jobs.length === most) return LOOK_EVERY_MS;
    const next = await store.nextDue(home, lane, [...this.#running.keys()]);
    return next === undefined ? LOOK_EVERY_MS : next - clock.unix();
  }

  #start(job: KeptRecordingJob, isDelivery: boolean): void {
    if (this.#closed) return;
    const entry: Running = { isDelivery, stop: new AbortController(), done: Promise.resolve(), progressed: false };
    this.#running.set(job.id, entry);
    entry.done = this.#carry(job, entry)
      .catch((error: unknown) => {
        if (!(error instanceof Gone) && !this.#closed) this.#deps.log.error("recordings.job", { job: job.id }, error);
      })
      .finally(() => {
        this.#running.delete(job.id);
        this.wake();
      });
  }

  /** Until it is over, has to wait, or belongs to the other lane. */
  async #carry(first: KeptRecordingJob, entry: Running): Promise<void> {
    const { clock, run, onStage, dropFiles } = this.#deps;
    const { isDelivery } = entry;
    const { signal } = entry.stop;
    let job = first;
    while (!OVER.has(job.stage) && (job.stage === "deliver") === isDelivery) {
      const now = (): KeptRecordingJob["updatedAt"] => clock.unix();
      let change: RecordingChange;
      try {
        const next = await run(job, signal);
        if (isDelivery && !(next instanceof CrmRefusal)) this.#crmFailures = 0;
        change =
          next instanceof CrmRefusal
            ? this.#failed(job, next)
            : { ...next, stageSince: now(), dueAt: now(), ...NO_TROUBLE };
      } catch (error) {
        if (error instanceof Gone) {
          await dropFiles(job.id);
          return;
        }
        signal.throwIfAborted();
        change = this.#failed(entry.progressed ? { ...job, ...NO_TROUBLE } : job, error);
        entry.progressed = false;
      }
      if (!(await this.#persist(job.id, { ...change, updatedAt: now() }, signal))) {
        await dropFiles(job.id);
        return;
      }
      if (change.stage !== undefined) onStage(change.stage);
      job = { ...job, ...change };
      if (job.dueAt > now()) return;
    }
    if (job.stage === "done") await dropFiles(job.id);
  }

  #failed(job: KeptRecordingJob, thrown: unknown): RecordingChange {
    const { clock, random, log, onFailure } = this.#deps;
    const now = clock.unix();
    const refusal = thrown instanceof CrmRefusal ? thrown : undefined;
    const error = refusal?.error ?? thrown;
    const known = error instanceof GatewayError ? error : undefined;
    const waitMs = known === undefined ? undefined : WAITING.get(known.code);
    if (waitMs !== undefined) {
      if (waitMs === FULL_MS && job.stage === "download") this.#fetchNotBefore = clock.mono() + FULL_MS;
      return { dueAt: unixMs(now + waitMs) };
    }
    const code = known?.code ?? "recording.invalid";
    onFailure(code);
    if (known === undefined) log.error("recordings.fault", { job: job.id, stage: job.stage }, error);
    const { retry } = this.#options;
    if (refusal?.isDown === true) {
      const pause = Math.min(retry.firstMs * 2 ** Math.min(this.#crmFailures, 30), retry.mostMs);
      this.#crmFailures++;
      this.#crmNotBefore = clock.mono() + Math.min(Math.max(pause, refusal.retryAfterMs ?? 0), retry.mostMs);
    }
    // A disk that is full may have room again; everything else the table knows.
    const retryable = known !== undefined && (known.retryable || known.code === "store.full");
    const failingSince = job.failingSince ?? now;
    const at = retryAt(
      { ...job, failingSince },
      { retryable, retryAfterMs: refusal?.retryAfterMs },
      now,
      random.next(),
      retry,
    );
    const detail = known?.message.slice(0, 300) ?? "a fault of ours, see the log";
    log.warn("recordings.step-failed", { job: job.id, stage: job.stage, code, again: at !== undefined });
    const trouble = { failingSince, attempts: job.attempts + 1, error: code, detail };
    return at === undefined ? { stage: "failed", ...trouble } : { dueAt: at, ...trouble };
  }

  /** Until the database takes it: the step is done and will not be done again for its sake. @returns False: the job is gone. */
  async #persist(id: string, change: RecordingChange, signal: AbortSignal | undefined): Promise<boolean> {
    const { store, clock, log } = this.#deps;
    for (;;) {
      try {
        return await store.change(id, change);
      } catch (error) {
        signal?.throwIfAborted();
        log.warn("recordings.store", { reason: error instanceof GatewayError ? error.code : "unknown" });
        await new Promise<void>((resolve) => void clock.callAt(monoMs(clock.mono() + STORE_RETRY_MS), resolve));
        signal?.throwIfAborted();
      }
    }
  }
}
