import type { AlertNotice } from "./alert-case.js";

/** The notice for programs: names as `GET /alerts` has them, times in ISO 8601. */
export function noticeJson(notice: AlertNotice): Readonly<Record<string, unknown>> {
  return {
    event: notice.event,
    case_id: notice.caseId,
    sequence: notice.sequence,
    at: iso(notice.at),
    state: notice.state,
    alert_id: notice.alertId,
    incident_id: notice.incidentId,
    rule: notice.rule,
    severity: notice.severity,
    disposition: notice.disposition,
    b_number: notice.called,
    a_numbers: notice.callers,
    a_number_count: notice.callerCount,
    call_ids: notice.callIds,
    call_count: notice.callCount,
    alert_count: notice.alertCount,
    detected_at: iso(notice.updatedAt),
    opened_at: iso(notice.openedAt),
    trunks: notice.trunks,
    ...(notice.team === undefined ? {} : { team: notice.team }),
    message: notice.message,
    explanation: notice.explanation,
    recommended: notice.recommended,
    ...(notice.threat === undefined ? {} : { threat: notice.threat }),
    ...(notice.evidence === undefined ? {} : { evidence: notice.evidence }),
    ...(notice.detail === undefined ? {} : { detail: notice.detail }),
    ...(notice.site === undefined ? {} : { site: notice.site }),
    ...(notice.falsePositives === undefined ? {} : { false_positives: notice.falsePositives }),
    ...(notice.by === undefined ? {} : { by: notice.by }),
    ...(notice.closedWhy === undefined ? {} : { closed_why: notice.closedWhy }),
  };
}

const iso = (ms: number): string => new Date(Number.isFinite(ms) && Math.abs(ms) <= 8.64e15 ? ms : 0).toISOString();
