import { setImmediate as nextTurn } from "node:timers/promises";
import { sql, type Kysely } from "kysely";
import type { AlertCase, AlertGuard, CdrFinding, UnixMs } from "../../../detection/index.js";
import type {
  AlertStore,
  CaseComment,
  CaseQuery,
  DeliveryQuery,
  DeliveryState,
  FullQueue,
  OutboxDelivery,
} from "../../ports/alert-store.js";
import type { PageQuery } from "../../ports/records.js";
import { SEVEREST_FIRST } from "./alert-migrations.js";
import {
  commentOf,
  deliveryOf,
  guardOf,
  type CaseRow,
  type CommentRow,
  type DeliveryRow,
  type GuardRow,
} from "./alert-rows.js";
import { CaseChanges, param } from "./case-changes.js";
import { alertOf } from "./from-rows.js";
import { caseInScope } from "./scope-sql.js";
import type { AlertRow, Tables } from "./tables.js";

type Db = Kysely<Tables>;

/** "alrt": one gateway at a time sorts new alerts into cases. */
const INTAKE_LOCK = sql.lit(0x616c7274);
/** "grds": those who mark numbers as honest come one after the other, or two would find the one place that is left. */
const GUARD_LOCK = sql.lit(0x67726473);
const MAX_ROWS = 1_000;
const MAX_ERROR = 300;

/** One that the case names, or that raised no alert: `f` and `c` are the finding and the case. */
const FINDING_OF_CASE = sql`(c.incident_ids ? f.id or not exists (select 1 from alerts a where a.id = f.id))`;

/** The AlertStore port on SQL, in the store's database. */
export class SqlAlertStore implements AlertStore {
  readonly #run: <T>(work: (db: Db) => Promise<T>) => Promise<T>;

