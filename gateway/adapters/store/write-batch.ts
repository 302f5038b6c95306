import { sql, type Kysely } from "kysely";
import { GatewayError } from "../../core/errors.js";
import type { StoreRecord } from "../../ports/records.js";
import type { Tables } from "./tables.js";
import { toRows, type RowBatch } from "./to-rows.js";

/** One statement's JSON is kept below this many characters; a larger list is halved. PostgreSQL's own limit is 1 GB. */
const MAX_STATEMENT_CHARS = 8_000_000;

const IS_SAME_CALL = sql`(t.caller, t.called, t.ended_at) = (come.caller, come.called, come.ended_at)`;

/**
 * Each row list travels as one JSON parameter: a batch costs one round trip a table, and text can only ever be data.
 * Every statement commutes with itself and may be repeated, so the order in which batches arrive does not matter.
 */
const INSERT = {
  cdrs: (rows: string) =>
    sql`insert into cdrs select * from json_populate_recordset(null::cdrs, ${rows}::text::json) on conflict (id) do nothing`,
  alerts: (rows: string) =>
    sql`insert into alerts select * from json_populate_recordset(null::alerts, ${rows}::text::json) on conflict (id) do nothing`,
  incidents: (rows: string) =>
    sql`insert into incidents select * from json_populate_recordset(null::incidents, ${rows}::text::json)
      on conflict (id) do update set
        state = excluded.state, severity = excluded.severity, updated_at = excluded.updated_at,
        closed_at = excluded.closed_at, trunks = excluded.trunks, callers = excluded.callers,
        caller_count = excluded.caller_count, calls = excluded.calls, call_count = excluded.call_count,
        disposition = excluded.disposition, window_ms = excluded.window_ms, threshold = excluded.threshold
      where excluded.updated_at > incidents.updated_at
        or (excluded.updated_at = incidents.updated_at and not (incidents.state = 'closed' and excluded.state = 'open'))`,
  blocks: (rows: string) =>
    sql`insert into blocks select * from json_populate_recordset(null::blocks, ${rows}::text::json)
      on conflict (id) do update set
        expires_at = greatest(blocks.expires_at, excluded.expires_at),
        state = case
          when 'removed' in (blocks.state, excluded.state) then 'removed'
          when 'expired' in (blocks.state, excluded.state) then 'expired'
          else 'added' end`,
  teardowns: (rows: string) =>
    sql`insert into teardowns select * from json_populate_recordset(null::teardowns, ${rows}::text::json)
      on conflict (call_id, at, via) do nothing`,
  audit: (rows: string) =>
    sql`insert into audit select * from json_populate_recordset(null::audit, ${rows}::text::json) on conflict (id) do nothing`,
  // Callers choose their Call-IDs, and may take one again that stands for another call here: the text of the later call is kept beside that of
  // the earlier one, under a name that is made of what it is, so that repeating a batch finds it again.
  transcripts: (rows: string) =>
    sql`with come as (select * from json_populate_recordset(null::transcripts, ${rows}::text::json)),
      told as (select come.*,
        exists (select 1 from transcripts t where t.call_id = come.call_id and ${IS_SAME_CALL}) as is_there,
        exists (select 1 from transcripts t where t.call_id = come.call_id and not ${IS_SAME_CALL}) as is_taken,
        row_number() over (partition by call_id order by ended_at, caller, called) as nth from come)
      insert into transcripts (call_id, caller, called, trunk, ended_at, state, score, kind, stage, sealed, sealed_as)
      select case when is_taken or nth > 1
          then call_id || '~' || left(md5(concat_ws('|', ended_at, caller, called)), 8) else call_id end,
        caller, called, trunk, ended_at, state, score, kind, stage, sealed,
        case when is_taken or nth > 1 then call_id end
      from told where not is_there
      on conflict (call_id) do nothing`,
  call_records: (rows: string) =>
    sql`insert into call_records select * from json_populate_recordset(null::call_records, ${rows}::text::json)
      on conflict (source, id) do nothing`,
  judged: (rows: string) =>
    sql`update call_records r set unjudged = null
      from json_to_recordset(${rows}::text::json) as j(source text, id text)
      where r.source = j.source and r.id = j.id and r.unjudged`,
  setting_changes: (rows: string) =>
    sql`insert into setting_changes select * from json_populate_recordset(null::setting_changes, ${rows}::text::json)
      on conflict (id) do nothing`,
  findings: (rows: string) =>
    sql`insert into findings select * from json_populate_recordset(null::findings, ${rows}::text::json)
      on conflict (id) do update set
        severity = excluded.severity, state = excluded.state, at = excluded.at, record_count = excluded.record_count,
        finding = excluded.finding
      where (excluded.record_count, excluded.at) >= (findings.record_count, findings.at) and findings.state <> 'closed'`,
  intake_positions: (rows: string) =>
    sql`insert into intake_positions select * from json_populate_recordset(null::intake_positions, ${rows}::text::json)
      on conflict (name) do update set at = excluded.at, value = excluded.value where excluded.at >= intake_positions.at`,
} as const;

