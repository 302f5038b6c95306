import type { Alert, Block, Cdr, Incident, UnixMs } from "../../detection/index.js";
import { seenAlert } from "../../gateway/core/data-scope.js";
import { GatewayError } from "../../gateway/core/errors.js";
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
} from "../../gateway/ports/records.js";

const within = ({ trunks }: TrunkQuery, ...of: readonly string[]): boolean =>
  trunks === undefined || of.some((trunk) => trunks.includes(trunk));

/** Small, so that tests of a few rows see several pages. */
const EXPORT_PAGE = 2;

/** A store in arrays, for tests of what stands before it; passes test/contract/store. `failure` makes every call fail. */
export class MemoryStore implements Store {
  readonly #alerts = new Map<string, Alert>();
  readonly #incidents = new Map<string, Incident>();
  readonly #blocks = new Map<string, { block: Block; removed: boolean }>();
  readonly #cdrs = new Map<string, Cdr>();
  readonly #teardowns = new Map<string, TeardownRecord>();
  readonly #audit = new Map<string, AuditEntry>();
  readonly #transcripts = new Map<string, TranscriptRecord>();
  failure: Error | undefined;
  closed = false;

  write(records: readonly StoreRecord[]): Promise<void> {
    return this.#answer(() => {
      for (const record of records) this.#put(record);
    });
  }

  #put(record: StoreRecord): void {
    switch (record.kind) {
      case "cdr":
        putNew(this.#cdrs, record.cdr.id, record.cdr);
        break;
      case "alert":
        putNew(this.#alerts, record.alert.id, record.alert);
        break;
      case "incident":
        this.#putIncident(record.incident);
        break;
      case "block": {
        const { block, change } = record;
        const known = this.#blocks.get(block.id);
        const expiresAt = known === undefined || known.block.expiresAt < block.expiresAt ? block : known.block;
        this.#blocks.set(block.id, { block: expiresAt, removed: change === "removed" || known?.removed === true });
        break;
      }
      case "teardown": {
        const { callId, at, via } = record.teardown;
        putNew(this.#teardowns, JSON.stringify([callId, at, via]), record.teardown);
        break;
      }
      case "audit":
        putNew(this.#audit, record.entry.id, record.entry);
        break;
      case "transcript":
        putNew(this.#transcripts, record.transcript.callId, record.transcript);
        break;
      case "call-record":
      case "records-judged":
      case "setting-change":
      case "finding":
      case "intake-position":
        // Read through `CallRecordStore`, which the API's tests have none of.
        break;
    }
  }

  #putIncident(incident: Incident): void {
    const known = this.#incidents.get(incident.id);
    const isLater =
      known === undefined ||
      incident.updatedAt > known.updatedAt ||
      (incident.updatedAt === known.updatedAt && !(known.state === "closed" && incident.state === "open"));
    if (isLater) this.#incidents.set(incident.id, incident);
  }

  alerts(query: PageQuery & ScopeQuery): Promise<readonly Alert[]> {
    const wanted = (alert: Alert): boolean =>
      seenAlert(alert, this.#incidents.get(alert.incidentId), query.scope) !== undefined;
    return this.#answer(() =>
      page([...this.#alerts.values()].filter(wanted), query, (alert) => [alert.detectedAt, alert.id]),
    );
  }
  alert(id: string): Promise<Alert | undefined> {
    return this.#answer(() => this.#alerts.get(id));
  }
  incidents(query: PageQuery & TrunkQuery & { readonly state?: "open" | "closed" }): Promise<readonly Incident[]> {
    const wanted = (incident: Incident): boolean =>
      same(query.state, incident.state) && within(query, ...incident.trunks);
    return this.#answer(() => page([...this.#incidents.values()].filter(wanted), query, (e) => [e.openedAt, e.id]));
  }
  incident(id: string): Promise<Incident | undefined> {
    return this.#answer(() => this.#incidents.get(id));
  }
  incidentsOf(ids: readonly string[]): Promise<readonly Incident[]> {
    return this.#answer(() => [...this.#incidents.values()].filter(({ id }) => ids.includes(id)));
  }
  activeBlocks(now: UnixMs): Promise<readonly Block[]> {
    return this.#answer(() =>
      [...this.#blocks.values()].flatMap(({ block, removed }) => (!removed && block.expiresAt > now ? [block] : [])),
    );
  }
  cdrs(query: CdrQuery): Promise<readonly Cdr[]> {
    return this.#answer(() => page(this.#matching(query), query, (cdr) => [cdr.startedAt, cdr.id]));
  }
  async *exportCdrs(query: Omit<CdrQuery, "limit">): AsyncIterable<readonly Cdr[]> {
    const everything = { ...query, limit: Number.MAX_SAFE_INTEGER };
    const rows = await this.#answer(() =>
      [...page(this.#matching(query), everything, (cdr) => [cdr.startedAt, cdr.id])].reverse(),
    );
    for (let i = 0; i < rows.length; i += EXPORT_PAGE) yield rows.slice(i, i + EXPORT_PAGE);
  }
  #matching(query: Omit<CdrQuery, "limit">): Cdr[] {
    return [...this.#cdrs.values()].filter(
      (cdr) =>
        same(query.caller, cdr.caller) &&
        same(query.called, cdr.called) &&
        same(query.trunk, cdr.trunk) &&
        within(query, cdr.trunk) &&
        same(query.cause, cdr.cause),
    );
  }
  teardowns(query: PageQuery & { readonly incidentId?: string }): Promise<readonly TeardownRecord[]> {
    const wanted = (row: TeardownRecord): boolean => same(query.incidentId, row.incidentId);
    return this.#answer(() => page([...this.#teardowns.values()].filter(wanted), query, (row) => [row.at, row.callId]));
  }
  audit(query: PageQuery & { readonly actor?: string; readonly action?: string }): Promise<readonly AuditEntry[]> {
    const wanted = (row: AuditEntry): boolean => same(query.actor, row.actor) && same(query.action, row.action);
    return this.#answer(() => page([...this.#audit.values()].filter(wanted), query, (row) => [row.at, row.id]));
  }
  transcripts(query: TranscriptQuery): Promise<readonly TranscriptRecord[]> {
    const wanted = (row: TranscriptRecord): boolean =>
      same(query.caller, row.caller) &&
      same(query.called, row.called) &&
      same(query.state, row.state) &&
      within(query, row.trunk);
    return this.#answer(() =>
      page([...this.#transcripts.values()].filter(wanted), query, (row) => [row.endedAt, row.callId]),
    );
  }
  transcript(callId: string): Promise<TranscriptRecord | undefined> {
    return this.#answer(() => this.#transcripts.get(callId));
  }
  subjectCalls(number: string): Promise<readonly string[]> {
    return this.#answer(() => this.#callsOf(number).slice(0, 1_000));
  }
  forgetSubject(number: string, callIds?: readonly string[]): Promise<readonly string[]> {
    return this.#answer(() => {
      const gone = this.#callsOf(number).filter((callId) => callIds?.includes(callId) ?? true);
      for (const callId of gone) this.#transcripts.delete(callId);
      return gone;
    });
  }
  #callsOf(number: string): readonly string[] {
    const rows = [...this.#transcripts.values()].filter((row) => row.caller === number || row.called === number);
    return rows.map(({ callId }) => callId);
  }
  resealTranscript(callId: string, sealed: string): Promise<void> {
    return this.#answer(() => {
      const row = this.#transcripts.get(callId);
      if (row !== undefined) this.#transcripts.set(callId, { ...row, sealed });
    });
  }
  ping(): Promise<void> {
    return this.#answer(() => undefined);
  }
  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  #answer<T>(make: () => T): Promise<T> {
    if (this.closed) return Promise.reject(new GatewayError("store.unavailable", "the store is closed"));
    return this.failure === undefined ? Promise.resolve(make()) : Promise.reject(this.failure);
  }
}

const same = (wanted: string | undefined, is: string | undefined): boolean => wanted === undefined || wanted === is;

function putNew<T>(rows: Map<string, T>, key: string, row: T): void {
  if (!rows.has(key)) rows.set(key, row);
}

/** Newest first, by time and then by key. */
function page<T>(
  rows: readonly T[],
  { limit, since, before, beforeId }: PageQuery,
  orderOf: (row: T) => readonly [at: UnixMs, key: string],
): readonly T[] {
  const isWanted = (row: T): boolean => {
    const [at, key] = orderOf(row);
    if (since !== undefined && at < since) return false;
    return before === undefined || at < before || (at === before && beforeId !== undefined && key < beforeId);
  };
  const newestFirst = (a: T, b: T): number => {
    const [atA, keyA] = orderOf(a);
    const [atB, keyB] = orderOf(b);
    if (atA !== atB) return atB - atA;
    return keyA < keyB ? 1 : -1;
  };
  return rows.filter(isWanted).sort(newestFirst).slice(0, limit);
}
