import type { RecordingFiles } from "../adapters/recording-files/recording-files.js";
import type { Clock } from "../core/clock.js";
import { GatewayError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import { monoMs, unixMs } from "../core/time.js";
import type { RecordingJobStore } from "../ports/recordings.js";

export interface PruningDeps {
  readonly store: Pick<RecordingJobStore, "endedBefore" | "get" | "dropRemoved" | "giveUpOrphans">;
  /** Ours, among gateways that share a database. */
  readonly home: string;
  readonly files: RecordingFiles;
  readonly remove: (ids: readonly string[]) => Promise<number>;
  /** False: the clock is not believed. Default: it is. */
  readonly mayPrune?: (() => boolean) | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

const DAY_MS = 86_400_000;
const EVERY_MS = 3_600_000;
const FIRST_MS = 30_000;
const ORPHAN = "the gateway that has its files works on nothing any more";
/** A source that has not named what was deleted for so long will not do so any more. */
const REMOVED_FOR_MS = 400 * DAY_MS;

/** What has ended long ago, and files that no job has any more or needs: we may have been killed between its end and their removal. */
export class RecordingsPruning {
  readonly #keepDays: number;
  readonly #deps: PruningDeps;
  #cancel: (() => void) | undefined;
  #closed = false;

  constructor(keepDays: number, deps: PruningDeps) {
    this.#keepDays = keepDays;
    this.#deps = deps;
  }

  start(): void {
    this.#later(FIRST_MS);
  }

  /** Safe to call twice. */
  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }

  #later(afterMs: number): void {
    const { clock, log } = this.#deps;
    this.#cancel = clock.callAt(monoMs(clock.mono() + afterMs), () => {
      void this.#prune()
        .catch((error: unknown) =>
          log.warn("recordings.prune-failed", { reason: error instanceof GatewayError ? error.code : "unknown" }),
        )
        .then(() => {
          if (!this.#closed) this.#later(EVERY_MS);
        });
    });
  }

  async #prune(): Promise<void> {
    const { store, home, files, remove, mayPrune, clock, log } = this.#deps;
    if (mayPrune?.() === false) return;
    const now = clock.unix();
    const before = unixMs(now - this.#keepDays * DAY_MS);
    const orphans = await store.giveUpOrphans(home, before, now, ORPHAN);
    if (orphans > 0) log.warn("recordings.orphans", { jobs: orphans });
    let pruned = 0;
    for (;;) {
      const ids = await store.endedBefore(before);
      if (ids.length === 0 || this.#closed) break;
      const removed = await remove(ids);
      pruned += removed;
      // The same ones would come again, for ever.
      if (removed === 0) {
        log.warn("recordings.prune-stuck", { jobs: ids.length });
        break;
      }
    }
    for (const id of await files.ids()) {
      const job = await store.get(id);
      const isNobodys = job === undefined && (await files.isOlder(id, now - EVERY_MS));
      if (isNobodys || job?.stage === "done") await files.remove(id);
    }
    await store.dropRemoved(unixMs(now - REMOVED_FOR_MS));
    if (pruned > 0) log.info("recordings.pruned", { jobs: pruned });
  }
}
