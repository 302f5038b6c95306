import { sql, type Expression, type Kysely, type SqlBool } from "kysely";
import {
  RECORD_SOURCES,
  type CallRecord,
  type CdrFinding,
  type SettingChange,
  type UnixMs,
} from "../../../detection/index.js";
import { unixMs } from "../../core/time.js";
import type {
  CallRecordQuery,
  CallRecordStore,
  FindingQuery,
  LinkQuery,
  SettingChangeQuery,
} from "../../ports/call-records.js";
import type { IntakePosition } from "../../ports/intake-position.js";
import type { PageQuery } from "../../ports/records.js";
import { findingInScope, recordInScope, textArray } from "./scope-sql.js";
import type { CallRecordRow, FindingRow, IntakePositionRow, SettingChangeRow } from "./call-record-rows.js";

interface CallRecordTables {
  call_records: CallRecordRow;
  setting_changes: SettingChangeRow;
  findings: FindingRow;
  intake_positions: IntakePositionRow;
}

/** The last row of a page. Ids are unique within a source only. */
interface PageEnd {
  readonly at: number;
  readonly id: string;
  readonly source: string;
}

/** How the store lends its database: after the schema is there, failures as `store.*`. */
export type RunCallRecords = <T>(work: (db: Kysely<CallRecordTables>) => Promise<T>) => Promise<T>;

const MAX_PAGE = 1_000;
/** Characters of a text that an index has; as in the migration. */
const CUT = 256;
const EXPORT_PAGE = 2_000;

/** `CallRecordStore` on the store's database, PGlite and PostgreSQL alike. */
export class SqlCallRecords implements CallRecordStore {
  readonly #run: RunCallRecords;

  constructor(run: RunCallRecords) {
    this.#run = run;
  }

