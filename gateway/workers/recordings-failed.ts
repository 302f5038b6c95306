import type { RecordingFiles } from "../adapters/recording-files/recording-files.js";
import type { RecordingJob, RecordingJobStore } from "../ports/recordings.js";

/** What is done with one recording waits for what is being done with it already. */
export class OneByOne {
  readonly #last = new Map<string, Promise<unknown>>();

  async run<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(id);
    const own = (before ?? Promise.resolve()).catch(() => undefined).then(work);
    this.#last.set(id, own);
    try {
      return await own;
    } finally {
      if (this.#last.get(id) === own) this.#last.delete(id);
    }
  }
}

export interface FailedDeps {
  readonly store: Pick<RecordingJobStore, "get">;
  readonly files: RecordingFiles;
  readonly oneByOne: OneByOne;
}

/**
 * Removes files of recordings that failed, those first that did so first: one that can never be heard must not keep others from being fetched
 * until it is too old. A retry fetches it again, where that is possible.
 * @param bytes No more than are needed for so many. @returns Bytes that are free by it.
 */
export async function freeFailed(bytes: number, { store, files, oneByOne }: FailedDeps): Promise<number> {
  const failed: RecordingJob[] = [];
  for (const id of await files.ids()) {
    const job = await store.get(id);
    if (job?.stage === "failed") failed.push(job);
  }
  failed.sort((a, b) => a.updatedAt - b.updatedAt);
  let freed = 0;
  for (const { id } of failed) {
    if (freed >= bytes) break;
    freed += await oneByOne.run(id, async () => {
      // Somebody may have it tried again since.
      if ((await store.get(id))?.stage !== "failed") return 0;
      const size = await files.bytesOf(id);
      await files.remove(id);
      return size;
    });
  }
  return freed;
}
