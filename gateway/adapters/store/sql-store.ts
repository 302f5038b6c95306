import { setImmediate as nextTurn } from "node:timers/promises";
import { sql, type ExpressionBuilder, type Kysely, type SqlBool, type Expression } from "kysely";
import type { Alert, Block, Cdr, Incident, UnixMs } from "../../../detection/index.js";
import type {
  AuditEntry,
  CdrQuery,
  PageQuery,
  ScopeQuery,
  Store,
  StoreRecord,
  TeardownRecord,
  TranscriptQuery,
  TranscriptRecord,
  TrunkQuery,
} from "../../ports/records.js";
import { alertOf, auditOf, blockOf, cdrOf, incidentOf, teardownOf, transcriptOf } from "./from-rows.js";
import { isNotHeld, SqlLegalHolds } from "./legal-holds.js";
import { SqlRecordingJobs } from "./recording-jobs.js";
import { SqlAlertStore } from "./sql-alert-store.js";
import { alertInScope, textArray } from "./scope-sql.js";
import { pruneTables, type PruneResult, type RetentionDays } from "./retention.js";
import { SqlCallRecords } from "./sql-call-records.js";
import { sqlState, storeError, withTimeout } from "./store-errors.js";
import type { Tables } from "./tables.js";
import { writeBatch } from "./write-batch.js";

export interface SqlStoreOptions {
  readonly db: Kysely<Tables>;
  /** Resolves when the schema is there. Called before every operation; keeps its own success. */
  readonly ready: () => Promise<void>;
  /** Told when a table turned out to be missing, so that `ready` looks again. */
  readonly onSchemaLost: () => void;
  readonly retention: RetentionDays;
  /** PGlite has no autovacuum: space of deleted rows is given back by hand. */
  readonly vacuumAfterPrune: boolean;
  /** After the database is closed: what else was held. */
  readonly onClose: () => Promise<void>;
}

/** PostgreSQL's code: someone emptied or exchanged the database under us. */
const UNDEFINED_TABLE = "42P01";
const MAX_PAGE = 1000;
const EXPORT_PAGE = 1000;
/** In force at once. The policy's own limit is far lower; this one bounds what a start reads. */
const MAX_ACTIVE_BLOCKS = 100_000;

/** The Store port on SQL: the same statements on PostgreSQL and on PGlite. */
export class SqlStore implements Store {
  /** What must not be deleted. */
  readonly legalHolds = new SqlLegalHolds((work) => this.#run(work));
  /** What becomes of alerts. */
  readonly alertCases = new SqlAlertStore((work) => this.#run(work));
  /** Jobs of recordings: changed one by one, unlike records. */
  readonly recordings = new SqlRecordingJobs((work) => this.#run((db) => work(db.withTables())));
  /** Call records of all sources; written through `write`. */
  readonly callRecords = new SqlCallRecords((work) => this.#run((db) => work(db.withTables())));
  readonly #options: SqlStoreOptions;
  #closing: Promise<void> | undefined;

  constructor(options: SqlStoreOptions) {
    this.#options = options;
  }

  write(records: readonly StoreRecord[]): Promise<void> {
    return this.#run((db) => writeBatch(db, records));
  }

  alerts(query: PageQuery & ScopeQuery): Promise<readonly Alert[]> {
    return this.#run(async (db) => {
      let select = db
        .selectFrom("alerts")
        .selectAll()
        .where((eb) => inPage(eb, "detected_at", "id", query));
      if (query.scope !== undefined) select = select.where(alertInScope(query.scope));
      const rows = await select.orderBy("detected_at", "desc").orderBy("id", "desc").limit(pageSize(query)).execute();
      return rows.map(alertOf);
    });
  }

  alert(id: string): Promise<Alert | undefined> {
    return this.#run(async (db) => {
      const row = await db.selectFrom("alerts").selectAll().where("id", "=", param(id)).executeTakeFirst();
      return row === undefined ? undefined : alertOf(row);
    });
  }

