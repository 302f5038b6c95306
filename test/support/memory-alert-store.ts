import {
  caseKey,
  SEVERITIES,
  type Alert,
  type AlertCase,
  type AlertGuard,
  type CdrFinding,
  type Incident,
} from "../../detection/index.js";
import type {
  AlertStore,
  CaseChange,
  CaseComment,
  DeliveryQuery,
  DeliveryState,
  FullQueue,
  OutboxDelivery,
} from "../../gateway/ports/alert-store.js";
import type { PageQuery, StoreRecord } from "../../gateway/ports/records.js";
import { MemoryStore } from "./memory-store.js";

type Now = AlertCase["openedAt"];

/** A store in arrays that keeps alert cases and the outbox too; passes test/contract/alerts. */
export class MemoryStoreWithAlerts extends MemoryStore {
  readonly alertCases = new MemoryAlerts(() => this.failure);

  override write(records: readonly StoreRecord[]): Promise<void> {
    for (const record of records) if (this.failure === undefined) this.alertCases.note(record);
    return super.write(records);
  }
}

class MemoryAlerts implements AlertStore {
  readonly #failure: () => Error | undefined;
  readonly #alerts = new Map<string, { readonly alert: Alert; caseId?: string }>();
  readonly #incidents = new Map<string, Incident>();
  readonly #findings = new Map<string, CdrFinding>();
  readonly #deadlines = new Map<string, Now>();
  #cases = new Map<string, AlertCase>();
  #deliveries = new Map<string, OutboxDelivery>();
  #comments: CaseComment[] = [];
  #guards: AlertGuard[] = [];
  #full: FullQueue[] = [];

  constructor(failure: () => Error | undefined) {
    this.#failure = failure;
  }

