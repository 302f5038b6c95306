import type { CallRecord, CdrFinding, SettingChange } from "../../../detection/index.js";
import type { IntakePosition } from "../../ports/intake-position.js";

export interface CallRecordRow {
  source: CallRecord["source"];
  id: string;
  user_name: string;
  direction: CallRecord["direction"];
  caller: string;
  called: string;
  country: string | null;
  site: string | null;
  outcome: CallRecord["outcome"];
  started_at: number;
  duration_ms: number;
  international: boolean;
  record: CallRecord;
  /** Null, or absent in a row that is to be written: a detector saw it. */
  unjudged?: true | null | undefined;
}

/** Whoever is named here was judged. */
export interface JudgedRow {
  source: CallRecord["source"];
  id: string;
}

export interface SettingChangeRow {
  id: string;
  user_name: string;
  site: string | null;
  at: number;
  setting: SettingChange["setting"];
  target: string | null;
  change: SettingChange;
}

export interface FindingRow {
  id: string;
  rule: CdrFinding["rule"];
  mode: CdrFinding["mode"];
  severity: CdrFinding["severity"];
  subject: string;
  state: "open" | "closed";
  first_at: number;
  at: number;
  record_count: number;
  finding: CdrFinding;
}

export interface IntakePositionRow {
  name: string;
  at: number;
  value: IntakePosition["value"];
}

/** @param key Cuts what is too long for an index. */
export function callRecordRow(
  record: CallRecord,
  key: (text: string) => string,
  unjudged: true | undefined,
): CallRecordRow {
  return {
    source: record.source,
    id: key(record.id),
    user_name: key(record.user),
    direction: record.direction,
    caller: key(record.caller),
    called: key(record.called),
    country: record.country ?? null,
    site: record.site === undefined ? null : key(record.site),
    outcome: record.outcome,
    started_at: Math.round(record.startedAt),
    duration_ms: Math.round(record.durationMs),
    international: record.international,
    record,
    ...(unjudged === undefined ? {} : { unjudged }),
  };
}

export function settingChangeRow(change: SettingChange, key: (text: string) => string): SettingChangeRow {
  return {
    id: key(change.id),
    user_name: key(change.user),
    site: change.site === undefined ? null : key(change.site),
    at: Math.round(change.at),
    setting: change.setting,
    target: change.target === undefined ? null : key(change.target),
    change,
  };
}

export function findingRow(finding: CdrFinding, key: (text: string) => string): FindingRow {
  return {
    id: key(finding.id),
    rule: finding.rule,
    mode: finding.mode,
    severity: finding.severity,
    subject: key(finding.subject),
    state: finding.change === "closed" ? "closed" : "open",
    first_at: Math.round(finding.firstAt),
    at: Math.round(finding.at),
    record_count: finding.recordCount,
    finding,
  };
}

/** The later of two states of one finding: more records, later, or closed. */
export function laterFinding(a: FindingRow, b: FindingRow): FindingRow {
  if (a.record_count !== b.record_count) return a.record_count > b.record_count ? a : b;
  if (a.at !== b.at) return a.at > b.at ? a : b;
  return a.state === "closed" ? a : b;
}

export function positionRow({ name, at, value }: IntakePosition): IntakePositionRow {
  return { name, at: Math.round(at), value };
}
