import type { Alert, AlertFinding, Block, Cdr, Incident } from "../../detection/index.js";
import type { DisconnectResult, EventVerdict, LiveCallView } from "../ports/gateway-control.js";
import type { AuditEntry, TeardownRecord } from "../ports/records.js";
import { isoTime } from "./schemas/common.js";
import type { AlertAnswer, EventAnswer } from "./schemas/switch-contract.js";

type Row = Readonly<Record<string, unknown>>;
const isoOrNothing = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : isoTime(ms));

export const alertView = (alert: Alert): AlertAnswer => ({
  alert_id: alert.id,
  b_number: alert.called,
  a_numbers: [...alert.callers],
  call_count: alert.callCount,
  severity: alert.severity,
  detected_at: isoTime(alert.detectedAt),
  incident_id: alert.incidentId,
  rule: alert.rule,
  a_number_count: alert.callerCount,
  call_ids: [...alert.callIds],
  disposition: alert.disposition,
  message: alert.message,
  ...(alert.threat === undefined ? {} : { threat: { ...alert.threat, cues: [...alert.threat.cues] } }),
  ...(alert.finding === undefined ? {} : { finding: alertFindingView(alert.finding) }),
});

function alertFindingView(finding: AlertFinding): NonNullable<AlertAnswer["finding"]> {
  const { id, score, firstAt, site, evidence, detail, explanation, recommended, falsePositives } = finding;
  return {
    id,
    score,
    first_at: isoTime(firstAt),
    ...(site === undefined ? {} : { site }),
    evidence: { ...evidence },
    detail: { ...detail },
    explanation,
    recommended,
    false_positives: falsePositives,
  };
}

export const verdictView = (verdict: EventVerdict): EventAnswer => ({
  status: verdict.status,
  detected: verdict.detected,
  ...(verdict.alertId === undefined ? {} : { alert_id: verdict.alertId }),
  call_id: verdict.callId,
  verdict: verdict.verdict,
  ...(verdict.incidentId === undefined ? {} : { incident_id: verdict.incidentId }),
  ...(verdict.reason === undefined ? {} : { reason: verdict.reason }),
});

export const incidentView = (incident: Incident): Row => ({
  incident_id: incident.id,
  rule: incident.rule,
  b_number: incident.called,
  state: incident.state,
  severity: incident.severity,
  disposition: incident.disposition,
  opened_at: isoTime(incident.openedAt),
  updated_at: isoTime(incident.updatedAt),
  closed_at: isoOrNothing(incident.closedAt),
  trunks: incident.trunks,
  a_numbers: incident.callers,
  a_number_count: incident.callerCount,
  call_count: incident.callCount,
  calls: incident.calls.map((call) => ({
    call_id: call.callId,
    a_number: call.caller,
    trunk: call.trunk,
    at: isoTime(call.at),
  })),
  window_ms: incident.windowMs,
  threshold: incident.threshold,
});

export const blockView = (block: Block): Row => ({
  block_id: block.id,
  b_number: block.called,
  a_number: block.caller,
  a_prefix: block.callerPrefix,
  trunk: block.trunk,
  incident_id: block.incidentId,
  created_at: isoTime(block.createdAt),
  expires_at: isoTime(block.expiresAt),
  created_by: block.createdBy,
  reason: block.reason,
});

export const callView = (call: LiveCallView): Row => ({
  call_id: call.callId,
  a_number: call.caller,
  b_number: call.called,
  trunk: call.trunk,
  phase: call.phase,
  started_at: isoTime(call.startedAt),
  answered_at: isoOrNothing(call.answeredAt),
  next_hop: call.nextHop,
  carried_by: call.carriedBy,
  server: call.server,
});

export const cdrView = (cdr: Cdr): Row => ({
  id: cdr.id,
  call_id: cdr.callId,
  b_call_id: cdr.bCallId,
  caller: cdr.caller,
  called: cdr.called,
  trunk: cdr.trunk,
  next_hop: cdr.nextHop,
  started_at: isoTime(cdr.startedAt),
  ringing_at: isoOrNothing(cdr.ringingAt),
  answered_at: isoOrNothing(cdr.answeredAt),
  ended_at: isoTime(cdr.endedAt),
  duration_ms: cdr.durationMs,
  status: cdr.status,
  ended_by: cdr.endedBy,
  cause: cdr.cause,
  q850: cdr.q850,
  incident_id: cdr.incidentId,
  block_id: cdr.blockId,
  emergency: cdr.emergency,
  media_anchor: cdr.media?.anchor,
  media_not_heard: cdr.media?.notHeard,
  a_packets: cdr.media?.a?.packets,
  a_lost: cdr.media?.a?.lost,
  a_jitter_ms: cdr.media?.a?.jitterMs,
  a_mos: cdr.media?.a?.mos,
  b_packets: cdr.media?.b?.packets,
  b_lost: cdr.media?.b?.lost,
  b_jitter_ms: cdr.media?.b?.jitterMs,
  b_mos: cdr.media?.b?.mos,
  identity_verdict: cdr.identity?.verdict,
  identity_attest: cdr.identity?.attest,
  identity_origid: cdr.identity?.origid,
  identity_reason: cdr.identity?.reason,
  identity_diverted: cdr.identity?.diverted,
});

export const teardownView = (teardown: TeardownRecord): Row => ({
  call_id: teardown.callId,
  incident_id: teardown.incidentId,
  at: isoTime(teardown.at),
  phase: teardown.phase,
  via: teardown.via,
  a_outcome: teardown.aOutcome,
  b_outcome: teardown.bOutcome,
  took_ms: teardown.tookMs,
});

export const auditView = (entry: AuditEntry): Row => ({ ...entry, at: isoTime(entry.at) });

export const disconnectView = (results: readonly DisconnectResult[]): Row => {
  const disconnected = results.filter((result) => result.success).length;
  return {
    requested: results.length,
    disconnected,
    failed: results.length - disconnected,
    results: results.map((each) => ({
      call_id: each.callId,
      success: each.success,
      outcome: each.outcome,
      via: each.via,
      took_ms: each.tookMs,
    })),
  };
};
