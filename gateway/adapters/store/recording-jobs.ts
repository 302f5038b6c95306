import { sql, type Kysely } from "kysely";
import { unixMs, type UnixMs } from "../../core/time.js";
import type {
  KeptRecordingJob,
  RecordingChange,
  RecordingJob,
  RecordingJobStore,
  RecordingLane,
  RecordingOrigin,
  RecordingParties,
  RecordingQuery,
  RecordingStage,
} from "../../ports/recordings.js";
import { isJobNotHeld, recordedCall } from "./recording-holds.js";
import { callInScope } from "./scope-sql.js";
import type { CdrRow } from "./tables.js";

export interface RecordingJobRow {
  id: string;
  home: string;
  call_id: string;
  origin: RecordingOrigin;
  caller: string | null;
  called: string | null;
  priority: number;
  stage: RecordingStage;
  created_at: number;
  updated_at: number;
  stage_since: number;
  due_at: number;
  failing_since: number | null;
  attempts: number;
  pieces: number;
  pieces_done: number;
  duration_ms: number;
  error: string | null;
  detail: string | null;
  state: RecordingJob["state"] | null;
  score: number | null;
  kind: RecordingJob["kind"] | null;
  sealed_order: string;
  sealed_result: string | null;
}

interface RecordingTables {
  recording_jobs: RecordingJobRow;
  recording_tombstones: { id: string; at: number };
  cdrs: CdrRow;
}

/** How the store lends its database: after the schema is there, failures as `store.*`. */
export type RunOnDatabase = <T>(work: (db: Kysely<RecordingTables>) => Promise<T>) => Promise<T>;

const MAX_ROWS = 1_000;
const DAY_MS = 86_400_000;
const OVER = ["done", "failed"] as const;
/** The same list the partial indexes have, as they are written there: a parameter would keep them from being used. */
const IN_LANE = {
  fetch: sql<boolean>`stage = 'download'`,
  arrived: sql<boolean>`stage = 'download' and origin in ('upload', 'folder')`,
  work: sql<boolean>`stage in ('decode', 'transcribe', 'summarize')`,
  deliver: sql<boolean>`stage = 'deliver'`,
} as const satisfies Record<RecordingLane, unknown>;

/** `RecordingJobStore` on the store's database, PGlite and PostgreSQL alike. */
export class SqlRecordingJobs implements RecordingJobStore {
  readonly #run: RunOnDatabase;

  constructor(run: RunOnDatabase) {
    this.#run = run;
  }

