import { sql, type Kysely } from "kysely";
import { unixMs } from "../../core/time.js";
import type { HeldCallsQuery, LegalHold, LegalHoldStore } from "../../ports/legal-holds.js";
import type { PageQuery } from "../../ports/records.js";
import type { Tables } from "./tables.js";

/** One entry of `MIGRATIONS`. Never edit what has been released, append an entry there. */
export const LEGAL_HOLDS: readonly string[] = [
  `create table legal_holds (number text primary key, placed_by text not null, placed_at bigint not null, reason text not null)`,
];

const MAX_PAGE = 1_000;

interface HoldRow {
  readonly number: string;
  readonly placed_by: string;
  readonly placed_at: number | string;
  readonly reason: string;
}

/** For `where`: rows with a caller and a called number that no hold keeps. */
export const isNotHeld = sql`not exists (select 1 from legal_holds h where h.number = caller or h.number = called)`;

/** Legal holds on SQL. */
export class SqlLegalHolds implements LegalHoldStore {
  readonly #run: <T>(work: (db: Kysely<Tables>) => Promise<T>) => Promise<T>;

  constructor(run: <T>(work: (db: Kysely<Tables>) => Promise<T>) => Promise<T>) {
    this.#run = run;
  }

  hold(number: string): Promise<LegalHold | undefined> {
    return this.#run(async (db) => {
      const { rows } = await sql<HoldRow>`select * from legal_holds where number = ${clean(number)}`.execute(db);
      return rows.map(holdOf)[0];
    });
  }

  holds({ limit, since, before, beforeId }: PageQuery): Promise<readonly LegalHold[]> {
    const from = since === undefined ? sql`true` : sql`placed_at >= ${Math.round(since)}::bigint`;
    const end = before === undefined ? undefined : sql`${Math.round(before)}::bigint`;
    const until =
      end === undefined
        ? sql`true`
        : beforeId === undefined
          ? sql`placed_at < ${end}`
          : sql`(placed_at, number) < (${end}, ${clean(beforeId)}::text)`;
    return this.#run(async (db) => {
      const found = await sql<HoldRow>`select * from legal_holds where ${from} and ${until}
        order by placed_at desc, number desc limit ${rowsOf(limit)}::int`.execute(db);
      return found.rows.map(holdOf);
    });
  }

  heldCalls({ limit, after }: HeldCallsQuery): Promise<readonly string[]> {
    // Where the store has given a transcript a name of its own, its call's is that under which it was sealed.
    const name = sql`coalesce(t.sealed_as, t.call_id)`;
    const next = after === undefined ? sql`true` : sql`${name} > ${clean(after)}::text`;
    const of = (side: "caller" | "called") =>
      sql`select ${name} as call_id from legal_holds h join transcripts t on t.${sql.ref(side)} = h.number where ${next}`;
    return this.#run(async (db) => {
      const found = await sql<{ call_id: string }>`${of("caller")} union ${of("called")}
        order by call_id limit ${rowsOf(limit)}::int`.execute(db);
      return found.rows.map((row) => row.call_id);
    });
  }

  async place(hold: LegalHold): Promise<LegalHold> {
    await this.#run(async (db) => {
      await sql`insert into legal_holds (number, placed_by, placed_at, reason)
        values (${clean(hold.number)}, ${clean(hold.placedBy)}, ${Math.round(hold.placedAt)}, ${clean(hold.reason)})
        on conflict (number) do nothing`.execute(db);
    });
    return (await this.hold(hold.number)) ?? hold;
  }

  lift(number: string): Promise<boolean> {
    return this.#run(async (db) => {
      const { rows } = await sql`delete from legal_holds where number = ${clean(number)} returning number`.execute(db);
      return rows.length > 0;
    });
  }
}

/** PostgreSQL refuses a NUL in a parameter. */
const clean = (text: string): string => text.replaceAll("\0", "\uFFFD");

const rowsOf = (limit: number): number => Math.max(1, Math.min(MAX_PAGE, Math.trunc(limit)));

const holdOf = (row: HoldRow): LegalHold => ({
  number: row.number,
  placedBy: row.placed_by,
  placedAt: unixMs(Number(row.placed_at)),
  reason: row.reason,
});