  records(query: CallRecordQuery): Promise<readonly CallRecord[]> {
    return this.#run(async (db) => {
      let select = db.selectFrom("call_records").select("record");
      const { user, caller, called, country, site, source } = query;
      if (user !== undefined) select = select.where("user_name", "=", param(user));
      if (caller !== undefined) select = select.where("caller", "=", param(caller));
      if (called !== undefined) select = select.where("called", "=", param(called));
      if (country !== undefined) select = select.where("country", "=", param(country));
      if (site !== undefined) select = select.where("site", "=", param(site));
      if (source !== undefined) select = select.where(sql<SqlBool>`source = ${param(source)}`);
      if (query.scope !== undefined) select = select.where(recordInScope("record", query.scope));
      const rows = await select
        .where(inPage("started_at", query))
        .orderBy("started_at", "desc")
        .orderBy("id", "desc")
        .limit(pageSize(query))
        .execute();
      return rows.map(({ record }) => record);
    });
  }

  async *recordsFrom(since: UnixMs, which?: { readonly judged: boolean }): AsyncIterable<readonly CallRecord[]> {
    let after: PageEnd | undefined;
    for (;;) {
      const page = await this.#pageFrom(since, which?.judged, after);
      if (page.length > 0) yield page.map(({ record }) => record);
      const last = page.at(-1);
      if (last === undefined || page.length < EXPORT_PAGE) return;
      after = { at: last.started_at, id: last.id, source: last.source };
    }
  }

  #pageFrom(since: UnixMs, judged: boolean | undefined, after: PageEnd | undefined) {
    return this.#run(async (db) => {
      let select = db
        .selectFrom("call_records")
        .select(["record", "started_at", "id", "source"])
        .where("started_at", ">=", Math.round(since));
      if (judged === true) select = select.where("unjudged", "is", null);
      if (judged === false) select = select.where(sql<SqlBool>`unjudged`);
      if (after !== undefined)
        select = select.where(
          sql<SqlBool>`(started_at, id, source) > (${after.at}::bigint, ${after.id}::text, ${after.source}::text)`,
        );
      return select.orderBy("started_at").orderBy("id").orderBy("source").limit(EXPORT_PAGE).execute();
    });
  }

  linked({ ids, correlations, scope }: LinkQuery): Promise<readonly CallRecord[]> {
    const [named, shared] = [ids, correlations].map((keys) => sql`any(${textArray(keys.slice(0, MAX_PAGE))})`);
    const [cutNamed, cutShared] = [ids, correlations].map(
      (keys) => sql`any(${textArray(keys.slice(0, MAX_PAGE).map((key) => Array.from(key).slice(0, CUT).join("")))})`,
    );
    // One after the other, so that each is looked up in its own index, which has the beginnings of texts only.
    const selects = [
      sql`source = any(${textArray(RECORD_SOURCES)}) and id = ${named}`,
      sql`left(record ->> 'callId', ${sql.lit(CUT)}) = ${cutNamed} and record ->> 'callId' = ${named}`,
      ...["related", "transfer"].map((link) => byLink(link, cutNamed, named)),
      byLink("correlation", cutShared, shared),
    ].map(
      (where) => sql`(select source, id, record from call_records where ${where}
        ${scope === undefined ? sql`` : sql`and ${recordInScope("record", scope)}`} limit ${sql.lit(MAX_PAGE)})`,
    );
    return this.#run(async (db) => {
      const { rows } = await sql<{ source: string; id: string; record: CallRecord }>`select * from
        (${sql.join(selects, sql` union all `)}) as found limit ${sql.lit(MAX_PAGE)}`.execute(db);
      return [...new Map(rows.map(({ source, id, record }) => [`${source} ${id}`, record])).values()];
    });
  }

  findings(query: FindingQuery): Promise<readonly CdrFinding[]> {
    return this.#run(async (db) => {
      let select = db.selectFrom("findings").select("finding");
      const { rule, severity, subject, state } = query;
      if (rule !== undefined) select = select.where("rule", "=", rule);
      if (severity !== undefined) select = select.where("severity", "=", severity);
      if (subject !== undefined) select = select.where("subject", "=", param(subject));
      if (state !== undefined) select = select.where("state", "=", state);
      if (query.scope !== undefined) select = select.where(findingInScope("finding", query.scope));
      const rows = await select
        .where(inPage("first_at", query))
        .orderBy("first_at", "desc")
        .orderBy("id", "desc")
        .limit(pageSize(query))
        .execute();
      return rows.map(({ finding }) => finding);
    });
  }

  finding(id: string): Promise<CdrFinding | undefined> {
    return this.#run(async (db) => {
      const row = await db.selectFrom("findings").select("finding").where("id", "=", param(id)).executeTakeFirst();
      return row?.finding;
    });
  }

  settingChanges(query: SettingChangeQuery): Promise<readonly SettingChange[]> {
    return this.#run(async (db) => {
      let select = db.selectFrom("setting_changes").select("change");
      if (query.user !== undefined) select = select.where("user_name", "=", param(query.user));
      const rows = await select
        .where(inPage("at", query))
        .orderBy("at", "desc")
        .orderBy("id", "desc")
        .limit(pageSize(query))
        .execute();
      return rows.map(({ change }) => change);
    });
  }

  position(name: string): Promise<IntakePosition | undefined> {
    return this.#run(async (db) => {
      const row = await db
        .selectFrom("intake_positions")
        .selectAll()
        .where("name", "=", param(name))
        .executeTakeFirst();
      return row === undefined ? undefined : { name: row.name, at: unixMs(row.at), value: row.value };
    });
  }
}

/** `since` ≤ time < `before`; with `beforeId` also those of that millisecond whose id is smaller. */
function inPage(time: string, { since, before, beforeId }: Omit<PageQuery, "limit">): Expression<SqlBool> {
  const at = sql.ref(time);
  const from = since === undefined ? sql<SqlBool>`true` : sql<SqlBool>`${at} >= ${Math.round(since)}::bigint`;
  if (before === undefined) return from;
  const end = Math.round(before);
  return beforeId === undefined
    ? sql<SqlBool>`${from} and ${at} < ${end}::bigint`
    : sql<SqlBool>`${from} and (${at}, id) < (${end}::bigint, ${param(beforeId)}::text)`;
}

const byLink = (link: string, cut: unknown, whole: unknown) => {
  const of = sql`record -> 'links' ->> ${sql.lit(link)}`;
  return sql`${of} is not null and left(${of}, ${sql.lit(CUT)}) = ${cut} and ${of} = ${whole}`;
};

/** No stored text has a NUL, and PostgreSQL refuses a parameter that has one. */
const param = (value: string): string => value.replaceAll("\0", "\uFFFD");

const pageSize = (query: PageQuery): number =>
  Number.isFinite(query.limit) ? Math.max(1, Math.min(MAX_PAGE, Math.trunc(query.limit))) : MAX_PAGE;
