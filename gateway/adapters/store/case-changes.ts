import { sql, type Kysely } from "kysely";
import { caseKey, type Alert, type AlertCase, type Incident, type UnixMs } from "../../../detection/index.js";
import type { CaseChange, FullQueue } from "../../ports/alert-store.js";
import type { CaseRow } from "./alert-rows.js";
import { incidentOf } from "./from-rows.js";
import type { IncidentRow, Tables } from "./tables.js";
import { storableJson } from "./write-batch.js";

type Db = Kysely<Tables>;

/** Of one key: in so many cases on either side of an alert's time its own is looked for. */
const NEAREST = 50;

/** Text to compare with or to keep: PostgreSQL refuses a NUL. */
export const param = (value: string): string => value.replaceAll("\0", "\uFFFD");

/** Changes of cases within one transaction, and what became of their deliveries. */
export class CaseChanges {
  readonly #trx: Db;
  readonly #now: UnixMs;
  /** How many wait, by route: counted once, as the queue of a receiver that is away is long. */
  readonly #waiting = new Map<string, number>();
  /** Deliveries that came to a full queue. */
  readonly full: FullQueue[] = [];

  constructor(trx: Db, now: UnixMs) {
    this.#trx = trx;
    this.#now = now;
  }

  async change(
    id: string,
    decide: (of: AlertCase, incident: Incident | undefined) => CaseChange | undefined,
  ): Promise<AlertCase | undefined> {
    const { rows } = await sql<CaseRow>`select data from alert_cases where id = ${param(id)}
      or id = (select case_id from alerts where id = ${param(id)}) for update`.execute(this.#trx);
    const before = rows[0]?.data;
    if (before === undefined) return undefined;
    const change = decide(before, await this.incident(before.latest.incidentId));
    if (change !== undefined) await this.keep(change);
    else await sql`update alert_cases set deadline_at = null where id = ${before.id}`.execute(this.#trx);
    return change?.after ?? before;
  }

  async incident(id: string): Promise<Incident | undefined> {
    const { rows } = await sql<IncidentRow>`select * from incidents where id = ${param(id)}`.execute(this.#trx);
    return rows.map(incidentOf)[0];
  }

  /** Its incident's; else the one nearest in time, where possible one that was not marked as false. Locked, as it is now. */
  async likeliest(alert: Alert): Promise<AlertCase | undefined> {
    const at = sql`${Math.round(alert.detectedAt)}::bigint`;
    const ofKey = sql`select id, state, updated_at, incident_ids from alert_cases where key = ${param(caseKey(alert))}`;
    for (;;) {
      const picked = await sql<{ id: string; state: string }>`select id, state from (
          (${ofKey} and updated_at <= ${at} order by updated_at desc limit ${sql.lit(NEAREST)}) union all
          (${ofKey} and updated_at > ${at} order by updated_at limit ${sql.lit(NEAREST)})) as c
        order by (c.incident_ids ? ${param(alert.incidentId)}::text) desc, c.state = 'false-positive', abs(c.updated_at - ${at}), c.id
        limit 1`.execute(this.#trx);
      const [first] = picked.rows;
      if (first === undefined) return undefined;
      const { rows } = await sql<CaseRow>`select data from alert_cases where id = ${first.id} for update`.execute(
        this.#trx,
      );
      const locked = rows[0]?.data;
      // Whoever had the lock has deleted it, or marked it as false: another one may be likelier now.
      const isAnother = locked === undefined || (locked.state !== first.state && locked.state === "false-positive");
      if (!isAnother) return locked;
    }
  }

  async keep({ after, deadlineAt, notice, deliveries }: CaseChange): Promise<void> {
    const { id, key, state, severity, openedAt, updatedAt, closedAt, incidentIds } = after;
    await sql`insert into alert_cases
      (id, key, state, severity, opened_at, updated_at, closed_at, incident_ids, deadline_at, data)
      values (${id}, ${param(key)}, ${state}, ${severity}, ${Math.round(openedAt)}::bigint, ${Math.round(updatedAt)}::bigint,
        ${closedAt === undefined ? null : Math.round(closedAt)}::bigint, ${storableJson(incidentIds)}::text::jsonb,
        ${deadlineAt === undefined ? null : Math.round(deadlineAt)}::bigint, ${storableJson(after)}::text::jsonb)
      on conflict (id) do update set state = excluded.state, severity = excluded.severity, opened_at = excluded.opened_at,
        updated_at = excluded.updated_at, closed_at = excluded.closed_at, incident_ids = excluded.incident_ids,
        deadline_at = excluded.deadline_at, data = excluded.data`.execute(this.#trx);
    for (const { route, maxQueue, own } of deliveries) {
      const told = own?.notice ?? notice;
      if (told === undefined) continue;
      const waiting = this.#waiting.get(route) ?? (await this.#countWaiting(route));
      const isFull = waiting >= maxQueue;
      const delivery = own?.id ?? `${id}.${told.sequence}.${route}`;
      const { rows } = await sql`insert into alert_deliveries
        (id, case_id, route, state, attempts, created_at, next_at, last_error, notice)
        values (${delivery}, ${id}, ${route}, ${isFull ? "dead" : "waiting"}, 0, ${Math.round(this.#now)}::bigint,
          ${Math.round(this.#now)}::bigint, ${isFull ? "the queue of the route was full" : null},
          ${storableJson(told)}::text::jsonb)
        on conflict (id) do nothing returning id`.execute(this.#trx);
      if (rows.length > 0 && isFull) this.full.push({ route, id: delivery });
      this.#waiting.set(route, rows.length > 0 && !isFull ? waiting + 1 : waiting);
    }
  }

  async #countWaiting(route: string): Promise<number> {
    const { rows } = await sql<{ count: number }>`select count(*)::int as count from alert_deliveries
      where route = ${route} and state = 'waiting'`.execute(this.#trx);
    return rows[0]?.count ?? 0;
  }
}
