import { sql, type Kysely } from "kysely";
import { GatewayError } from "../../core/errors.js";
import { CALL_RECORD_LINKS, CALL_RECORDS, SETTING_CHANGES, UNJUDGED_RECORDS } from "./call-record-migrations.js";
import { ALERT_CASES, ALERT_COUNTS, ALERT_RETRIES, ALERT_URGENCY } from "./alert-migrations.js";
import { LEGAL_HOLDS } from "./legal-holds.js";
import { RECORDING_ENDS, RECORDING_JOBS } from "./recording-migrations.js";

/**
 * The schema's history, forward only: entry n brings the database from version n to n + 1. Never edit an entry that has been
 * released, append one. All pending entries run in one transaction under an advisory lock, so of several gateways that start on
 * one PostgreSQL one migrates and the others wait.
 *
 * Times are `bigint`, milliseconds since the Unix epoch, as in the detection model: no time zone to get wrong and nothing lost.
 */
export const MIGRATIONS: readonly (readonly string[])[] = [
  [
    `create table cdrs (
      id text primary key, call_id text not null, b_call_id text, caller text not null, called text not null,
      trunk text not null, next_hop text, started_at bigint not null, ringing_at bigint, answered_at bigint,
      ended_at bigint not null, duration_ms bigint not null, status integer not null, ended_by text not null,
      cause text not null, q850 integer, incident_id text, block_id text, emergency boolean not null)`,
    `create index cdrs_by_start on cdrs (started_at, id)`,
    `create index cdrs_by_caller on cdrs (caller, started_at)`,
    `create index cdrs_by_called on cdrs (called, started_at)`,
    `create table alerts (
      id text primary key, incident_id text not null, rule text not null, called text not null, callers jsonb not null,
      caller_count integer not null, call_ids jsonb not null, call_count integer not null, severity text not null,
      detected_at bigint not null, disposition text not null, message text not null)`,
    `create index alerts_by_time on alerts (detected_at, id)`,
    `create table incidents (
      id text primary key, rule text not null, called text not null, state text not null, severity text not null,
      opened_at bigint not null, updated_at bigint not null, closed_at bigint, trunks jsonb not null,
      callers jsonb not null, caller_count integer not null, calls jsonb not null, call_count integer not null,
      disposition text not null, window_ms bigint not null, threshold integer not null)`,
    `create index incidents_by_time on incidents (opened_at, id)`,
    `create index incidents_open on incidents (opened_at, id) where state = 'open'`,
    `create table blocks (
      id text primary key, called text not null, caller text, caller_prefix text, trunk text, incident_id text,
      created_at bigint not null, expires_at bigint not null, created_by text not null, reason text not null,
      state text not null)`,
    `create index blocks_in_force on blocks (expires_at) where state <> 'removed'`,
    `create index blocks_by_expiry on blocks (expires_at)`,
    `create table teardowns (
      call_id text not null, incident_id text, at bigint not null, phase text not null, via text not null,
      a_outcome text not null, b_outcome text not null, took_ms double precision not null,
      primary key (call_id, at, via))`,
    `create index teardowns_by_time on teardowns (at, call_id)`,
    `create index teardowns_by_incident on teardowns (incident_id, at)`,
    `create table audit (
      id text primary key, at bigint not null, actor text not null, role text not null, action text not null,
      target text not null, outcome text not null, detail jsonb not null)`,
    `create index audit_by_time on audit (at, id)`,
  ],
  [`alter table alerts add column threat jsonb`],
  [
    `alter table cdrs add column media_anchor text, add column media_not_heard text,
      add column a_packets bigint, add column a_lost bigint, add column a_jitter_ms double precision,
      add column a_mos double precision, add column b_packets bigint, add column b_lost bigint,
      add column b_jitter_ms double precision, add column b_mos double precision`,
  ],
  [
    `create table transcripts (
      call_id text primary key, caller text not null, called text not null, trunk text not null, ended_at bigint not null,
      state text not null, score double precision not null, kind text not null, stage text not null, sealed text not null)`,
    `create index transcripts_by_time on transcripts (ended_at, call_id)`,
    `create index transcripts_by_caller on transcripts (caller)`,
    `create index transcripts_by_called on transcripts (called)`,
  ],
  [
    `alter table cdrs add column identity_verdict text, add column identity_attest text, add column identity_origid text,
      add column identity_reason text, add column identity_diverted boolean`,
  ],
  RECORDING_JOBS,
  CALL_RECORDS,
  ALERT_CASES,
  LEGAL_HOLDS,
  CALL_RECORD_LINKS,
  SETTING_CHANGES,
  RECORDING_ENDS,
  ALERT_RETRIES,
  ALERT_URGENCY,
  ALERT_COUNTS,
  UNJUDGED_RECORDS,
  // A second call under a Call-ID: its text is kept under another id, and was sealed under this one (write-batch.ts).
  [`alter table transcripts add column sealed_as text`],
];

/** "ringfenc" read as a number: the same for every version, or two versions would not exclude each other. */
const ADVISORY_LOCK = sql.lit(0x72696e67);

/**
 * Brings the schema to `MIGRATIONS.length`. All or nothing.
 *
 * @throws GatewayError `store.schema` when the database was made by a newer version: nothing is changed then.
 */
export async function migrate<T>(
  db: Kysely<T>,
  migrations: readonly (readonly string[])[] = MIGRATIONS,
): Promise<{ readonly from: number; readonly to: number }> {
  return db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${ADVISORY_LOCK})`.execute(trx);
    await sql`create table if not exists ringfence_schema (version integer primary key, applied_at timestamptz not null default now())`.execute(
      trx,
    );
    const found = await sql<{
      version: number;
    }>`select coalesce(max(version), 0) as version from ringfence_schema`.execute(trx);
    const from = found.rows[0]?.version ?? 0;
    if (from > migrations.length) {
      throw new GatewayError(
        "store.schema",
        `the database has schema ${from}, this program knows ${migrations.length}: run the newer version`,
      );
    }
    for (const [index, statements] of migrations.entries()) {
      if (index < from) continue;
      for (const statement of statements) await sql.raw(statement).execute(trx);
      await sql`insert into ringfence_schema (version) values (${index + 1})`.execute(trx);
    }
    return { from, to: migrations.length };
  });
}
