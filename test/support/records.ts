import {
  unixMs,
  type Alert,
  type Block,
  type CallRecord,
  type CalledId,
  type CallerId,
  type Cdr,
  type Incident,
  type TrunkId,
} from "../../detection/index.js";
import type { AuditEntry, StoreRecord, TeardownRecord, TranscriptRecord } from "../../gateway/ports/records.js";

/** A moment that the records below are counted from. */
export const RECORDS_START = 1_700_000_000_000;

const at = (ms: number) => unixMs(RECORDS_START + ms);
const caller = (index: number): CallerId => `+1202555${String(index % 10_000).padStart(4, "0")}` as CallerId;
const called = "+12025550101" as CalledId;
const trunk = "default" as TrunkId;

/** An answered call; `index` makes id, Call-ID and start time its own. */
export const sampleCdr = (index: number, change: Partial<Cdr> = {}): Cdr => ({
  id: `cdr-${String(index).padStart(8, "0")}`,
  callId: `call-${index}@192.0.2.1`,
  bCallId: `leg-b-${index}@192.0.2.2`,
  caller: caller(index),
  called,
  trunk,
  nextHop: "sip:192.0.2.9:5060",
  startedAt: at(index),
  ringingAt: at(index + 5),
  answeredAt: at(index + 10),
  endedAt: at(index + 1010),
  durationMs: 1000,
  status: 200,
  endedBy: "caller",
  cause: "normal",
  q850: 16,
  emergency: false,
  ...change,
});

/** What an anchored call leaves in its Cdr; too little was heard of the called side for a quality. */
export const SAMPLE_MEDIA: NonNullable<Cdr["media"]> = {
  anchor: "relay",
  notHeard: "codec",
  a: { packets: 3_000_000_000, lost: 3, jitterMs: 1.25, mos: 4.21 },
  b: { packets: 0, lost: 0, jitterMs: 0 },
};

/** What a verified caller identity leaves there. */
export const SAMPLE_IDENTITY: NonNullable<Cdr["identity"]> = {
  verdict: "verified",
  attest: "A",
  origid: "123e4567-e89b-42d3-a456-426655440000",
  diverted: true,
};

export const cdrRecord = (index: number, change: Partial<Cdr> = {}): StoreRecord => ({
  kind: "cdr",
  cdr: sampleCdr(index, change),
});

export const sampleAlert = (index: number, change: Partial<Alert> = {}): Alert => ({
  id: `alert-${String(index).padStart(8, "0")}`,
  incidentId: `incident-${index}`,
  rule: "masking",
  called,
  callers: [caller(1), caller(2)],
  callerCount: 2,
  callIds: ["call-1@192.0.2.1", "call-2@192.0.2.1"],
  callCount: 2,
  severity: "high",
  detectedAt: at(index),
  disposition: "enforced",
  message: "2 callers reached +12025550101 within 5 s",
  ...change,
});

/** An alert about a call that was listened to. */
export const heardAlert = (index: number): Alert =>
  sampleAlert(index, {
    rule: "threat",
    threat: {
      state: "scam",
      score: 0.97,
      kind: "bank-impersonation",
      stage: "request",
      cues: ["request.code", "pressure.secrecy"],
      explanation: "The call sounds like somebody who claims to be the bank.",
      recommended: "Call back.",
      by: "template",
    },
  });

export const sampleIncident = (index: number, change: Partial<Incident> = {}): Incident => ({
  id: `incident-${String(index).padStart(8, "0")}`,
  rule: "masking",
  called,
  state: "open",
  severity: "high",
  openedAt: at(index),
  updatedAt: at(index),
  trunks: [trunk],
  callers: [caller(1), caller(2)],
  callerCount: 2,
  calls: [{ callId: "call-1@192.0.2.1", caller: caller(1), trunk, at: at(index) }],
  callCount: 1,
  disposition: "enforced",
  windowMs: 5000,
  threshold: 5,
  ...change,
});

export const sampleBlock = (index: number, change: Partial<Block> = {}): Block => ({
  id: `block-${String(index).padStart(8, "0")}`,
  called,
  trunk,
  incidentId: `incident-${index}`,
  createdAt: at(index),
  expiresAt: at(index + 60_000),
  createdBy: "policy",
  reason: "masking",
  ...change,
});

export const sampleTeardown = (index: number, change: Partial<TeardownRecord> = {}): TeardownRecord => ({
  callId: `call-${index}@192.0.2.1`,
  incidentId: "incident-1",
  at: at(index),
  phase: "answered",
  via: "hop",
  aOutcome: "confirmed",
  bOutcome: "confirmed",
  tookMs: 3.25,
  ...change,
});

export const sampleAudit = (index: number, change: Partial<AuditEntry> = {}): AuditEntry => ({
  id: `audit-${String(index).padStart(8, "0")}`,
  at: at(index),
  actor: "ops",
  role: "admin",
  action: "block.add",
  target: "block-1",
  outcome: "done",
  detail: { ttlMs: 60_000, scoped: true, by: "trunk" },
  ...change,
});

export const sampleTranscript = (index: number, change: Partial<TranscriptRecord> = {}): TranscriptRecord => ({
  callId: `call-${index}@192.0.2.1`,
  caller: caller(index),
  called,
  trunk,
  endedAt: at(index),
  state: "suspicious",
  score: 0.71,
  kind: "tax",
  stage: "pressure",
  sealed: "AQJrMQ==",
  ...change,
});

/** A call that nobody answered, seconds apart by `index`. */
export const sampleCallRecord = (index: number, change: Partial<CallRecord> = {}): CallRecord => ({
  id: `r${index}`,
  source: "csv",
  callId: `c${index}`,
  user: "anna",
  direction: "out",
  caller: "+12025550101",
  called: "+12025550102",
  numberClass: "fixed",
  international: false,
  startedAt: unixMs(RECORDS_START + index * 1_000),
  endedAt: unixMs(RECORDS_START + index * 1_000),
  durationMs: 0,
  outcome: "no-answer",
  ...change,
});
