import type {
  Alert,
  AlertCase,
  AuditProof,
  CallRecord,
  CdrFinding,
  Incident,
  SettingChange,
  UnixMs,
} from "../../detection/index.js";
import { unixMs } from "../core/time.js";
import type { AlertStore } from "../ports/alert-store.js";
import type { CallRecordStore, LinkQuery } from "../ports/call-records.js";
import type { AuditEntry, PageQuery, Store } from "../ports/records.js";
import type { ReportData, ReportDataRange } from "../ports/report-data.js";

const PAGE = 1_000;

export interface StoreReportParts {
  readonly store: Pick<Store, "alerts" | "incidents" | "incidentsOf" | "audit">;
  readonly records: Pick<CallRecordStore, "recordsFrom" | "linked" | "findings" | "settingChanges">;
  readonly cases: Pick<AlertStore, "casesOpenIn">;
  /** Never throws. */
  readonly proveAudit: () => Promise<AuditProof>;
}

/** The store's rows as reports read them. */
export class StoreReportData implements ReportData {
  readonly limits: readonly string[] = [];
  readonly #store: StoreReportParts["store"];
  readonly #records: StoreReportParts["records"];
  readonly #cases: StoreReportParts["cases"];
  readonly #proveAudit: StoreReportParts["proveAudit"];

  constructor({ store, records, cases, proveAudit }: StoreReportParts) {
    this.#store = store;
    this.#records = records;
    this.#cases = cases;
    this.#proveAudit = proveAudit;
  }

  async *calls({ from, to }: ReportDataRange): AsyncIterable<readonly CallRecord[]> {
    for await (const page of this.#records.recordsFrom(from)) {
      // Oldest first: behind the end there is nothing more for us.
      const last = page.at(-1);
      const isOver = last !== undefined && last.startedAt >= to;
      yield isOver ? page.filter(({ startedAt }) => startedAt < to) : page;
      if (isOver) return;
    }
  }

  linked(query: LinkQuery): Promise<readonly CallRecord[]> {
    return this.#records.linked(query);
  }

  findings(range: ReportDataRange): AsyncIterable<readonly CdrFinding[]> {
    return pages(
      range,
      (query) => this.#records.findings(query),
      ({ firstAt }) => firstAt,
    );
  }

  alerts(range: ReportDataRange): AsyncIterable<readonly Alert[]> {
    return pages(
      range,
      (query) => this.#store.alerts(query),
      ({ detectedAt }) => detectedAt,
    );
  }

  incidents(range: ReportDataRange): AsyncIterable<readonly Incident[]> {
    return pages(
      range,
      (query) => this.#store.incidents(query),
      ({ openedAt }) => openedAt,
    );
  }

  incidentsOf(ids: readonly string[]): Promise<readonly Incident[]> {
    return this.#store.incidentsOf(ids);
  }

  cases(range: ReportDataRange): AsyncIterable<readonly AlertCase[]> {
    return pages(
      range,
      (query) => this.#cases.casesOpenIn(query),
      ({ openedAt }) => openedAt,
    );
  }

  auditProof(): Promise<AuditProof | undefined> {
    return this.#proveAudit();
  }

  audit(range: ReportDataRange): AsyncIterable<readonly AuditEntry[]> {
    return pages(
      range,
      (query) => this.#store.audit(query),
      ({ at }) => at,
    );
  }

  changes(range: ReportDataRange): AsyncIterable<readonly SettingChange[]> {
    return pages(
      range,
      (query) => this.#records.settingChanges(query),
      ({ at }) => at,
    );
  }
}

/** All rows of a range, newest first, by the pages of a `PageQuery`. */
async function* pages<T extends { readonly id: string }>(
  { from, to }: ReportDataRange,
  read: (query: PageQuery) => Promise<readonly T[]>,
  timeOf: (row: T) => UnixMs,
): AsyncIterable<readonly T[]> {
  let query: PageQuery = { limit: PAGE, since: from, before: to };
  for (;;) {
    const page = await read(query);
    if (page.length > 0) yield page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    query = { limit: PAGE, since: from, before: unixMs(timeOf(last)), beforeId: last.id };
  }
}