  add(job: KeptRecordingJob): Promise<boolean> {
    return this.#run(async (db) => {
      const { numInsertedOrUpdatedRows } = await db
        .insertInto("recording_jobs")
        .values(rowOf(job))
        .onConflict((conflict) => conflict.column("id").doNothing())
        .executeTakeFirst();
      return (numInsertedOrUpdatedRows ?? 0n) > 0n;
    });
  }

  due(
    home: string,
    lane: RecordingLane,
    now: UnixMs,
    limit: number,
    except: readonly string[],
  ): Promise<readonly KeptRecordingJob[]> {
    return this.#run(async (db) => {
      let select = db.selectFrom("recording_jobs").selectAll().where("home", "=", home).where(IN_LANE[lane]);
      select = select.where("due_at", "<=", Math.round(now));
      if (except.length > 0) select = select.where("id", "not in", [...except]);
      const rows = await select
        .orderBy("priority", "desc")
        .orderBy("created_at")
        .orderBy("id")
        .limit(atMost(limit))
        .execute();
      return rows.map(jobOf);
    });
  }

  nextDue(home: string, lane: RecordingLane, except: readonly string[]): Promise<UnixMs | undefined> {
    return this.#run(async (db) => {
      let select = db.selectFrom("recording_jobs").select("due_at").where("home", "=", home).where(IN_LANE[lane]);
      if (except.length > 0) select = select.where("id", "not in", [...except]);
      const row = await select.orderBy("due_at").limit(1).executeTakeFirst();
      return row === undefined ? undefined : unixMs(row.due_at);
    });
  }

  pullIn(home: string, after: UnixMs, now: UnixMs): Promise<void> {
    return this.#run(async (db) => {
      await db
        .updateTable("recording_jobs")
        .set({ due_at: Math.round(now) })
        .where("home", "=", home)
        .where("stage", "not in", [...OVER])
        .where("due_at", ">", Math.round(after))
        .execute();
    });
  }

  begun(home: string, except: readonly string[]): Promise<number> {
    return this.#run(async (db) => {
      let select = db.selectFrom("recording_jobs").select("id").where("home", "=", home).where(IN_LANE.work);
      select = select.where("failing_since", "is", null);
      if (except.length > 0) select = select.where("id", "not in", [...except]);
      return (await select.limit(MAX_ROWS).execute()).length;
    });
  }

  change(id: string, change: RecordingChange): Promise<boolean> {
    return this.#run(async (db) => {
      const { numUpdatedRows } = await db
        .updateTable("recording_jobs")
        .set(columnsOf(change))
        .where("id", "=", text(id))
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    });
  }

  get(id: string): Promise<KeptRecordingJob | undefined> {
    return this.#run(async (db) => {
      const row = await db.selectFrom("recording_jobs").selectAll().where("id", "=", text(id)).executeTakeFirst();
      return row === undefined ? undefined : jobOf(row);
    });
  }

  list({ limit, id, stage, callId, scope }: RecordingQuery): Promise<readonly RecordingJob[]> {
    return this.#run(async (db) => {
      let select = db.selectFrom("recording_jobs").selectAll();
      if (stage !== undefined) select = select.where("stage", "=", stage);
      if (id !== undefined) select = select.where("id", "=", text(id));
      if (callId !== undefined) select = select.where("call_id", "=", text(callId));
      if (scope !== undefined) select = select.where(callInScope("recording_jobs.call_id", scope));
      const rows = await select.orderBy("created_at", "desc").orderBy("id", "desc").limit(atMost(limit)).execute();
      return rows.map(jobOf);
    });
  }

  count(): Promise<Readonly<Partial<Record<RecordingStage, number>>>> {
    return this.#run(async (db) => {
      const rows = await db
        .selectFrom("recording_jobs")
        .select(["stage", sql<number>`count(*)`.as("jobs")])
        .groupBy("stage")
        .execute();
      return Object.fromEntries(rows.map(({ stage, jobs }) => [stage, jobs]));
    });
  }

  remove(ids: readonly string[], at: UnixMs): Promise<readonly string[]> {
    if (ids.length === 0) return Promise.resolve([]);
    return this.#run((db) =>
      db.transaction().execute(async (trx) => {
        const there = await trx
          .deleteFrom("recording_jobs")
          .where("id", "in", ids.map(text))
          .where(isJobNotHeld)
          .returning("id")
          .execute();
        if (there.length === 0) return [];
        await trx
          .insertInto("recording_tombstones")
          .values(there.map(({ id }) => ({ id, at: Math.round(at) })))
          .onConflict((conflict) => conflict.column("id").doUpdateSet({ at: Math.round(at) }))
          .execute();
        return there.map(({ id }) => id);
      }),
    );
  }

  wasRemoved(id: string, now: UnixMs): Promise<boolean> {
    return this.#run(async (db) => {
      const row = await db
        .selectFrom("recording_tombstones")
        .select("at")
        .where("id", "=", text(id))
        .executeTakeFirst();
      if (row === undefined) return false;
      // A list is asked for every minute: not each time.
      if (row.at < now - DAY_MS)
        await db
          .updateTable("recording_tombstones")
          .set({ at: Math.round(now) })
          .where("id", "=", text(id))
          .execute();
      return true;
    });
  }

  dropRemoved(before: UnixMs): Promise<void> {
    return this.#run(async (db) => {
      await db.deleteFrom("recording_tombstones").where("at", "<", Math.round(before)).execute();
    });
  }

  ofNumber(number: string, held: boolean, after = ""): Promise<readonly string[]> {
    const wanted = text(number);
    return this.#run(async (db) => {
      const rows = await db
        .selectFrom("recording_jobs")
        .select("id")
        .where("id", ">", after)
        .where(held ? sql<boolean>`not ${isJobNotHeld}` : isJobNotHeld)
        .where((eb) =>
          eb.or([
            eb("caller", "=", wanted),
            eb("called", "=", wanted),
            eb(
              "call_id",
              "in",
              eb
                .selectFrom("cdrs")
                .select("cdrs.call_id")
                .where((of) => of.or([of("cdrs.caller", "=", wanted), of("cdrs.called", "=", wanted)])),
            ),
            sql<boolean>`call_id in (select r.record ->> 'callId' from call_records r
              where r.caller = ${wanted} or r.called = ${wanted})`,
          ]),
        )
        .orderBy("id")
        .limit(MAX_ROWS)
        .execute();
      return rows.map(({ id }) => id);
    });
  }

  partiesOf(callId: string): Promise<RecordingParties | undefined> {
    const of = text(callId);
    return this.#run(async (db) => {
      const { rows } = await sql<{ caller: string; called: string }>`
        select caller, called from (
          select caller, called, 0 as place, started_at from cdrs where call_id = ${of}
          union all
          select r.caller, r.called, 1, r.started_at from call_records r where ${recordedCall(sql`${of}::text`)}
        ) as calls order by place, started_at limit 1`.execute(db);
      return rows.map(({ caller, called }) => ({ caller: partyOf(caller), called: partyOf(called) }))[0];
    });
  }

  giveUpOrphans(home: string, before: UnixMs, now: UnixMs, detail: string): Promise<number> {
    return this.#run(async (db) => {
      const { numUpdatedRows } = await db
        .updateTable("recording_jobs")
        .set({ stage: "failed", error: "recording.invalid", detail, updated_at: Math.round(now) })
        .where("stage", "not in", [...OVER])
        .where("home", "!=", home)
        .where("home", "not in", (eb) =>
          eb
            .selectFrom("recording_jobs as other")
            .select("other.home")
            .where("other.updated_at", ">=", Math.round(before)),
        )
        .executeTakeFirst();
      return Number(numUpdatedRows);
    });
  }

  endedBefore(before: UnixMs): Promise<readonly string[]> {
    return this.#run(async (db) => {
      const rows = await db
        .selectFrom("recording_jobs")
        .select("id")
        .where("stage", "in", OVER)
        .where("updated_at", "<", Math.round(before))
        .where(isJobNotHeld)
        .limit(MAX_ROWS)
        .execute();
      return rows.map(({ id }) => id);
    });
  }
}

