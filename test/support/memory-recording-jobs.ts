import type { UnixMs } from "../../gateway/core/time.js";
import type {
  KeptRecordingJob,
  RecordingChange,
  RecordingJob,
  RecordingJobStore,
  RecordingLane,
  RecordingQuery,
} from "../../gateway/ports/recordings.js";

const laneOf = ({ stage }: RecordingJob): RecordingLane =>
  stage === "deliver" ? "deliver" : stage === "download" ? "fetch" : "work";
const isOver = ({ stage }: RecordingJob): boolean => stage === "done" || stage === "failed";

/** Jobs in memory, for what is to be fast or to be cut off. `failing` makes every operation throw it. */
export class MemoryRecordingJobs implements RecordingJobStore {
  readonly jobs = new Map<string, KeptRecordingJob>();
  readonly removed = new Map<string, UnixMs>();
  /** Ids of jobs that a legal hold keeps. */
  readonly held = new Set<string>();
  failing: Error | undefined;

  add(job: KeptRecordingJob): Promise<boolean> {
    return this.#do(() => {
      const isNew = !this.jobs.has(job.id);
      if (isNew) this.jobs.set(job.id, job);
      return isNew;
    });
  }
  due(home: string, lane: RecordingLane, now: UnixMs, limit: number, except: readonly string[]) {
    return this.#do(() =>
      this.#waiting(home, lane, except)
        .filter(({ dueAt }) => dueAt <= now)
        // The map has them by age, and sorting keeps that.
        .sort((a, b) => b.priority - a.priority)
        .slice(0, limit),
    );
  }
  nextDue(home: string, lane: RecordingLane, except: readonly string[]): Promise<UnixMs | undefined> {
    return this.#do(() => this.#waiting(home, lane, except).sort((a, b) => a.dueAt - b.dueAt)[0]?.dueAt);
  }
  pullIn(home: string, after: UnixMs, now: UnixMs): Promise<void> {
    return this.#do(() => {
      for (const [id, job] of this.jobs)
        if (job.home === home && !isOver(job) && job.dueAt > after) this.jobs.set(id, { ...job, dueAt: now });
    });
  }
  change(id: string, change: RecordingChange): Promise<boolean> {
    return this.#do(() => {
      const job = this.jobs.get(id);
      if (job !== undefined) this.jobs.set(id, { ...job, ...change });
      return job !== undefined;
    });
  }
  get(id: string): Promise<KeptRecordingJob | undefined> {
    return this.#do(() => this.jobs.get(id));
  }
  list({ limit, stage, callId }: RecordingQuery): Promise<readonly RecordingJob[]> {
    return this.#do(() =>
      [...this.jobs.values()]
        .filter((job) => (stage ?? job.stage) === job.stage && (callId ?? job.callId) === job.callId)
        .slice(0, limit),
    );
  }
  count() {
    return this.#do(() => {
      const counts: Partial<Record<RecordingJob["stage"], number>> = {};
      for (const { stage } of this.jobs.values()) counts[stage] = (counts[stage] ?? 0) + 1;
      return counts;
    });
  }
  begun(home: string, except: readonly string[]): Promise<number> {
    return this.#do(
      () => this.#waiting(home, "work", except).filter(({ failingSince }) => failingSince === undefined).length,
    );
  }
  remove(ids: readonly string[], at: UnixMs): Promise<readonly string[]> {
    return this.#do(() => {
      const gone = ids.filter((id) => !this.held.has(id) && this.jobs.delete(id));
      for (const id of gone) this.removed.set(id, at);
      return gone;
    });
  }
  wasRemoved(id: string): Promise<boolean> {
    return this.#do(() => this.removed.has(id));
  }
  dropRemoved(before: UnixMs): Promise<void> {
    return this.#do(() => this.removed.forEach((at, id) => at < before && this.removed.delete(id)));
  }
  ofNumber(number: string, held: boolean, after = ""): Promise<readonly string[]> {
    return this.#do(() =>
      [...this.jobs.values()]
        .filter(({ id, caller, called }) => !held && id > after && (caller === number || called === number))
        .map(({ id }) => id),
    );
  }
  partiesOf(): Promise<undefined> {
    return this.#do(() => undefined);
  }
  giveUpOrphans(): Promise<number> {
    return this.#do(() => 0);
  }
  endedBefore(before: UnixMs): Promise<readonly string[]> {
    return this.#do(() =>
      [...this.jobs.values()].filter((job) => isOver(job) && job.updatedAt < before).map(({ id }) => id),
    );
  }

  #waiting(home: string, lane: RecordingLane, except: readonly string[]): KeptRecordingJob[] {
    return [...this.jobs.values()].filter(
      (job) =>
        job.home === home &&
        !isOver(job) &&
        laneOf(job) === (lane === "arrived" ? "fetch" : lane) &&
        (lane !== "arrived" || job.origin === "upload" || job.origin === "folder") &&
        !except.includes(job.id),
    );
  }

  #do<T>(work: () => T): Promise<T> {
    return this.failing === undefined ? Promise.resolve().then(work) : Promise.reject(this.failing);
  }
}