const TABLES = [
  "cdrs",
  "alerts",
  "incidents",
  "blocks",
  "teardowns",
  "audit",
  "transcripts",
  "call_records",
  "judged",
  "setting_changes",
  "findings",
  "intake_positions",
] as const satisfies readonly (keyof RowBatch)[];

/** What PostgreSQL refuses in text: NUL, and a surrogate without its other half. */
const UNSTORABLE = /\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;
/** How JSON.stringify writes those. An escaped backslash before `u0000` matches too, which costs a second pass and nothing else. */
const MAYBE_UNSTORABLE = /\\u(?:0000|d[89a-f])/i;

/**
 * JSON that PostgreSQL takes: NUL characters and lone surrogates become U+FFFD. They come from hostile SIP headers only; what
 * they looked like is in the SIP trace, and a record that is a little different is worth more than one that is refused.
 */
export function storableJson(rows: unknown): string {
  const json = JSON.stringify(rows);
  if (!MAYBE_UNSTORABLE.test(json)) return json;
  return JSON.stringify(rows, (_key, value: unknown) => {
    if (typeof value === "string") return value.replace(UNSTORABLE, "\uFFFD");
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, of]) => [name.replace(UNSTORABLE, "\uFFFD"), of]));
  });
}

function statements(table: keyof RowBatch, rows: readonly unknown[]): string[] {
  if (rows.length === 0) return [];
  const json = storableJson(rows);
  if (json.length <= MAX_STATEMENT_CHARS || rows.length === 1) return [json];
  const half = rows.length >> 1;
  return [...statements(table, rows.slice(0, half)), ...statements(table, rows.slice(half))];
}

/** Writes all records or none. @throws GatewayError `store.rejected` for a record that is not one; else the driver's own error. */
export async function writeBatch(db: Kysely<Tables>, records: readonly StoreRecord[]): Promise<void> {
  if (records.length === 0) return;
  const work = prepare(records);
  const only = work[0];
  if (work.length === 1 && only !== undefined) {
    // One statement is a transaction of its own: two round trips less.
    await INSERT[only.table](only.json).execute(db);
    return;
  }
  await db.transaction().execute(async (trx) => {
    for (const { table, json } of work) await INSERT[table](json).execute(trx);
  });
}

function prepare(records: readonly StoreRecord[]): { readonly table: keyof RowBatch; readonly json: string }[] {
  try {
    const batch = toRows(records);
    return TABLES.flatMap((table) => statements(table, batch[table]).map((json) => ({ table, json })));
  } catch (cause) {
    // A spill file that someone edited, or a bug of ours: not a reason to stop the rest of the batch.
    throw new GatewayError("store.rejected", "a record lacks a required part", { cause });
  }
}
