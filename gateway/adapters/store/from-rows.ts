import {
  unixMs,
  type Alert,
  type Block,
  type CalledId,
  type CallerId,
  type Cdr,
  type CdrIdentity,
  type CdrMedia,
  type CdrMediaSide,
  type Incident,
  type TrunkId,
} from "../../../detection/index.js";
import type { AuditEntry, TeardownRecord, TranscriptRecord } from "../../ports/records.js";
import type { AlertRow, AuditRow, BlockRow, CdrRow, IncidentRow, TeardownRow, TranscriptRow } from "./tables.js";

// The identifiers below were made by the number plan before they were stored, so they are only given their types back.
const caller = (value: string): CallerId => value as CallerId;
const called = (value: string): CalledId => value as CalledId;
const trunk = (value: string): TrunkId => value as TrunkId;

export function cdrOf(row: CdrRow): Cdr {
  return {
    id: row.id,
    callId: row.call_id,
    ...(row.b_call_id === null ? {} : { bCallId: row.b_call_id }),
    caller: caller(row.caller),
    called: called(row.called),
    trunk: trunk(row.trunk),
    ...(row.next_hop === null ? {} : { nextHop: row.next_hop }),
    startedAt: unixMs(row.started_at),
    ...(row.ringing_at === null ? {} : { ringingAt: unixMs(row.ringing_at) }),
    ...(row.answered_at === null ? {} : { answeredAt: unixMs(row.answered_at) }),
    endedAt: unixMs(row.ended_at),
    durationMs: row.duration_ms,
    status: row.status,
    endedBy: row.ended_by,
    cause: row.cause,
    ...(row.q850 === null ? {} : { q850: row.q850 }),
    ...(row.incident_id === null ? {} : { incidentId: row.incident_id }),
    ...(row.block_id === null ? {} : { blockId: row.block_id }),
    emergency: row.emergency,
    ...mediaOf(row),
    ...identityOf(row),
  };
}

function mediaOf(row: CdrRow): { readonly media?: CdrMedia } {
  const { media_anchor: anchor, media_not_heard: notHeard } = row;
  if (isAbsent(anchor) && isAbsent(notHeard)) return {};
  const a = sideOf(row.a_packets, row.a_lost, row.a_jitter_ms, row.a_mos);
  const b = sideOf(row.b_packets, row.b_lost, row.b_jitter_ms, row.b_mos);
  return {
    media: {
      ...(isAbsent(anchor) ? {} : { anchor }),
      ...(isAbsent(notHeard) ? {} : { notHeard }),
      ...(a === undefined ? {} : { a }),
      ...(b === undefined ? {} : { b }),
    },
  };
}

function identityOf(row: CdrRow): { readonly identity?: CdrIdentity } {
  const { identity_verdict: verdict, identity_attest: attest, identity_origid: origid } = row;
  const { identity_reason: reason, identity_diverted: diverted } = row;
  if (isAbsent(verdict)) return {};
  return {
    identity: {
      verdict,
      ...(isAbsent(attest) ? {} : { attest }),
      ...(isAbsent(origid) ? {} : { origid }),
      ...(isAbsent(reason) ? {} : { reason }),
      ...(isAbsent(diverted) ? {} : { diverted }),
    },
  };
}

type Column = number | null | undefined;

const isAbsent = (value: unknown): value is null | undefined => value === null || value === undefined;

function sideOf(packets: Column, lost: Column, jitterMs: Column, mos: Column): CdrMediaSide | undefined {
  if (isAbsent(packets) || isAbsent(lost) || isAbsent(jitterMs)) return undefined;
  return isAbsent(mos) ? { packets, lost, jitterMs } : { packets, lost, jitterMs, mos };
}

export function alertOf(row: AlertRow): Alert {
  return {
    id: row.id,
    incidentId: row.incident_id,
    rule: row.rule,
    called: called(row.called),
    callers: row.callers.map(caller),
    callerCount: row.caller_count,
    callIds: row.call_ids,
    callCount: row.call_count,
    severity: row.severity,
    detectedAt: unixMs(row.detected_at),
    disposition: row.disposition,
    message: row.message,
    ...(row.threat === null ? {} : { threat: row.threat }),
    ...(row.finding === null || row.finding === undefined ? {} : { finding: row.finding }),
  };
}

export function incidentOf(row: IncidentRow): Incident {
  return {
    id: row.id,
    rule: row.rule,
    called: called(row.called),
    state: row.state,
    severity: row.severity,
    openedAt: unixMs(row.opened_at),
    updatedAt: unixMs(row.updated_at),
    ...(row.closed_at === null ? {} : { closedAt: unixMs(row.closed_at) }),
    trunks: row.trunks.map(trunk),
    callers: row.callers.map(caller),
    callerCount: row.caller_count,
    calls: row.calls,
    callCount: row.call_count,
    disposition: row.disposition,
    windowMs: row.window_ms,
    threshold: row.threshold,
  };
}

export function blockOf(row: BlockRow): Block {
  return {
    id: row.id,
    called: called(row.called),
    ...(row.caller === null ? {} : { caller: caller(row.caller) }),
    ...(row.caller_prefix === null ? {} : { callerPrefix: row.caller_prefix }),
    ...(row.trunk === null ? {} : { trunk: trunk(row.trunk) }),
    ...(row.incident_id === null ? {} : { incidentId: row.incident_id }),
    createdAt: unixMs(row.created_at),
    expiresAt: unixMs(row.expires_at),
    createdBy: row.created_by,
    reason: row.reason,
  };
}

export function teardownOf(row: TeardownRow): TeardownRecord {
  return {
    callId: row.call_id,
    ...(row.incident_id === null ? {} : { incidentId: row.incident_id }),
    at: unixMs(row.at),
    phase: row.phase,
    via: row.via,
    aOutcome: row.a_outcome,
    bOutcome: row.b_outcome,
    tookMs: row.took_ms,
  };
}

export function auditOf(row: AuditRow): AuditEntry {
  return {
    id: row.id,
    at: unixMs(row.at),
    actor: row.actor,
    role: row.role,
    action: row.action,
    target: row.target,
    outcome: row.outcome,
    detail: row.detail,
  };
}

export function transcriptOf(row: TranscriptRow): TranscriptRecord {
  return {
    callId: row.call_id,
    caller: caller(row.caller),
    called: called(row.called),
    trunk: trunk(row.trunk),
    endedAt: unixMs(row.ended_at),
    state: row.state,
    score: row.score,
    kind: row.kind,
    stage: row.stage,
    sealed: row.sealed,
    ...(row.sealed_as === null ? {} : { sealedAs: row.sealed_as }),
  };
}
