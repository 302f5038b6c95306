import type { AlertCase } from "../alerts/alert-case.js";
import type { CallRecord, SettingChange } from "../cdr/call-record.js";
import type { CdrFinding } from "../cdr/cdr-finding.js";
import type { Alert, Incident } from "../model/findings.js";
import { unixMs, type UnixMs } from "../model/time.js";
import { CaseBook } from "./case-book.js";
import { CallTally, type Wanted } from "./call-tally.js";
import { caseRow } from "./case-row.js";
import {
  alertRow,
  auditRow,
  changeRow,
  findingRow,
  incidentRow,
  type AuditRow,
  type EventRow,
} from "./event-figures.js";
import { reportCall } from "./report-call.js";
import type { ReportSource } from "./report-document.js";
import { startOfDay, type ReportRules } from "./report-rules.js";

/** What is counted for every report. */
const WANTED: Wanted = {
  all: ["day", "hour", "closed-hour", "type", "site", "source"],
  answered: ["type"],
  out: ["user", "site"],
  in: [],
  international: ["country", "day", "user", "class"],
  costly: ["country", "user", "class"],
  afterHours: ["site", "day", "user"],
  afterHoursAbroad: ["country", "user"],
  failedAuthentication: ["day", "user", "address"],
  failed: [],
  forwarded: ["forward-kind"],
  short: ["type", "user"],
  encrypted: ["source"],
  clear: ["source"],
  encryptionUnknown: ["source"],
  payment: [],
  paymentClear: ["user", "site"],
  paymentUnknown: ["source"],
  toEu: ["country"],
  toEuUnauthorised: ["country", "user"],
  late: ["source"],
  reported: [],
};
const BEFORE: Wanted = { ...WANTED, all: ["type"], international: ["country"], failedAuthentication: [] };
const HISTORY_MS = 57 * 86_400_000;
/** Findings, alerts, audit entries and such that are kept, of each kind; what comes after them is only counted. */
const MAX_EVENTS = 50_000;

/** What became of checking the audit log's hash chain. */
export interface AuditProof {
  /** `absent`: there is no record. `unread`: it could not be read. */
  readonly verdict: "intact" | "broken" | "absent" | "unread";
  readonly records: number;
  /** Older ones were archived, or deleted by age, where it is not 1. */
  readonly firstSeq: number;
  /** Records up to this one were deleted by age, as the chain itself tells; absent: it tells of nothing. */
  readonly deletedThrough?: number;
  readonly lastSeq: number;
  /** Of the last record: whoever notes it elsewhere can show later that nothing was cut off. */
  readonly lastHash: string;
  /** Entries that could not be written, as the chain itself tells. */
  readonly lost: number;
  /** Where it breaks, and how. */
  readonly problem?: string;
}

export interface ReportRange {
  readonly from: UnixMs;
  /** Exclusive. */
  readonly to: UnixMs;
}

/** All that a report is made of: fed row by row in any order, read by the documents. */
export class ReportFacts {
  readonly rules: ReportRules;
  readonly range: ReportRange;
  /** As long as the period, right before it. */
  readonly before: ReportRange;
  readonly calls = new CallTally(WANTED);
  readonly callsBefore = new CallTally(BEFORE);
  /** Calls a day since the first record that was read, days of the report's clock. */
  readonly callsByDay = new Map<number, number>();
  /** Undefined: nobody has checked. */
  auditProof: AuditProof | undefined;
  /** Of all cases that were open in the period, also of those that were opened long before it. */
  readonly caseBook = new CaseBook();
  readonly #events = new Map<string, EventRow>();
  readonly #eventsBefore = new Map<string, EventRow>();
  readonly #seen = new Map<string, { rows: number; first: UnixMs; last: UnixMs }>();
  readonly #kept = new Map<string, number>();
  #dropped = 0;

  constructor(range: ReportRange, rules: ReportRules) {
    this.range = range;
    this.rules = rules;
    const days = rules.clock.localDay(unixMs(range.to - 1)) - rules.clock.localDay(range.from) + 1;
    this.before = { from: startOfDay(rules.clock, rules.clock.localDay(range.from) - days), to: range.from };
  }

  /** From when on call records are wanted: the period, the one before it, and eight weeks for what is to be expected. */
  get readsFrom(): UnixMs {
    return unixMs(Math.min(this.before.from, this.range.from - HISTORY_MS));
  }

  /** Events that had no room. */
  get dropped(): number {
    return this.#dropped;
  }

  call(record: CallRecord): void {
    const { startedAt } = record;
    if (startedAt < this.readsFrom || startedAt >= this.range.to) return;
    const call = reportCall(record, this.rules);
    this.callsByDay.set(call.day, (this.callsByDay.get(call.day) ?? 0) + 1);
    if (startedAt >= this.range.from) {
      this.#saw(`call records (${record.source})`, startedAt);
      this.calls.observe(call);
    } else if (startedAt >= this.before.from) this.callsBefore.observe(call);
  }

  /** The last state of an incident stands for it. */
  finding(finding: CdrFinding): void {
    this.#event("findings", findingRow(finding, this.rules));
  }

  alert(alert: Alert): void {
    this.#event("alerts", alertRow(alert, this.rules));
  }

  incident(incident: Incident): void {
    this.#event("incidents", incidentRow(incident, this.rules));
  }

  case(of: AlertCase): void {
    this.caseBook.note(of);
    this.#event("alert cases", caseRow(of, this.rules));
  }

  audit(entry: AuditRow): void {
    // Programs ask for lists all day: they must not take the room of what people did.
    const isList = entry.action.endsWith(".list");
    this.#event(isList ? "audited lists" : "audit entries", auditRow(entry, this.rules));
  }

  change(change: SettingChange): void {
    this.#event("changed settings", changeRow(change, this.rules));
  }

  /** Of the period, oldest first. */
  get events(): readonly EventRow[] {
    return [...this.#events.values()].sort((a, b) => a.at - b.at);
  }

  get eventsBefore(): readonly EventRow[] {
    return [...this.#eventsBefore.values()];
  }

  get sources(): readonly ReportSource[] {
    return [...this.#seen].map(([what, { rows, first, last }]) => ({ what, rows, first, last }));
  }

  #event(what: string, row: EventRow): void {
    const { at } = row;
    const isNow = at >= this.range.from && at < this.range.to;
    if (!isNow && (at < this.before.from || at >= this.before.to)) return;
    const key = `${row.kind} ${row.id}`;
    const place = isNow ? this.#events : this.#eventsBefore;
    if (!place.has(key)) {
      const kept = this.#kept.get(what) ?? 0;
      if (isNow) this.#saw(what, at);
      if (kept >= MAX_EVENTS) {
        this.#dropped++;
        return;
      }
      this.#kept.set(what, kept + 1);
    }
    place.set(key, row);
  }

  #saw(what: string, at: UnixMs): void {
    const seen = this.#seen.get(what);
    if (seen === undefined) {
      this.#seen.set(what, { rows: 1, first: at, last: at });
      return;
    }
    seen.rows++;
    if (at < seen.first) seen.first = at;
    if (at > seen.last) seen.last = at;
  }
}