const atMost = (limit: number): number => Math.max(1, Math.min(MAX_ROWS, Math.trunc(limit)));
/** No stored text has a NUL, and PostgreSQL refuses a parameter that has one. */
const text = (value: string): string => value.replaceAll("\0", "\uFFFD");
/** Empty: withheld. */
const partyOf = (number: string): string | undefined => (number === "" ? undefined : number);
const textOrNull = (value: string | undefined): string | null => (value === undefined ? null : text(value));

function rowOf(job: KeptRecordingJob): RecordingJobRow {
  return {
    id: text(job.id),
    home: job.home,
    call_id: text(job.callId),
    origin: job.origin,
    caller: textOrNull(job.caller),
    called: textOrNull(job.called),
    priority: job.priority,
    stage: job.stage,
    created_at: Math.round(job.createdAt),
    updated_at: Math.round(job.updatedAt),
    stage_since: Math.round(job.stageSince),
    due_at: Math.round(job.dueAt),
    failing_since: job.failingSince === undefined ? null : Math.round(job.failingSince),
    attempts: job.attempts,
    pieces: job.pieces,
    pieces_done: job.piecesDone,
    duration_ms: Math.round(job.durationMs),
    error: job.error ?? null,
    detail: textOrNull(job.detail),
    state: job.state ?? null,
    score: job.score ?? null,
    kind: job.kind ?? null,
    sealed_order: job.sealedOrder,
    sealed_result: job.sealedResult ?? null,
  };
}

const COLUMNS = {
  caller: "caller",
  called: "called",
  priority: "priority",
  stage: "stage",
  updatedAt: "updated_at",
  stageSince: "stage_since",
  dueAt: "due_at",
  failingSince: "failing_since",
  attempts: "attempts",
  pieces: "pieces",
  piecesDone: "pieces_done",
  durationMs: "duration_ms",
  error: "error",
  detail: "detail",
  state: "state",
  score: "score",
  kind: "kind",
  sealedOrder: "sealed_order",
  sealedResult: "sealed_result",
} as const satisfies Record<keyof RecordingChange, keyof RecordingJobRow>;

/** A key that is there with `undefined` empties its column. */
function columnsOf(change: RecordingChange): Partial<RecordingJobRow> {
  const entries = (Object.keys(change) as (keyof RecordingChange)[]).map((key) => {
    const value = change[key];
    if (value === undefined) return [COLUMNS[key], null];
    if (typeof value === "string") return [COLUMNS[key], text(value)];
    return [COLUMNS[key], key === "score" ? value : Math.round(value)];
  });
  return Object.fromEntries(entries) as Partial<RecordingJobRow>;
}

const jobOf = (row: RecordingJobRow): KeptRecordingJob => ({
  id: row.id,
  home: row.home,
  callId: row.call_id,
  origin: row.origin,
  caller: row.caller ?? undefined,
  called: row.called ?? undefined,
  priority: row.priority,
  stage: row.stage,
  createdAt: unixMs(row.created_at),
  updatedAt: unixMs(row.updated_at),
  stageSince: unixMs(row.stage_since),
  dueAt: unixMs(row.due_at),
  failingSince: row.failing_since === null ? undefined : unixMs(row.failing_since),
  attempts: row.attempts,
  pieces: row.pieces,
  piecesDone: row.pieces_done,
  durationMs: row.duration_ms,
  error: row.error ?? undefined,
  detail: row.detail ?? undefined,
  state: row.state ?? undefined,
  score: row.score ?? undefined,
  kind: row.kind ?? undefined,
  sealedOrder: row.sealed_order,
  sealedResult: row.sealed_result ?? undefined,
});
