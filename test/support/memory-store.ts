import type { Alert, Block, Cdr, Incident, UnixMs } from "../../detection/index.js";
import type {
  AuditEntry,
  CdrQuery,
  PageQuery,
  Store,
  StoreRecord,
  TeardownRecord,
} from "../../gateway/ports/records.js";

/** A store in arrays, for tests of what stands before it. `failure` makes every call fail. */
export class MemoryStore implements Store {
  readonly #alerts = new Map<string, Alert>();
  readonly #incidents = new Map<string, Incident>();
  readonly #blocks = new Map<string, Block>();
  readonly #cdrs = new Map<string, Cdr>();
  readonly #teardowns: TeardownRecord[] = [];
  readonly #audit = new Map<string, AuditEntry>();
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
        this.#cdrs.set(record.cdr.id, record.cdr);
        break;
      case "alert":
        this.#alerts.set(record.alert.id, record.alert);
        break;
      case "incident":
        this.#incidents.set(record.incident.id, record.incident);
        break;
      case "block":
        if (record.change === "added") this.#blocks.set(record.block.id, record.block);
        else this.#blocks.delete(record.block.id);
        break;
      case "teardown":
        this.#teardowns.push(record.teardown);
        break;
      case "audit":
        this.#audit.set(record.entry.id, record.entry);
        break;
    }
  }

  alerts(query: PageQuery): Promise<readonly Alert[]> {
    return this.#answer(() => page([...this.#alerts.values()], query, (alert) => alert.detectedAt));
  }
  alert(id: string): Promise<Alert | undefined> {
    return this.#answer(() => this.#alerts.get(id));
  }
  incidents(query: PageQuery & { readonly state?: "open" | "closed" }): Promise<readonly Incident[]> {
    const wanted = (incident: Incident): boolean => query.state === undefined || incident.state === query.state;
    return this.#answer(() => page([...this.#incidents.values()].filter(wanted), query, (each) => each.openedAt));
  }
  incident(id: string): Promise<Incident | undefined> {
    return this.#answer(() => this.#incidents.get(id));
  }
  activeBlocks(now: UnixMs): Promise<readonly Block[]> {
    return this.#answer(() => [...this.#blocks.values()].filter((block) => block.expiresAt > now));
  }
  cdrs(query: CdrQuery): Promise<readonly Cdr[]> {
    return this.#answer(() => page(this.#matching(query), query, (cdr) => cdr.startedAt));
  }
  async *exportCdrs(query: Omit<CdrQuery, "limit">): AsyncIterable<readonly Cdr[]> {
    const rows = await this.#answer(() => this.#matching(query).sort((a, b) => a.startedAt - b.startedAt));
    for (let i = 0; i < rows.length; i += 2) yield rows.slice(i, i + 2);
  }
  #matching(query: Omit<CdrQuery, "limit">): Cdr[] {
    const same = (wanted: string | undefined, is: string): boolean => wanted === undefined || wanted === is;
    return [...this.#cdrs.values()].filter(
      (cdr) => same(query.caller, cdr.caller) && same(query.called, cdr.called) && same(query.cause, cdr.cause),
    );
  }
  teardowns(query: PageQuery & { readonly incidentId?: string }): Promise<readonly TeardownRecord[]> {
    const wanted = (row: TeardownRecord): boolean =>
      query.incidentId === undefined || row.incidentId === query.incidentId;
    return this.#answer(() => page(this.#teardowns.filter(wanted), query, (row) => row.at));
  }
  audit(query: PageQuery & { readonly actor?: string; readonly action?: string }): Promise<readonly AuditEntry[]> {
    const wanted = (row: AuditEntry): boolean => query.action === undefined || row.action === query.action;
    return this.#answer(() => page([...this.#audit.values()].filter(wanted), query, (row) => row.at));
  }
  ping(): Promise<void> {
    return this.#answer(() => undefined);
  }
  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  #answer<T>(make: () => T): Promise<T> {
    return this.failure === undefined ? Promise.resolve(make()) : Promise.reject(this.failure);
  }
}

function page<T>(rows: readonly T[], { limit, since, before }: PageQuery, at: (row: T) => UnixMs): readonly T[] {
  return rows
    .filter((row) => (since === undefined || at(row) >= since) && (before === undefined || at(row) < before))
    .sort((a, b) => at(b) - at(a))
    .slice(0, limit);
}
