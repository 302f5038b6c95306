import { setImmediate as nextTurn } from "node:timers/promises";
import { sql, type Kysely } from "kysely";
import type { UnixMs } from "../../../detection/index.js";
import { isNotHeld } from "./legal-holds.js";
import type { Tables } from "./tables.js";

/** How long each kind is kept, days, counted from the call's start, the alert, the incident's end, the block's expiry. 0: for ever. */
export interface RetentionDays {
  /** Call detail records. Default 90. */
  readonly cdrDays: number;
  /** Alerts, closed incidents, blocks that are over, teardown records. Default 400. */
  readonly incidentDays: number;
  /** Audit rows; the hash-chained file is another copy with its own rules. Default 400. */
  readonly auditDays: number;
  /** Transcripts of calls that were listened to. Default 30. */
  readonly transcriptDays: number;
  /** Call records of all sources, changed settings, and what was found in them. Default 400. */
  readonly recordDays: number;
}

export const DEFAULT_RETENTION: RetentionDays = {
  cdrDays: 90,
  incidentDays: 400,
  auditDays: 400,
  transcriptDays: 30,
  recordDays: 400,
};

export interface PruneResult {
  /** Rows deleted, by table. */
  readonly deleted: Readonly<Record<keyof Tables, number>>;
  /** A limit was reached: there is more to delete. */
  readonly more: boolean;
}

const DAY_MS = 86_400_000;
/** Rows a statement: locks and WAL stay small, and on PGlite nobody waits long for the one connection. */
const STEP_ROWS = 2_000;
const STEPS_PER_TABLE = 100;

const OLD = {
  cdrs: (limit: number) => sql`started_at < ${limit}::bigint and ${isNotHeld}`,
  alerts: (limit: number) => sql`detected_at < ${limit}::bigint`,
  incidents: (limit: number) =>
    sql`opened_at < ${limit}::bigint and updated_at < ${limit}::bigint and state = 'closed'`,
  blocks: (limit: number) => sql`expires_at < ${limit}::bigint`,
  teardowns: (limit: number) => sql`at < ${limit}::bigint`,
  audit: (limit: number) => sql`at < ${limit}::bigint`,
  transcripts: (limit: number) => sql`ended_at < ${limit}::bigint and ${isNotHeld}`,
  call_records: (limit: number) => sql`started_at < ${limit}::bigint and ${isNotHeld}`,
  setting_changes: (limit: number) =>
    sql`at < ${limit}::bigint and not exists (select 1 from legal_holds h where h.number = target)`,
  findings: (limit: number) => sql`at < ${limit}::bigint`,
  intake_positions: (limit: number) => sql`at < ${limit}::bigint`,
} as const;

const daysFor = (retention: RetentionDays): Readonly<Record<keyof Tables, number>> => ({
  cdrs: retention.cdrDays,
  alerts: retention.incidentDays,
  incidents: retention.incidentDays,
  blocks: retention.incidentDays,
  teardowns: retention.incidentDays,
  audit: retention.auditDays,
  transcripts: retention.transcriptDays,
  call_records: retention.recordDays,
  setting_changes: retention.recordDays,
  findings: retention.recordDays,
  intake_positions: retention.recordDays,
});

/** One bounded round over all tables; each step is a transaction of its own. */
export async function pruneTables(
  db: Kysely<Tables>,
  now: UnixMs,
  retention: RetentionDays,
  vacuum: boolean,
): Promise<PruneResult> {
  const days = daysFor(retention);
  const deleted = {
    cdrs: 0,
    alerts: 0,
    incidents: 0,
    blocks: 0,
    teardowns: 0,
    audit: 0,
    transcripts: 0,
    call_records: 0,
    setting_changes: 0,
    findings: 0,
    intake_positions: 0,
  };
  let more = false;
  for (const table of Object.keys(deleted) as (keyof Tables)[]) {
    if (days[table] <= 0) continue;
    const old = OLD[table](Math.round(now - days[table] * DAY_MS));
    let step = 0;
    let rows = STEP_ROWS;
    while (rows === STEP_ROWS && step < STEPS_PER_TABLE) {
      rows = await deleteStep(db, table, old);
      deleted[table] += rows;
      step++;
      // The embedded database answers without a turn of the event loop, and the same thread answers HTTP.
      await nextTurn();
    }
    more ||= rows === STEP_ROWS;
    if (vacuum && deleted[table] > 0 && rows < STEP_ROWS) await sql`vacuum ${sql.table(table)}`.execute(db);
  }
  return { deleted, more };
}

async function deleteStep(db: Kysely<Tables>, table: keyof Tables, old: ReturnType<typeof sql>): Promise<number> {
  const result = await sql`delete from ${sql.table(table)} where ctid = any (array(
    select ctid from ${sql.table(table)} where ${old} limit ${sql.lit(STEP_ROWS)}))`.execute(db);
  return Number(result.numAffectedRows ?? 0n);
}
