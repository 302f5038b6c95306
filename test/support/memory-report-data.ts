import {
  unixMs,
  type Alert,
  type AlertCase,
  type AuditProof,
  type CallRecord,
  type CdrFinding,
  type Incident,
  type SettingChange,
} from "../../detection/index.js";
import type { LinkQuery } from "../../gateway/ports/call-records.js";
import type { AuditEntry } from "../../gateway/ports/records.js";
import type { ReportData, ReportDataRange } from "../../gateway/ports/report-data.js";

export interface ReportRows {
  readonly calls: readonly CallRecord[];
  readonly findings: readonly CdrFinding[];
  readonly alerts: readonly Alert[];
  readonly incidents: readonly Incident[];
  readonly cases: readonly AlertCase[];
  readonly audit: readonly AuditEntry[];
  readonly changes: readonly SettingChange[];
}

const PAGE = 100;

/** Rows in memory, a page of a hundred at a time. */
export class MemoryReportData implements ReportData {
  readonly limits: readonly string[] = [];
  readonly #rows: Partial<ReportRows>;
  /** Thrown once by the next read. */
  failure: Error | undefined;
  proof: AuditProof | undefined;

  constructor(rows: Partial<ReportRows>) {
    this.#rows = rows;
  }

  calls(range: ReportDataRange): AsyncIterable<readonly CallRecord[]> {
    return this.#pages(this.#rows.calls, range, ({ startedAt }) => startedAt);
  }

  linked({ ids, correlations }: LinkQuery): Promise<readonly CallRecord[]> {
    const isOne = ({ id, callId, links: { related = "", transfer = "", correlation = "" } = {} }: CallRecord) =>
      [id, callId, related, transfer].some((key) => ids.includes(key)) || correlations.includes(correlation);
    return Promise.resolve((this.#rows.calls ?? []).filter(isOne));
  }

  findings(range: ReportDataRange): AsyncIterable<readonly CdrFinding[]> {
    return this.#pages(this.#rows.findings, range, ({ firstAt }) => firstAt);
  }

  alerts(range: ReportDataRange): AsyncIterable<readonly Alert[]> {
    return this.#pages(this.#rows.alerts, range, ({ detectedAt }) => detectedAt);
  }

  incidents(range: ReportDataRange): AsyncIterable<readonly Incident[]> {
    return this.#pages(this.#rows.incidents, range, ({ openedAt }) => openedAt);
  }

  incidentsOf(ids: readonly string[]): Promise<readonly Incident[]> {
    return Promise.resolve((this.#rows.incidents ?? []).filter(({ id }) => ids.includes(id)));
  }

  cases(range: ReportDataRange): AsyncIterable<readonly AlertCase[]> {
    const open = (this.#rows.cases ?? []).filter(({ closedAt = Infinity }) => closedAt >= range.from);
    return this.#pages(open, { ...range, from: unixMs(0) }, ({ openedAt }) => openedAt);
  }

  auditProof(): Promise<AuditProof | undefined> {
    return Promise.resolve(this.proof);
  }

  audit(range: ReportDataRange): AsyncIterable<readonly AuditEntry[]> {
    return this.#pages(this.#rows.audit, range, ({ at }) => at);
  }

  changes(range: ReportDataRange): AsyncIterable<readonly SettingChange[]> {
    return this.#pages(this.#rows.changes, range, ({ at }) => at);
  }

  async *#pages<T>(
    rows: readonly T[] = [],
    { from, to }: ReportDataRange,
    timeOf: (row: T) => number,
  ): AsyncIterable<readonly T[]> {
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
    const found = rows.filter((row) => timeOf(row) >= from && timeOf(row) < to);
    for (let at = 0; at < found.length; at += PAGE) yield await Promise.resolve(found.slice(at, at + PAGE));
  }
}
