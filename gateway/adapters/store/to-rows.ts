import type { Alert, Block, Cdr, CdrIdentity, CdrMedia, Incident } from "../../../detection/index.js";
import type { AuditEntry, StoreRecord, TeardownRecord, TranscriptRecord } from "../../ports/records.js";
import {
  callRecordRow,
  findingRow,
  laterFinding,
  positionRow,
  type CallRecordRow,
  type FindingRow,
  type JudgedRow,
  settingChangeRow,
  type IntakePositionRow,
  type SettingChangeRow,
} from "./call-record-rows.js";
import type { AlertRow, AuditRow, BlockRow, CdrRow, IncidentRow, TeardownRow, TranscriptRow } from "./tables.js";

/** Columns that are keys or indexed: an entry of a PostgreSQL B-tree may have 2,704 bytes, a UTF-16 unit takes 3 at most. */
export const MAX_KEY_CHARS = 512;
/** Everything else that is text. Longer values are cut; SIP's own limits are far below. */
export const MAX_TEXT_CHARS = 65_536;

/**
 * Cuts a key that is too long. What is cut off is replaced by its length and a 53-bit hash, so that two long keys stay two keys.
 */
function key(value: string): string {
  if (value.length <= MAX_KEY_CHARS) return value;
  return `${value.slice(0, MAX_KEY_CHARS - 40)}…[${value.length}:${hash53(value).toString(16)}]`;
}

/** Not cryptographic: tells over-long identifiers apart (two multiplicative 32-bit hashes, joined). */
function hash53(text: string): number {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  }
  return 4294967296 * (2097151 & (b >>> 0)) + (a >>> 0);
}

const text = (value: string): string => (value.length <= MAX_TEXT_CHARS ? value : value.slice(0, MAX_TEXT_CHARS));
const optional = (value: string | undefined): string | null => (value === undefined ? null : key(value));
/** Whole milliseconds: durations that come from a monotonic clock have fractions, `bigint` has none. */
const ms = (value: number): number => Math.round(value);
const optionalMs = (value: number | undefined): number | null => (value === undefined ? null : Math.round(value));

export function cdrRow(cdr: Cdr): CdrRow {
  return {
    id: key(cdr.id),
    call_id: key(cdr.callId),
    b_call_id: optional(cdr.bCallId),
    caller: key(cdr.caller),
    called: key(cdr.called),
    trunk: key(cdr.trunk),
    next_hop: optional(cdr.nextHop),
    started_at: ms(cdr.startedAt),
    ringing_at: optionalMs(cdr.ringingAt),
    answered_at: optionalMs(cdr.answeredAt),
    ended_at: ms(cdr.endedAt),
    duration_ms: ms(cdr.durationMs),
    status: cdr.status,
    ended_by: cdr.endedBy,
    cause: cdr.cause,
    q850: cdr.q850 ?? null,
    incident_id: optional(cdr.incidentId),
    block_id: optional(cdr.blockId),
    emergency: cdr.emergency,
    ...(cdr.media === undefined ? {} : mediaColumns(cdr.media)),
    ...(cdr.identity === undefined ? {} : identityColumns(cdr.identity)),
  };
}

/** Absent columns are NULL: most calls have none of these. */
function mediaColumns({ anchor, notHeard, a, b }: CdrMedia): Partial<CdrRow> {
  return {
    media_anchor: anchor ?? null,
    media_not_heard: optional(notHeard),
    ...(a === undefined ? {} : { a_packets: a.packets, a_lost: a.lost, a_jitter_ms: a.jitterMs, a_mos: a.mos ?? null }),
    ...(b === undefined ? {} : { b_packets: b.packets, b_lost: b.lost, b_jitter_ms: b.jitterMs, b_mos: b.mos ?? null }),
  };
}

function identityColumns({ verdict, attest, origid, reason, diverted }: CdrIdentity): Partial<CdrRow> {
  return {
    identity_verdict: verdict,
    identity_attest: attest ?? null,
    identity_origid: optional(origid),
    identity_reason: optional(reason),
    identity_diverted: diverted ?? null,
  };
}

export function alertRow(alert: Alert): AlertRow {
  return {
    id: key(alert.id),
    incident_id: key(alert.incidentId),
    rule: alert.rule,
    called: key(alert.called),
    callers: alert.callers,
    caller_count: alert.callerCount,
    call_ids: alert.callIds,
    call_count: alert.callCount,
    severity: alert.severity,
    detected_at: ms(alert.detectedAt),
    disposition: alert.disposition,
    message: text(alert.message),
    threat: alert.threat ?? null,
    finding: alert.finding ?? null,
  };
}

export function incidentRow(incident: Incident): IncidentRow {
  return {
    id: key(incident.id),
    rule: incident.rule,
    called: key(incident.called),
    state: incident.state,
    severity: incident.severity,
    opened_at: ms(incident.openedAt),
    updated_at: ms(incident.updatedAt),
    closed_at: optionalMs(incident.closedAt),
    trunks: incident.trunks,
    callers: incident.callers,
    caller_count: incident.callerCount,
    calls: incident.calls,
    call_count: incident.callCount,
    disposition: incident.disposition,
    window_ms: ms(incident.windowMs),
    threshold: incident.threshold,
  };
}

export function blockRow(block: Block, state: BlockRow["state"]): BlockRow {
  return {
    id: key(block.id),
    called: key(block.called),
    caller: optional(block.caller),
    caller_prefix: optional(block.callerPrefix),
    trunk: optional(block.trunk),
    incident_id: optional(block.incidentId),
    created_at: ms(block.createdAt),
    expires_at: ms(block.expiresAt),
    created_by: key(block.createdBy),
    reason: text(block.reason),
    state,
  };
}

