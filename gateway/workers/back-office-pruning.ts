import { setImmediate as nextTurn } from "node:timers/promises";
import type { ManagedStore } from "../adapters/store/open-store.js";
import type { SpeechFolder } from "../adapters/speech-files/speech-folder.js";
import type { Clock } from "../core/clock.js";
import { GatewayError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import { SteadyTime } from "../core/steady-time.js";
import { monoMs, unixMs, type UnixMs } from "../core/time.js";
import type { RecordSink } from "../ports/records.js";

export interface BackOfficePruningOptions {
  /** Absent: no sound is kept. */
  readonly audioDays: number | undefined;
  /** How long at most anything is kept that is sealed under the keys of who spoke; undefined: keys are kept for ever. */
  readonly keyDays: number | undefined;
  /** 0: audit files are kept for ever. */
  readonly auditFileDays: number;
}

export interface BackOfficePruningDeps {
  readonly store: Pick<ManagedStore, "prune" | "legalHolds" | "cdrs" | "audit"> & {
    readonly callRecords: Pick<ManagedStore["callRecords"], "position">;
  };
  readonly speech: Pick<SpeechFolder, "prune">;
  readonly keys: { prune(keptDays: number): Promise<void>; sweepSpeech(now: UnixMs): Promise<void> };
  readonly auditFile: { prune(before: UnixMs): Promise<number> };
  readonly sink: RecordSink;
  readonly clock: Clock;
  readonly log: Log;
}

const FIRST_MS = 60_000;
const EVERY_MS = 3_600_000;
const DAILY_MS = 24 * 3_600_000;
const DAY_MS = 24 * 3_600_000;
/** Where the store has what the clock said last. */
const POSITION = "clock";
const PAGE = 1_000;

type Pruned = "rows" | "speech" | "audit";

/** Deletes by age: rows, sound, keys, audit files. By a clock that is believed only; see `SteadyTime`. */
export class BackOfficePruning {
  readonly #options: BackOfficePruningOptions;
  readonly #deps: BackOfficePruningDeps;
  readonly #time: SteadyTime;
  #isResumed = false;
  readonly #cancels = new Map<Pruned, () => void>();
  #closed = false;

  constructor(options: BackOfficePruningOptions, deps: BackOfficePruningDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#time = new SteadyTime(deps.clock, (aheadMs) =>
      deps.log.warn("store.clock-leapt", { aheadDays: Math.round(aheadMs / DAY_MS) }),
    );
  }

  start(): void {
    this.#later("rows", FIRST_MS, () => this.#pruneRows());
    if (this.#options.audioDays !== undefined) this.#later("speech", FIRST_MS, () => this.#pruneSpeech());
    if (this.#options.auditFileDays > 0) this.#later("audit", FIRST_MS, () => this.#pruneAudit());
  }

  /** May be asked by whatever else deletes by age. False: the clock is not believed, or not yet. */
  readonly mayPrune = (): boolean => this.#time.now() !== undefined;

  /** Safe to call twice. */
  close(): void {
    this.#closed = true;
    for (const cancel of this.#cancels.values()) cancel();
  }

  #later(what: Pruned, afterMs: number, work: () => Promise<number>): void {
    const { clock } = this.#deps;
    const cancel = clock.callAt(monoMs(clock.mono() + afterMs), () => {
      void work().then((nextMs) => {
        if (!this.#closed) this.#later(what, nextMs, work);
      });
    });
    this.#cancels.set(what, cancel);
  }

  /** @returns When to come again, ms. */
  async #pruneRows(): Promise<number> {
    const { store, sink, log } = this.#deps;
    try {
      const now = await this.#now();
      if (now === undefined) return EVERY_MS;
      const { more } = await store.prune(now);
      sink.write({ kind: "intake-position", position: { name: POSITION, at: now, value: {} } });
      return more ? FIRST_MS : EVERY_MS;
    } catch (error) {
      log.warn("store.prune-failed", { reason: error instanceof GatewayError ? error.code : "unknown" });
      return EVERY_MS;
    }
  }

  async #pruneSpeech(): Promise<number> {
    const { speech, keys, log } = this.#deps;
    const { audioDays = 0, keyDays } = this.#options;
    try {
      const now = await this.#now();
      if (now === undefined) return EVERY_MS;
      if (keyDays !== undefined)
        await keys.prune(keyDays).catch((error: unknown) => log.error("subjects.prune-failed", {}, error));
      await keys.sweepSpeech(now).catch((error: unknown) => log.error("speech.sweep-failed", {}, error));
      const calls = await speech.prune(now - audioDays * DAY_MS, await this.#heldCalls());
      if (calls > 0) log.info("speech.pruned", { calls });
    } catch (error) {
      log.error("speech.prune-failed", {}, error);
    }
    return DAILY_MS;
  }

  /** What a legal hold is about may be in any of them. */
  async #pruneAudit(): Promise<number> {
    const { store, auditFile, log } = this.#deps;
    try {
      const now = await this.#now();
      if (now === undefined) return EVERY_MS;
      if ((await store.legalHolds.holds({ limit: 1 })).length === 0)
        await auditFile.prune(unixMs(now - this.#options.auditFileDays * DAY_MS));
    } catch (error) {
      log.error("audit.prune-failed", {}, error);
    }
    return DAILY_MS;
  }

  /** @throws GatewayError `store.*`: what the clock said last is not known. */
  async #now(): Promise<UnixMs | undefined> {
    if (!this.#isResumed) {
      this.#time.resume(await this.#seenAt());
      this.#isResumed = true;
    }
    return this.#time.now();
  }

  /** Where nothing was kept, a store of an earlier version: its newest row that our own clock has dated. */
  async #seenAt(): Promise<UnixMs | undefined> {
    const { store } = this.#deps;
    const kept = await store.callRecords.position(POSITION);
    if (kept !== undefined) return kept.at;
    const [[cdr], [entry]] = await Promise.all([store.cdrs({ limit: 1 }), store.audit({ limit: 1 })]);
    const newest = Math.max(cdr?.startedAt ?? 0, entry?.at ?? 0);
    return newest === 0 ? undefined : unixMs(newest);
  }

  /** Call-IDs whose speech a legal hold keeps. */
  async #heldCalls(): Promise<ReadonlySet<string>> {
    const { store } = this.#deps;
    const calls = new Set<string>();
    let after: string | undefined;
    for (;;) {
      const page = await store.legalHolds.heldCalls({ limit: PAGE, ...(after === undefined ? {} : { after }) });
      for (const callId of page) calls.add(callId);
      after = page.at(-1);
      if (page.length < PAGE) return calls;
      // The embedded database answers without a turn of the event loop.
      await nextTurn();
    }
  }
}