  note(record: StoreRecord): void {
    if (record.kind === "alert" && !this.#alerts.has(record.alert.id))
      this.#alerts.set(record.alert.id, { alert: record.alert });
    if (record.kind === "incident") this.#incidents.set(record.incident.id, record.incident);
    if (record.kind === "finding") this.#findings.set(record.finding.id, record.finding);
  }

  /** As likely as they come: see the port. */
  #likeliest({ rule, called, incidentId, detectedAt }: Alert): AlertCase | undefined {
    const rank = (of: AlertCase): readonly number[] => [
      of.incidentIds.includes(incidentId) ? 0 : 1,
      of.state === "false-positive" ? 1 : 0,
      Math.abs(of.updatedAt - detectedAt),
    ];
    const before = (a: AlertCase, b: AlertCase): number =>
      rank(a)
        .map((each, at) => each - (rank(b)[at] ?? 0))
        .find((difference) => difference !== 0) ?? 0;
    return [...this.#cases.values()].filter(({ key }) => key === caseKey({ rule, called })).sort(before)[0];
  }

  takeIn(...[limit, now, decide, onFull, except]: Parameters<AlertStore["takeIn"]>): Promise<number> {
    return this.#telling(onFull, () => {
      const kept = [new Map(this.#cases), new Map(this.#deliveries)] as const;
      const untaken = [...this.#alerts.values()]
        .filter(({ alert, caseId }) => caseId === undefined && except?.includes(alert.id) !== true)
        .sort(moreUrgent)
        .slice(0, limit);
      const taken = new Map<string, string>();
      try {
        for (const { alert } of untaken) {
          const change = decide(alert, this.#incidents.get(alert.incidentId), this.#likeliest(alert));
          this.#keep(change, now);
          taken.set(alert.id, change.after.id);
        }
      } catch (error) {
        [this.#cases, this.#deliveries] = kept;
        throw error;
      }
      for (const [id, caseId] of taken) this.#alerts.set(id, { ...this.#alertOf(id), caseId });
      return untaken.length;
    });
  }

  change(...[id, now, decide, onFull]: Parameters<AlertStore["change"]>): Promise<AlertCase | undefined> {
    return this.#telling(onFull, () => this.#change(id, now, decide));
  }

  changeAndGuard(
    ...[id, guards, most, now, decide, onFull]: Parameters<AlertStore["changeAndGuard"]>
  ): Promise<AlertCase | undefined | "full"> {
    const placeOf = ({ caseId, side, number }: AlertGuard): string => JSON.stringify([caseId, side, number]);
    const places = new Set(guards.map(placeOf));
    return this.#telling(onFull, () => {
      const others = this.#guards.filter((each) => !places.has(placeOf(each)));
      const inForce = others.filter(({ expiresAt }) => (expiresAt ?? Infinity) > now);
      if (guards.length > 0 && new Set(inForce.map(placeOf)).size + places.size > most) return "full";
      const after = this.#change(id, now, decide);
      if (after !== undefined) this.#guards = [...others, ...guards];
      return after;
    });
  }

  #change(...[id, now, decide]: Parameters<AlertStore["change"]>): AlertCase | undefined {
    const before = this.#find(id);
    if (before === undefined) return undefined;
    const change = decide(before, this.#incidents.get(before.latest.incidentId));
    if (change === undefined) this.#deadlines.delete(before.id);
    else this.#keep(change, now);
    return change?.after ?? before;
  }

  dueCases(now: Now, limit: number): Promise<readonly string[]> {
    const due = [...this.#deadlines].filter(([, at]) => at <= now).sort((a, b) => a[1] - b[1]);
    return this.#answer(() => due.slice(0, limit).map(([id]) => id));
  }

  overCases(limit: number): Promise<readonly string[]> {
    const isOver = ({ closedAt, incidentIds }: AlertCase): boolean => {
      const known = incidentIds.flatMap((id) => this.#incidents.get(id) ?? []);
      return closedAt === undefined && known.length > 0 && known.every(({ state }) => state === "closed");
    };
    return this.#answer(() => this.#ids(isOver).slice(0, limit));
  }

  grownCases(closedSince: Now, limit: number): Promise<readonly string[]> {
    const rows = [...this.#cases.values()].flatMap(({ id, latest }) => {
      const of = this.#incidents.get(latest.incidentId);
      if (of === undefined || (of.state === "closed" && (of.closedAt ?? 0) < closedSince)) return [];
      const isGrown = of.callCount > latest.callCount || of.callerCount > latest.callerCount;
      return isGrown ? [{ id, at: of.updatedAt }] : [];
    });
    const longestFirst = rows.sort((a, b) => (a.at === b.at ? (a.id < b.id ? -1 : 1) : a.at - b.at));
    return this.#answer(() => longestFirst.slice(0, limit).map(({ id }) => id));
  }

  grownFindings(closedSince: Now, limit: number): ReturnType<AlertStore["grownFindings"]> {
    const rows = [...this.#cases.values()].flatMap((of) => {
      const goesOn =
        of.closedAt === undefined || (of.state === "closed" && Math.min(of.closedAt, of.updatedAt) >= closedSince);
      if (!goesOn || of.latest.finding === undefined) return [];
      return this.#findingsOf(of)
        .filter(({ id, at }) => at > of.updatedAt && (of.incidentIds.includes(id) || this.#newestOf(of.key) === of))
        .map((finding) => ({ caseId: of.id, finding }));
    });
    return this.#answer(() => rows.slice(0, limit));
  }

  quietCases(before: Now, lostBefore: Now, limit: number): Promise<readonly string[]> {
    const isQuiet = (of: AlertCase): boolean =>
      of.closedAt === undefined &&
      of.latest.finding !== undefined &&
      of.updatedAt <= before &&
      (of.seenAt ?? 0) <= before &&
      this.#findingsOf(of).every(({ at, change }) => at <= before && (change === "closed" || at <= lostBefore));
    return this.#answer(() => this.#ids(isQuiet).slice(0, limit));
  }

  reviewAll(): Promise<void> {
    return this.#answer(() => {
      for (const id of this.#ids(({ state }) => state === "open")) this.#deadlines.set(id, 0 as Now);
    });
  }

  claim(
    ...[route, limit, now, leaseMs, longestMs]: Parameters<AlertStore["claim"]>
  ): Promise<readonly OutboxDelivery[]> {
    return this.#answer(() => {
      const due = [...this.#deliveries.values()]
        .filter((each) => each.route === route && each.state === "waiting")
        .filter(({ nextAt }) => nextAt <= now || nextAt > now + longestMs)
        .sort((a, b) => (a.createdAt === b.createdAt ? (a.id < b.id ? -1 : 1) : a.createdAt - b.createdAt))
        .slice(0, limit)
        .map((each) => ({ ...each, nextAt: (now + leaseMs) as Now, attempts: each.attempts + 1 }));
      for (const each of due) this.#deliveries.set(each.id, each);
      return due;
    });
  }

  sent({ id }: OutboxDelivery, now: Now): Promise<void> {
    return this.#answer(() => this.#update(id, (of) => ({ ...withoutError(of), state: "sent", sentAt: now })));
  }

  failed({ id, attempts }: OutboxDelivery, why: string, failingSince: Now, nextAt: Now | undefined): Promise<void> {
    const state: DeliveryState = nextAt === undefined ? "dead" : "waiting";
    const lastError = why.replaceAll("\0", "\uFFFD");
    return this.#answer(() =>
      this.#update(id, (of) =>
        of.state === "waiting" && of.attempts === attempts
          ? { ...of, state, lastError, failingSince, nextAt: nextAt ?? (0 as Now) }
          : of,
      ),
    );
  }