export function teardownRow(teardown: TeardownRecord): TeardownRow {
  return {
    call_id: key(teardown.callId),
    incident_id: optional(teardown.incidentId),
    at: ms(teardown.at),
    phase: key(teardown.phase),
    via: teardown.via,
    a_outcome: text(teardown.aOutcome),
    b_outcome: text(teardown.bOutcome),
    took_ms: teardown.tookMs,
  };
}

export function auditRow(entry: AuditEntry): AuditRow {
  return {
    id: key(entry.id),
    at: ms(entry.at),
    actor: key(entry.actor),
    role: key(entry.role),
    action: key(entry.action),
    target: text(entry.target),
    outcome: entry.outcome,
    detail: entry.detail,
  };
}

export function transcriptRow(transcript: TranscriptRecord): TranscriptRow {
  return {
    call_id: key(transcript.callId),
    caller: key(transcript.caller),
    called: key(transcript.called),
    trunk: key(transcript.trunk),
    ended_at: ms(transcript.endedAt),
    state: transcript.state,
    score: transcript.score,
    kind: transcript.kind,
    stage: transcript.stage,
    // Never cut: half of it cannot be opened.
    sealed: transcript.sealed,
    sealed_as: null,
  };
}

/** One batch, by table. Keys are unique within each list: one statement may not touch a row twice. */
export interface RowBatch {
  readonly cdrs: readonly CdrRow[];
  readonly alerts: readonly AlertRow[];
  readonly incidents: readonly IncidentRow[];
  readonly blocks: readonly BlockRow[];
  readonly teardowns: readonly TeardownRow[];
  readonly audit: readonly AuditRow[];
  readonly transcripts: readonly TranscriptRow[];
  readonly call_records: readonly CallRecordRow[];
  /** No table: marks of `call_records`, set behind them. */
  readonly judged: readonly JudgedRow[];
  readonly setting_changes: readonly SettingChangeRow[];
  readonly findings: readonly FindingRow[];
  readonly intake_positions: readonly IntakePositionRow[];
}

const STATE_ORDER = { added: 0, expired: 1, removed: 2 } as const;

/** The later of two states of one incident; at the same time, closed is later than open. */
export function newerIncident(a: IncidentRow, b: IncidentRow): IncidentRow {
  if (a.updated_at !== b.updated_at) return a.updated_at > b.updated_at ? a : b;
  return a.state === "closed" && b.state === "open" ? a : b;
}

/** What two changes of one block come to, in whichever order they arrive: removed wins, the longest life counts. */
export function joinBlocks(a: BlockRow, b: BlockRow): BlockRow {
  const state = STATE_ORDER[a.state] > STATE_ORDER[b.state] ? a.state : b.state;
  return { ...a, expires_at: Math.max(a.expires_at, b.expires_at), state };
}

/** One row a key: what two of them come to. */
function join<T>(rows: Map<string, T>, id: string, row: T, both: (a: T, b: T) => T): void {
  const name = key(id);
  const other = rows.get(name);
  rows.set(name, other === undefined ? row : both(other, row));
}

const laterPosition = (a: IntakePositionRow, b: IntakePositionRow): IntakePositionRow => (b.at >= a.at ? b : a);

/** Under one Call-ID there may be several calls. */
const oneCall = ({ callId, caller, called, endedAt }: TranscriptRecord): string =>
  JSON.stringify([callId, caller, called, endedAt]);

/** Sorts records into tables. O(n). */
export function toRows(records: readonly StoreRecord[]): RowBatch {
  const [cdrs, alerts]: [CdrRow[], AlertRow[]] = [[], []];
  const incidents = new Map<string, IncidentRow>();
  const blocks = new Map<string, BlockRow>();
  const [teardowns, audit]: [TeardownRow[], AuditRow[]] = [[], []];
  const transcripts = new Map<string, TranscriptRow>();
  const [callRecords, judged, changes]: [CallRecordRow[], JudgedRow[], SettingChangeRow[]] = [[], [], []];
  const findings = new Map<string, FindingRow>();
  const positions = new Map<string, IntakePositionRow>();
  for (const record of records) {
    switch (record.kind) {
      case "cdr":
        cdrs.push(cdrRow(record.cdr));
        break;
      case "alert":
        alerts.push(alertRow(record.alert));
        break;
      case "incident":
        join(incidents, record.incident.id, incidentRow(record.incident), newerIncident);
        break;
      case "block":
        join(blocks, record.block.id, blockRow(record.block, record.change), joinBlocks);
        break;
      case "teardown":
        teardowns.push(teardownRow(record.teardown));
        break;
      case "audit":
        audit.push(auditRow(record.entry));
        break;
      case "transcript":
        join(transcripts, oneCall(record.transcript), transcriptRow(record.transcript), (_, later) => later);
        break;
      case "call-record":
        callRecords.push(callRecordRow(record.record, key, record.unjudged));
        break;
      case "records-judged":
        for (const { source, id } of record.judged) judged.push({ source, id: key(id) });
        break;
      case "setting-change":
        changes.push(settingChangeRow(record.change, key));
        break;
      case "finding":
        join(findings, record.finding.id, findingRow(record.finding, key), laterFinding);
        break;
      case "intake-position":
        join(positions, record.position.name, positionRow(record.position), laterPosition);
        break;
    }
  }
  return {
    ...{ cdrs, alerts, teardowns, audit, judged },
    incidents: [...incidents.values()],
    blocks: [...blocks.values()],
    transcripts: [...transcripts.values()],
    call_records: callRecords,
    setting_changes: changes,
    findings: [...findings.values()],
    intake_positions: [...positions.values()],
  };
}
