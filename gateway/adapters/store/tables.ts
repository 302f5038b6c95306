import type {
  Alert,
  AlertThreat,
  Cdr,
  CdrIdentity,
  CdrMedia,
  Incident,
  IncidentCall,
} from "../../../detection/index.js";
import type { CallRecordRow, FindingRow, IntakePositionRow, SettingChangeRow } from "./call-record-rows.js";
import type { AuditEntry, TeardownRecord, TranscriptRecord } from "../../ports/records.js";

export interface CdrRow {
  id: string;
  call_id: string;
  b_call_id: string | null;
  caller: string;
  called: string;
  trunk: string;
  next_hop: string | null;
  started_at: number;
  ringing_at: number | null;
  answered_at: number | null;
  ended_at: number;
  duration_ms: number;
  status: number;
  ended_by: Cdr["endedBy"];
  cause: Cdr["cause"];
  q850: number | null;
  incident_id: string | null;
  block_id: string | null;
  emergency: boolean;
  /** This and what follows: null, or absent in a row that is to be written, where there is nothing to say of media. */
  media_anchor?: CdrMedia["anchor"] | null | undefined;
  media_not_heard?: string | null | undefined;
  a_packets?: number | null | undefined;
  a_lost?: number | null | undefined;
  a_jitter_ms?: number | null | undefined;
  a_mos?: number | null | undefined;
  b_packets?: number | null | undefined;
  b_lost?: number | null | undefined;
  b_jitter_ms?: number | null | undefined;
  b_mos?: number | null | undefined;
  /** This and what follows: the same, where signed caller identities were not verified. */
  identity_verdict?: CdrIdentity["verdict"] | null | undefined;
  identity_attest?: "A" | "B" | "C" | null | undefined;
  identity_origid?: string | null | undefined;
  identity_reason?: string | null | undefined;
  identity_diverted?: boolean | null | undefined;
}

export interface AlertRow {
  id: string;
  incident_id: string;
  rule: Alert["rule"];
  called: string;
  callers: readonly string[];
  caller_count: number;
  call_ids: readonly string[];
  call_count: number;
  severity: Alert["severity"];
  detected_at: number;
  disposition: Alert["disposition"];
  message: string;
  threat: AlertThreat | null;
  /** Rules of call records: null, or absent in a row that is to be written, where there is none. */
  finding?: Alert["finding"] | null | undefined;
  /** When its case was made or grew; null, or absent in a row that is to be written: not yet. */
  taken_at?: number | null | undefined;
  case_id?: string | null | undefined;
}

export interface IncidentRow {
  id: string;
  rule: Incident["rule"];
  called: string;
  state: Incident["state"];
  severity: Incident["severity"];
  opened_at: number;
  updated_at: number;
  closed_at: number | null;
  trunks: readonly string[];
  callers: readonly string[];
  caller_count: number;
  calls: readonly IncidentCall[];
  call_count: number;
  disposition: Incident["disposition"];
  window_ms: number;
  threshold: number;
}

export interface BlockRow {
  id: string;
  called: string;
  caller: string | null;
  caller_prefix: string | null;
  trunk: string | null;
  incident_id: string | null;
  created_at: number;
  expires_at: number;
  created_by: string;
  reason: string;
  state: "added" | "expired" | "removed";
}

export interface TeardownRow {
  call_id: string;
  incident_id: string | null;
  at: number;
  phase: string;
  via: TeardownRecord["via"];
  a_outcome: string;
  b_outcome: string;
  took_ms: number;
}

export interface AuditRow {
  id: string;
  at: number;
  actor: string;
  role: string;
  action: string;
  target: string;
  outcome: AuditEntry["outcome"];
  detail: AuditEntry["detail"];
}

export interface TranscriptRow {
  call_id: string;
  caller: string;
  called: string;
  trunk: string;
  ended_at: number;
  state: TranscriptRecord["state"];
  score: number;
  kind: TranscriptRecord["kind"];
  stage: TranscriptRecord["stage"];
  sealed: string;
  /** The Call-ID, where another call has it too and came first. */
  sealed_as: string | null;
}

/** The tables as Kysely sees them; migrations.ts makes them. */
export interface Tables {
  cdrs: CdrRow;
  alerts: AlertRow;
  incidents: IncidentRow;
  blocks: BlockRow;
  teardowns: TeardownRow;
  audit: AuditRow;
  transcripts: TranscriptRow;
  call_records: CallRecordRow;
  setting_changes: SettingChangeRow;
  findings: FindingRow;
  intake_positions: IntakePositionRow;
}