  constructor(run: <T>(work: (db: Db) => Promise<T>) => Promise<T>) {
    this.#run = async (work) => {
      const done = await run(work);
      // The embedded database answers without a turn of the event loop, and who works on many cases asks it in a loop.
      await nextTurn();
      return done;
    };
  }

  takeIn(...[limit, now, decide, onFull, except = []]: Parameters<AlertStore["takeIn"]>): Promise<number> {
    const others = except.length === 0 ? sql`true` : sql`not (id = any (${except.map(param)}::text[]))`;
    return this.#changing(now, onFull, async (changes, trx) => {
      await sql`select pg_advisory_xact_lock(${INTAKE_LOCK})`.execute(trx);
      const { rows } = await sql<AlertRow>`select * from alerts where taken_at is null and ${others}
        order by ${sql.raw(SEVEREST_FIRST)}, detected_at, id limit ${limit}::int`.execute(trx);
      for (const row of rows) {
        const alert = alertOf(row);
        const incident = await changes.incident(alert.incidentId);
        const change = decide(alert, incident, await changes.likeliest(alert));
        await changes.keep(change);
        await sql`update alerts set taken_at = ${Math.round(now)}::bigint, case_id = ${change.after.id}
          where id = ${alert.id}`.execute(trx);
        await nextTurn();
      }
      return rows.length;
    });
  }

  change(...[id, now, decide, onFull]: Parameters<AlertStore["change"]>): Promise<AlertCase | undefined> {
    return this.#changing(now, onFull, (changes) => changes.change(id, decide));
  }

  changeAndGuard(
    ...[id, guards, most, now, decide, onFull]: Parameters<AlertStore["changeAndGuard"]>
  ): Promise<AlertCase | undefined | "full"> {
    return this.#changing(now, onFull, async (changes, trx) => {
      if (guards.length > 0) await sql`select pg_advisory_xact_lock(${GUARD_LOCK})`.execute(trx);
      if (guards.length > 0 && !(await isRoomFor(trx, guards, most, now))) return "full";
      const after = await changes.change(id, decide);
      if (after !== undefined) for (const of of guards) await keepGuard(trx, of);
      return after;
    });
  }

  dueCases(now: UnixMs, limit: number): Promise<readonly string[]> {
    return this.#ids(sql`select id from alert_cases where deadline_at <= ${Math.round(now)}::bigint
      order by deadline_at limit ${limit}::int`);
  }

  overCases(limit: number): Promise<readonly string[]> {
    return this.#ids(sql`select c.id from alert_cases c where c.closed_at is null
      and exists (select 1 from incidents i where i.id in (select jsonb_array_elements_text(c.incident_ids)))
      and not exists (select 1 from incidents i where i.id in (select jsonb_array_elements_text(c.incident_ids)) and i.state = 'open')
      order by c.updated_at limit ${limit}::int`);
  }

  grownCases(closedSince: UnixMs, limit: number): Promise<readonly string[]> {
    const counts = sql`select id, call_count, caller_count, updated_at from incidents`;
    // From the few incidents to their cases, by indexes: the limits keep the planner from reading all there are, whatever it believes.
    return this.#ids(sql`select c.id from (${counts} where state = 'open' union all
        (${counts} where closed_at >= ${Math.round(closedSince)}::bigint order by closed_at desc limit ${sql.lit(MAX_ROWS)})) as i
      cross join lateral (select id from alert_cases where latest_incident = i.id
        and (said_calls < i.call_count or said_callers < i.caller_count) limit 1) as c
      order by i.updated_at, c.id limit ${limit}::int`);
  }

  grownFindings(closedSince: UnixMs, limit: number): Promise<readonly { caseId: string; finding: CdrFinding }[]> {
    const since = sql`${Math.round(closedSince)}::bigint`;
    return this.#run(async (db) => {
      const { rows } = await sql<{ id: string; finding: CdrFinding }>`select c.id, f.finding from alert_cases c
        join findings f on f.subject = c.data ->> 'called' and f.rule = c.data ->> 'rule'
        where (c.closed_at is null or (c.updated_at >= ${since} and c.closed_at >= ${since} and c.state = 'closed'))
          and c.data -> 'latest' ? 'finding' and f.at > c.updated_at and f.mode = 'enforce' and ${FINDING_OF_CASE}
          and (c.incident_ids ? f.id
            or not exists (select 1 from alert_cases later where later.key = c.key and later.updated_at > c.updated_at))
        order by f.at limit ${limit}::int`.execute(db);
      return rows.map(({ id, finding }) => ({ caseId: id, finding }));
    });
  }

  quietCases(before: UnixMs, lostBefore: UnixMs, limit: number): Promise<readonly string[]> {
    const quiet = sql`${Math.round(before)}::bigint`;
    return this.#ids(sql`select c.id from alert_cases c
      where c.closed_at is null and c.updated_at <= ${quiet} and c.data -> 'latest' ? 'finding'
        and coalesce((c.data ->> 'seenAt')::numeric, 0) <= ${quiet}
        and not exists (select 1 from findings f
          where f.subject = c.data ->> 'called' and f.rule = c.data ->> 'rule' and f.mode = 'enforce' and ${FINDING_OF_CASE}
            and (f.at > ${quiet} or (f.state <> 'closed' and f.at > ${Math.round(lostBefore)}::bigint)))
      order by c.updated_at limit ${limit}::int`);
  }

  async reviewAll(): Promise<void> {
    await this.#run((db) => sql`update alert_cases set deadline_at = 0 where state = 'open'`.execute(db));
  }

  claim(
    ...[route, limit, now, leaseMs, longestMs]: Parameters<AlertStore["claim"]>
  ): Promise<readonly OutboxDelivery[]> {
    const at = Math.round(now);
    return this.#run(async (db) => {
      const { rows } = await sql<DeliveryRow>`update alert_deliveries
        set next_at = ${at + Math.round(leaseMs)}::bigint, attempts = attempts + 1
        where id in (select id from alert_deliveries
          where route = ${route} and state = 'waiting'
            and (next_at <= ${at}::bigint or next_at > ${at + Math.round(longestMs)}::bigint)
          order by created_at, id limit ${limit}::int for update skip locked)
        returning *`.execute(db);
      return rows
        .map(deliveryOf)
        .sort((a, b) => (a.createdAt === b.createdAt ? (a.id < b.id ? -1 : 1) : a.createdAt - b.createdAt));
    });
  }

  async sent({ id }: OutboxDelivery, now: UnixMs): Promise<void> {
    await this.#run((db) =>
      sql`update alert_deliveries set state = 'sent', sent_at = ${Math.round(now)}::bigint, last_error = null
        where id = ${id} and state <> 'sent'`.execute(db),
    );
  }

  async failed(
    { id, attempts }: OutboxDelivery,
    why: string,
    since: UnixMs,
    nextAt: UnixMs | undefined,
  ): Promise<void> {
    const state: DeliveryState = nextAt === undefined ? "dead" : "waiting";
    await this.#run((db) =>
      sql`update alert_deliveries set state = ${state}, last_error = ${param(why).slice(0, MAX_ERROR)},
        next_at = ${Math.round(nextAt ?? 0)}::bigint, failing_since = ${Math.round(since)}::bigint
        where id = ${id} and state = 'waiting' and attempts = ${attempts}::int`.execute(db),
    );
  }

  replay(which: { readonly ids?: readonly string[]; readonly route?: string }, now: UnixMs): Promise<number> {
    const ids = which.ids === undefined ? sql`true` : sql`id = any (${which.ids.map(param)}::text[])`;
    const route = which.route === undefined ? sql`true` : sql`route = ${param(which.route)}`;
    return this.#run(async (db) => {
      const { rows } = await sql`update alert_deliveries set state = 'waiting', attempts = 0, failing_since = null,
        next_at = ${Math.round(now)}::bigint where state = 'dead' and ${ids} and ${route} returning id`.execute(db);
      return rows.length;
    });
  }

  outboxSizes(): Promise<readonly { route: string; state: DeliveryState; count: number }[]> {
    return this.#run(async (db) => {
      const { rows } = await sql<{ route: string; state: DeliveryState; count: number }>`
        select route, state, count(*)::int as count from alert_deliveries where state in ('waiting', 'dead')
        group by route, state`.execute(db);
      return rows;
    });
  }

  expireDeliveries(before: UnixMs): Promise<readonly { route: string; count: number }[]> {
    return this.#run(async (db) => {
      const { rows } = await sql<{ route: string; count: number }>`with expired as (
          update alert_deliveries set state = 'dead', last_error = 'waited for too long'
          where state = 'waiting' and created_at < ${Math.round(before)}::bigint returning route)
        select route, count(*)::int as count from expired group by route`.execute(db);
      return rows;
    });
  }

  deliveries({ limit, state, route, caseId }: DeliveryQuery): Promise<readonly OutboxDelivery[]> {
    const where = sql.join(
      [
        sql`true`,
        ...(state === undefined ? [] : [sql`state = ${state}`]),
        ...(route === undefined ? [] : [sql`route = ${param(route)}`]),
        ...(caseId === undefined ? [] : [sql`case_id = ${param(caseId)}`]),
      ],
      sql` and `,
    );
    return this.#run(async (db) => {
      const { rows } = await sql<DeliveryRow>`select * from alert_deliveries where ${where}
        order by created_at desc, id desc limit ${rowsOf(limit)}::int`.execute(db);
      return rows.map(deliveryOf);
    });
  }

  cases({ limit, state, scope }: CaseQuery): Promise<readonly AlertCase[]> {
    const ofState = state === undefined ? sql`true` : sql`state = ${state}`;
    const where = scope === undefined ? ofState : sql`${ofState} and ${caseInScope(scope)}`;
    return this.#run(async (db) => {
      const { rows } = await sql<CaseRow>`select data from alert_cases where ${where}
        order by updated_at desc, id desc limit ${rowsOf(limit)}::int`.execute(db);
      return rows.map(({ data }) => data);
    });
  }

  casesOpenIn({ limit, since, before, beforeId }: PageQuery): Promise<readonly AlertCase[]> {
    const start = since === undefined ? undefined : sql`${Math.round(since)}::bigint`;
    const from =
      start === undefined
        ? sql`true`
        : sql`(opened_at >= ${start} or updated_at >= ${start} or closed_at is null or closed_at >= ${start})`;
    const end = before === undefined ? undefined : sql`${Math.round(before)}::bigint`;
    const until =
      end === undefined
        ? sql`true`
        : beforeId === undefined
          ? sql`opened_at < ${end}`
          : sql`(opened_at, id) < (${end}, ${param(beforeId)}::text)`;
    return this.#run(async (db) => {
      const { rows } = await sql<CaseRow>`select data from alert_cases where ${from} and ${until}
        order by opened_at desc, id desc limit ${rowsOf(limit)}::int`.execute(db);
      return rows.map(({ data }) => data);
    });
  }

  case(id: string): Promise<AlertCase | undefined> {
    return this.#run(async (db) => {
      const { rows } = await sql<CaseRow>`select data from alert_cases where id = ${param(id)}
        or id = (select case_id from alerts where id = ${param(id)})`.execute(db);
      return rows[0]?.data;
    });
  }

  async comment({ id, caseId, at, author, text }: CaseComment): Promise<void> {
    await this.#run((db) =>
      sql`insert into alert_comments (id, case_id, at, author, body)
        values (${id}, ${caseId}, ${Math.round(at)}::bigint, ${author}, ${param(text)})
        on conflict (id) do nothing`.execute(db),
    );
  }

  comments(caseId: string): Promise<readonly CaseComment[]> {
    return this.#run(async (db) => {
      const { rows } = await sql<CommentRow>`select * from alert_comments where case_id = ${param(caseId)}
        order by at, id limit ${sql.lit(MAX_ROWS)}`.execute(db);
      return rows.map(commentOf);
    });
  }

  async removeGuard(id: string): Promise<boolean> {
    const removed = await this.#ids(sql`delete from alert_guards where id = ${param(id)} returning id`);
    return removed.length > 0;
  }

  guards(now: UnixMs): Promise<readonly AlertGuard[]> {
    return this.#run(async (db) => {
      const { rows } = await sql<GuardRow>`select * from alert_guards where ${inForce(now)}
        order by created_at desc, id`.execute(db);
      return rows.map(guardOf);
    });
  }

  pruneAlerts(before: UnixMs): Promise<number> {
    const limit = sql`${Math.round(before)}::bigint`;
    return this.#run(async (db) => {
      let deleted = 0;
      for (const statement of [
        sql`delete from alert_deliveries where created_at < ${limit} and state <> 'waiting' returning id`,
        sql`delete from alert_comments where case_id in
          (select id from alert_cases where closed_at < ${limit}) returning id`,
        sql`delete from alert_cases where closed_at < ${limit} returning id`,
        sql`delete from alert_guards where expires_at < ${limit} returning id`,
      ])
        deleted += (await statement.execute(db)).rows.length;
      return deleted;
    });
  }

  #ids(query: ReturnType<typeof sql>): Promise<string[]> {
    return this.#run(async (db) => (await query.execute(db)).rows.map((row) => (row as { id: string }).id));
  }

  async #changing<T>(
    now: UnixMs,
    onFull: ((full: readonly FullQueue[]) => void) | undefined,
    work: (changes: CaseChanges, trx: Db) => Promise<T>,
  ): Promise<T> {
    const { done, full } = await this.#run((db) =>
      db.transaction().execute(async (trx) => {
        const changes = new CaseChanges(trx, now);
        return { done: await work(changes, trx), full: changes.full };
      }),
    );
    if (full.length > 0) onFull?.(full);
    return done;
  }
}

const inForce = (now: UnixMs) => sql`(expires_at is null or expires_at > ${Math.round(now)}::bigint)`;

async function isRoomFor(trx: Db, guards: readonly AlertGuard[], most: number, now: UnixMs): Promise<boolean> {
  const { rows } = await sql<GuardRow>`select * from alert_guards where ${inForce(now)}`.execute(trx);
  const places = new Set([...rows.map(guardOf).map(placeOf), ...guards.map(placeOf)]);
  return places.size <= most;
}

/** Of a case, one for each side and number. */
const placeOf = ({ caseId, side, number }: AlertGuard): string => JSON.stringify([caseId, side, param(number)]);

async function keepGuard(trx: Db, of: AlertGuard): Promise<void> {
  const expiresAt = of.expiresAt === undefined ? null : Math.round(of.expiresAt);
  await sql`delete from alert_guards where case_id = ${of.caseId} and side = ${of.side}
    and number = ${param(of.number)}`.execute(trx);
  await sql`insert into alert_guards (id, side, number, case_id, created_at, expires_at, created_by, reason)
    values (${of.id}, ${of.side}, ${param(of.number)}, ${of.caseId}, ${Math.round(of.createdAt)}::bigint,
      ${expiresAt}::bigint, ${of.createdBy}, ${param(of.reason)})`.execute(trx);
}

const rowsOf = (limit: number): number => Math.max(1, Math.min(MAX_ROWS, Math.trunc(limit)));
