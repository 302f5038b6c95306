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
import type { LinkQuery } from "./call-records.js";
import type { AuditEntry } from "./records.js";

/** Half open: `from` ≤ time < `to`. */
export interface ReportDataRange {
  readonly from: UnixMs;
  readonly to: UnixMs;
}

/**
 * What reports read, in pages and in any order. The store, a file of call records, or a fake in test/support; one contract suite.
 * Every method may throw GatewayError `store.*` or `records.file`.
 */
export interface ReportData {
  /** Those that began in it. */
  calls(range: ReportDataRange): AsyncIterable<readonly CallRecord[]>;
  /** Records that are, name or share one of these, whenever they began; 1,000 at most. */
  linked(query: LinkQuery): Promise<readonly CallRecord[]>;
  /** Incidents in call records that began in it; one that was told of several times comes in its last state, or last. */
  findings(range: ReportDataRange): AsyncIterable<readonly CdrFinding[]>;
  alerts(range: ReportDataRange): AsyncIterable<readonly Alert[]>;
  incidents(range: ReportDataRange): AsyncIterable<readonly Incident[]>;
  /** Those of them that are there, whenever they began; at most 1,000. */
  incidentsOf(ids: readonly string[]): Promise<readonly Incident[]>;
  /** Alerts as people work on them that were open in it, whenever they were opened, as they are now. */
  cases(range: ReportDataRange): AsyncIterable<readonly AlertCase[]>;
  audit(range: ReportDataRange): AsyncIterable<readonly AuditEntry[]>;
  changes(range: ReportDataRange): AsyncIterable<readonly SettingChange[]>;
  /** Checks the audit log's hash chain, all of it. Undefined: there is none to check. Never throws. */
  auditProof(): Promise<AuditProof | undefined>;
  /** What this source does not have, for the report to say. */
  readonly limits: readonly string[];
}