  replay({ ids, route }: Parameters<AlertStore["replay"]>[0], now: Now): Promise<number> {
    const wanted = [...this.#deliveries.values()].filter(
      (each) =>
        each.state === "dead" &&
        (ids === undefined || ids.includes(each.id)) &&
        (route === undefined || each.route === route),
    );
    return this.#answer(() => {
      for (const { id } of wanted)
        this.#update(id, ({ failingSince: _, ...of }) => ({ ...of, state: "waiting", attempts: 0, nextAt: now }));
      return wanted.length;
    });
  }

  outboxSizes(): ReturnType<AlertStore["outboxSizes"]> {
    const rows = [...this.#deliveries.values()].filter(({ state }) => state !== "sent");
    const keys = new Set(rows.map(({ route, state }) => JSON.stringify([route, state])));
    return this.#answer(() =>
      [...keys].map((key) => {
        const [route, state] = JSON.parse(key) as [string, DeliveryState];
        return { route, state, count: rows.filter((row) => row.route === route && row.state === state).length };
      }),
    );
  }

  expireDeliveries(before: Now): ReturnType<AlertStore["expireDeliveries"]> {
    return this.#answer(() => {
      const old = [...this.#deliveries.values()].filter((each) => each.createdAt < before && each.state === "waiting");
      for (const { id } of old) this.#update(id, (of) => ({ ...of, state: "dead", lastError: "waited for too long" }));
      const routes = [...new Set(old.map(({ route }) => route))];
      return routes.map((route) => ({ route, count: old.filter((each) => each.route === route).length }));
    });
  }

  deliveries({ limit, state, route, caseId }: DeliveryQuery): Promise<readonly OutboxDelivery[]> {
    const wanted = [...this.#deliveries.values()].filter(
      (each) =>
        (state ?? each.state) === each.state &&
        (route ?? each.route) === each.route &&
        (caseId ?? each.caseId) === each.caseId,
    );
    return this.#answer(() => wanted.reverse().slice(0, limit));
  }

  cases({ limit, state }: Parameters<AlertStore["cases"]>[0]): Promise<readonly AlertCase[]> {
    const wanted = [...this.#cases.values()].filter((each) => (state ?? each.state) === each.state);
    return this.#answer(() => wanted.sort((a, b) => b.updatedAt - a.updatedAt).slice(0, limit));
  }

  casesOpenIn({ limit, since, before, beforeId }: PageQuery): Promise<readonly AlertCase[]> {
    const wanted = [...this.#cases.values()].filter(
      ({ id, openedAt, updatedAt, closedAt }) =>
        Math.max(openedAt, updatedAt, closedAt ?? Infinity) >= (since ?? 0) &&
        (before === undefined || openedAt < before || (openedAt === before && beforeId !== undefined && id < beforeId)),
    );
    const newestFirst = (a: AlertCase, b: AlertCase): number =>
      a.openedAt === b.openedAt ? (a.id < b.id ? 1 : -1) : b.openedAt - a.openedAt;
    return this.#answer(() => wanted.sort(newestFirst).slice(0, limit));
  }

  case(id: string): Promise<AlertCase | undefined> {
    return this.#answer(() => this.#find(id));
  }

  comment(comment: CaseComment): Promise<void> {
    return this.#answer(() => void this.#comments.push({ ...comment, text: comment.text.replaceAll("\0", "\uFFFD") }));
  }

  comments(caseId: string): Promise<readonly CaseComment[]> {
    return this.#answer(() => this.#comments.filter((each) => each.caseId === caseId));
  }

  removeGuard(id: string): Promise<boolean> {
    return this.#answer(() => {
      const before = this.#guards.length;
      this.#guards = this.#guards.filter((each) => each.id !== id);
      return this.#guards.length < before;
    });
  }

  guards(now: Now): Promise<readonly AlertGuard[]> {
    return this.#answer(() => this.#guards.filter(({ expiresAt }) => (expiresAt ?? Infinity) > now));
  }

  pruneAlerts(before: Now): Promise<number> {
    return this.#answer(() => {
      const gone = this.#ids(({ closedAt }) => closedAt !== undefined && closedAt < before);
      const old = [...this.#deliveries.values()].filter((each) => each.createdAt < before && each.state !== "waiting");
      const comments = this.#comments.filter(({ caseId }) => gone.includes(caseId));
      const guards = this.#guards.filter(({ expiresAt }) => (expiresAt ?? Infinity) < before);
      for (const id of gone) this.#cases.delete(id);
      for (const { id } of old) this.#deliveries.delete(id);
      this.#comments = this.#comments.filter((each) => !comments.includes(each));
      this.#guards = this.#guards.filter((each) => !guards.includes(each));
      return gone.length + old.length + comments.length + guards.length;
    });
  }

  #keep({ after, deadlineAt, notice, deliveries }: CaseChange, now: Now): void {
    this.#cases.set(after.id, after);
    if (deadlineAt === undefined) this.#deadlines.delete(after.id);
    else this.#deadlines.set(after.id, deadlineAt);
    for (const { route, maxQueue, own } of deliveries) {
      const told = own?.notice ?? notice;
      const id = own?.id ?? `${after.id}.${told?.sequence ?? 0}.${route}`;
      if (told === undefined || this.#deliveries.has(id)) continue;
      const waiting = [...this.#deliveries.values()].filter((each) => each.route === route && each.state === "waiting");
      const isFull = waiting.length >= maxQueue;
      const row = { id, caseId: after.id, route, notice: told, attempts: 0, createdAt: now, nextAt: now };
      const full = { state: "dead", lastError: "the queue of the route was full" } as const;
      this.#deliveries.set(id, { ...row, ...(isFull ? full : { state: "waiting" }) });
      if (isFull) this.#full.push({ route, id });
    }
  }

  #findingsOf(of: AlertCase): readonly CdrFinding[] {
    return [...this.#findings.values()].filter(
      ({ id, rule, subject, mode }) =>
        rule === of.rule &&
        subject === of.called &&
        mode === "enforce" &&
        (of.incidentIds.includes(id) || !this.#alerts.has(id)),
    );
  }

  #newestOf(key: string): AlertCase | undefined {
    return [...this.#cases.values()].filter((of) => of.key === key).sort((a, b) => b.updatedAt - a.updatedAt)[0];
  }

  #alertOf(id: string): { readonly alert: Alert; caseId?: string } {
    const found = this.#alerts.get(id);
    if (found === undefined) throw new Error(`no alert ${id}`);
    return found;
  }

  #find(id: string): AlertCase | undefined {
    return this.#cases.get(id) ?? this.#cases.get(this.#alerts.get(id)?.caseId ?? "");
  }

  #ids(wanted: (of: AlertCase) => boolean): string[] {
    return [...this.#cases.values()].filter(wanted).map(({ id }) => id);
  }

  #update(id: string, to: (of: OutboxDelivery) => OutboxDelivery): void {
    const of = this.#deliveries.get(id);
    if (of !== undefined) this.#deliveries.set(id, to(of));
  }

  async #telling<T>(onFull: ((full: readonly FullQueue[]) => void) | undefined, make: () => T): Promise<T> {
    return this.#answer(() => {
      this.#full = [];
      const done = make();
      if (this.#full.length > 0) onFull?.(this.#full);
      return done;
    });
  }

  async #answer<T>(make: () => T): Promise<T> {
    const failure = this.#failure();
    if (failure !== undefined) throw failure;
    return Promise.resolve(make());
  }
}

/** The most severe first, of these the oldest. */
function moreUrgent({ alert: one }: { readonly alert: Alert }, { alert: other }: { readonly alert: Alert }): number {
  const urgency = ({ severity }: Alert): number => SEVERITIES.indexOf(severity);
  const differs = urgency(other) - urgency(one);
  return differs === 0 ? one.detectedAt - other.detectedAt : differs;
}

function withoutError({ lastError, ...rest }: OutboxDelivery): OutboxDelivery {
  return lastError === undefined ? rest : { ...rest };
}