  incidents(query: PageQuery & TrunkQuery & { readonly state?: "open" | "closed" }): Promise<readonly Incident[]> {
    return this.#run(async (db) => {
      let select = db
        .selectFrom("incidents")
        .selectAll()
        .where((eb) => inPage(eb, "opened_at", "id", query));
      if (query.state !== undefined) select = select.where("state", "=", query.state);
      if (query.trunks !== undefined) select = select.where(sql<SqlBool>`trunks ?| ${textArray(query.trunks)}`);
      const rows = await select.orderBy("opened_at", "desc").orderBy("id", "desc").limit(pageSize(query)).execute();
      return rows.map(incidentOf);
    });
  }

  incident(id: string): Promise<Incident | undefined> {
    return this.#run(async (db) => {
      const row = await db.selectFrom("incidents").selectAll().where("id", "=", param(id)).executeTakeFirst();
      return row === undefined ? undefined : incidentOf(row);
    });
  }

  incidentsOf(ids: readonly string[]): Promise<readonly Incident[]> {
    const wanted = ids.slice(0, MAX_PAGE).map(param);
    if (wanted.length === 0) return Promise.resolve([]);
    return this.#run(async (db) => {
      const rows = await db.selectFrom("incidents").selectAll().where("id", "in", wanted).execute();
      return rows.map(incidentOf);
    });
  }

  activeBlocks(now: UnixMs): Promise<readonly Block[]> {
    return this.#run(async (db) => {
      const rows = await db
        .selectFrom("blocks")
        .selectAll()
        .where("state", "<>", "removed")
        .where("expires_at", ">", Math.round(now))
        .orderBy("created_at")
        .orderBy("id")
        .limit(MAX_ACTIVE_BLOCKS)
        .execute();
      return rows.map(blockOf);
    });
  }

  cdrs(query: CdrQuery): Promise<readonly Cdr[]> {
    return this.#run(async (db) => {
      const rows = await filterCdrs(db, query)
        .where((eb) => inPage(eb, "started_at", "id", query))
        .orderBy("started_at", "desc")
        .orderBy("id", "desc")
        .limit(pageSize(query))
        .execute();
      return rows.map(cdrOf);
    });
  }

  async *exportCdrs(query: Omit<CdrQuery, "limit">): AsyncIterable<readonly Cdr[]> {
    let after: Cdr | undefined;
    for (;;) {
      const page = await this.#exportPage(query, after);
      if (page.length > 0) yield page;
      if (page.length < EXPORT_PAGE) return;
      after = page.at(-1);
      // The embedded database answers without a turn of the event loop, and the same thread answers HTTP.
      await nextTurn();
    }
  }

  /** Pages by key, so that a slow reader holds neither a transaction nor the connection between pages. */
  #exportPage(query: Omit<CdrQuery, "limit">, after: Cdr | undefined): Promise<readonly Cdr[]> {
    return this.#run(async (db) => {
      let select = filterCdrs(db, query).where((eb) => inPage(eb, "started_at", "id", query));
      if (after !== undefined) {
        select = select.where(sql<SqlBool>`(started_at, id) > (${after.startedAt}::bigint, ${after.id}::text)`);
      }
      const rows = await select.orderBy("started_at").orderBy("id").limit(EXPORT_PAGE).execute();
      return rows.map(cdrOf);
    });
  }

  teardowns(query: PageQuery & { readonly incidentId?: string }): Promise<readonly TeardownRecord[]> {
    return this.#run(async (db) => {
      let select = db
        .selectFrom("teardowns")
        .selectAll()
        .where((eb) => inPage(eb, "at", "call_id", query));
      if (query.incidentId !== undefined) select = select.where("incident_id", "=", param(query.incidentId));
      const rows = await select.orderBy("at", "desc").orderBy("call_id", "desc").limit(pageSize(query)).execute();
      return rows.map(teardownOf);
    });
  }

  audit(query: PageQuery & { readonly actor?: string; readonly action?: string }): Promise<readonly AuditEntry[]> {
    return this.#run(async (db) => {
      let select = db
        .selectFrom("audit")
        .selectAll()
        .where((eb) => inPage(eb, "at", "id", query));
      if (query.actor !== undefined) select = select.where("actor", "=", param(query.actor));
      if (query.action !== undefined) select = select.where("action", "=", param(query.action));
      const rows = await select.orderBy("at", "desc").orderBy("id", "desc").limit(pageSize(query)).execute();
      return rows.map(auditOf);
    });
  }

  transcripts(query: TranscriptQuery): Promise<readonly TranscriptRecord[]> {
    return this.#run(async (db) => {
      let select = db
        .selectFrom("transcripts")
        .selectAll()
        .where((eb) => inPage(eb, "ended_at", "call_id", query));
      if (query.caller !== undefined) select = select.where("caller", "=", param(query.caller));
      if (query.called !== undefined) select = select.where("called", "=", param(query.called));
      if (query.state !== undefined) select = select.where("state", "=", query.state);
      if (query.trunks !== undefined) select = select.where(sql<SqlBool>`trunk = any(${textArray(query.trunks)})`);
      const rows = await select.orderBy("ended_at", "desc").orderBy("call_id", "desc").limit(pageSize(query)).execute();
      return rows.map(transcriptOf);
    });
  }

  transcript(callId: string): Promise<TranscriptRecord | undefined> {
    return this.#run(async (db) => {
      const row = await db
        .selectFrom("transcripts")
        .selectAll()
        .where("call_id", "=", param(callId))
        .executeTakeFirst();
      return row === undefined ? undefined : transcriptOf(row);
    });
  }

  subjectCalls(number: string): Promise<readonly string[]> {
    return this.#run(async (db) => {
      const rows = await db
        .selectFrom("transcripts")
        .select("call_id")
        .where(ofSubject(number))
        .limit(MAX_PAGE)
        .execute();
      return rows.map((row) => row.call_id);
    });
  }

  forgetSubject(number: string, callIds?: readonly string[]): Promise<readonly string[]> {
    return this.#run(async (db) => {
      const which = callIds === undefined ? sql<SqlBool>`true` : sql<SqlBool>`call_id = any(${textArray(callIds)})`;
      const rows = await db
        .deleteFrom("transcripts")
        .where(ofSubject(number))
        .where(which)
        .returning("call_id")
        .execute();
      return rows.map((row) => row.call_id);
    });
  }

  resealTranscript(callId: string, sealed: string): Promise<void> {
    return this.#run(async (db) => {
      await db.updateTable("transcripts").set({ sealed }).where("call_id", "=", param(callId)).execute();
    });
  }

  ping(timeoutMs: number): Promise<void> {
    const asked = this.#run(async (db) => {
      await sql`select 1`.execute(db);
    });
    return withTimeout(asked, timeoutMs, "database");
  }

  /**
   * Deletes what is older than its kind is kept, in bounded steps: open incidents and blocks in force always stay.
   * Call it again while `more` is true.
   */
  prune(now: UnixMs): Promise<PruneResult> {
    const { retention, vacuumAfterPrune } = this.#options;
    return this.#run((db) => pruneTables(db, now, retention, vacuumAfterPrune));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#options.db.destroy();
    } catch (error) {
      throw storeError(error);
    } finally {
      await this.#options.onClose();
    }
  }

  async #run<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    try {
      await this.#options.ready();
      return await work(this.#options.db);
    } catch (error) {
      if (sqlState(error) === UNDEFINED_TABLE) this.#options.onSchemaLost();
      throw storeError(error);
    }
  }
}

function filterCdrs(db: Kysely<Tables>, query: Omit<CdrQuery, "limit">) {
  let select = db.selectFrom("cdrs").selectAll();
  if (query.caller !== undefined) select = select.where("caller", "=", param(query.caller));
  if (query.called !== undefined) select = select.where("called", "=", param(query.called));
  if (query.trunk !== undefined) select = select.where("trunk", "=", param(query.trunk));
  if (query.trunks !== undefined) select = select.where(sql<SqlBool>`trunk = any(${textArray(query.trunks)})`);
  if (query.cause !== undefined) select = select.where(sql<SqlBool>`cause = ${param(query.cause)}`);
  return select;
}

/** `since` ≤ time < `before`; with `beforeId` also those of the millisecond `before` whose key is smaller. */
function inPage<T extends keyof Tables>(
  eb: ExpressionBuilder<Tables, T>,
  time: string,
  key: string,
  query: Omit<PageQuery, "limit">,
): Expression<SqlBool> {
  const conditions: Expression<SqlBool>[] = [];
  const at = sql.ref(time);
  if (query.since !== undefined) conditions.push(sql<SqlBool>`${at} >= ${Math.round(query.since)}::bigint`);
  if (query.before !== undefined) {
    const before = Math.round(query.before);
    conditions.push(
      query.beforeId === undefined
        ? sql<SqlBool>`${at} < ${before}::bigint`
        : sql<SqlBool>`(${at}, ${sql.ref(key)}) < (${before}::bigint, ${param(query.beforeId)}::text)`,
    );
  }
  return eb.and(conditions);
}

/** Text to compare with. No stored text has a NUL, and PostgreSQL refuses a parameter that has one. */
/** A hold on the other party keeps the call. */
const ofSubject = (number: string) =>
  sql<SqlBool>`(caller = ${param(number)} or called = ${param(number)}) and ${isNotHeld}`;

const param = (value: string): string => value.replaceAll("\0", "\uFFFD");

const pageSize = (query: PageQuery): number =>
  Number.isFinite(query.limit) ? Math.max(1, Math.min(MAX_PAGE, Math.trunc(query.limit))) : MAX_PAGE;
