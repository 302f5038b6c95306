import type {
  Alert,
  Block,
  CalledId,
  CallerId,
  CallRecord,
  Cdr,
  CdrFinding,
  Incident,
  SettingChange,
  ThreatKind,
  ThreatStage,
  ThreatState,
  TrunkId,
  UnixMs,
} from "../../detection/index.js";
import type { DataScope } from "../core/data-scope.js";
import type { IntakePosition } from "./intake-position.js";

/** One line of the audit log: every action and every refusal of one, by whom. No secret, no audio, no text. */
export interface AuditEntry {
  readonly id: string;
  readonly at: UnixMs;
  /** Key id, `policy`, `system`, `signal`, or `unauthenticated`. */
  readonly actor: string;
  readonly role: string;
  /** Dotted: `block.add`, `block.remove`, `calls.end`, `trace.start`, `reload`, `auth.refused`, `calls.ended-by-policy`. */
  readonly action: string;
  readonly target: string;
  readonly outcome: "done" | "refused" | "failed";
  readonly detail: Readonly<Record<string, string | number | boolean>>;
}

export interface TeardownRecord {
  readonly callId: string;
  readonly incidentId?: string;
  readonly at: UnixMs;
  readonly phase: string;
  readonly via: "hop" | "switch-api" | "kamailio" | "opensips" | "asterisk";
  readonly aOutcome: string;
  readonly bOutcome: string;
  readonly tookMs: number;
}

/** The text of a call that was listened to, where the operator keeps it. Redacted before it was sealed. */
export interface TranscriptRecord {
  /** The A-leg's Call-ID. Of a later call under the same one: with a suffix, as the store has given it. */
  readonly callId: string;
  readonly caller: CallerId;
  readonly called: CalledId;
  readonly trunk: TrunkId;
  readonly endedAt: UnixMs;
  readonly state: ThreatState;
  readonly score: number;
  readonly kind: ThreatKind;
  readonly stage: ThreatStage;
  /** By `Vault`, context `transcript:CALL-ID`, base64: JSON of the lines and the last verdict. */
  readonly sealed: string;
  /** The Call-ID of that context, where `callId` has a suffix. */
  readonly sealedAs?: string;
}

export interface TranscriptQuery extends PageQuery, TrunkQuery {
  readonly caller?: string;
  readonly called?: string;
  readonly state?: ThreatState;
}

export type StoreRecord =
  | { readonly kind: "cdr"; readonly cdr: Cdr }
  | { readonly kind: "alert"; readonly alert: Alert }
  | { readonly kind: "incident"; readonly incident: Incident }
  | { readonly kind: "block"; readonly change: "added" | "expired" | "removed"; readonly block: Block }
  | { readonly kind: "teardown"; readonly teardown: TeardownRecord }
  | { readonly kind: "audit"; readonly entry: AuditEntry }
  | { readonly kind: "transcript"; readonly transcript: TranscriptRecord }
  /** `unjudged`: no detector saw it yet, and one must. One that is there already stays as it is. */
  | { readonly kind: "call-record"; readonly record: CallRecord; readonly unjudged?: true }
  /** What was found in them is in the same batch, or was written before. */
  | { readonly kind: "records-judged"; readonly judged: readonly CallRecordKey[] }
  | { readonly kind: "setting-change"; readonly change: SettingChange }
  | { readonly kind: "finding"; readonly finding: CdrFinding }
  | { readonly kind: "intake-position"; readonly position: IntakePosition };

/** Ids are unique within their source. */
export type CallRecordKey = Pick<CallRecord, "source" | "id">;

/** Where facts go that must be kept. Never blocks, never throws; a full queue spills to disk and counts. */
export interface RecordSink {
  write(record: StoreRecord): void;
}

/** A sink that keeps together what belongs together. */
export interface BatchSink extends RecordSink {
  /**
   * All of them reach the store in one transaction. Where that is not to be had (it is down, or refuses one of them) they become
   * durable in their order, so whoever is told first comes first.
   * @returns When they are in the store or on disk, or are counted as lost. Never rejects.
   */
  writeTogether(records: readonly StoreRecord[]): Promise<void>;
}

/** `limit` 1–1,000 rows; newest first. `before`/`since` are exclusive/inclusive. */
export interface PageQuery {
  readonly limit: number;
  readonly since?: UnixMs;
  readonly before?: UnixMs;
  /** The last id of the page before: with it, rows of the very millisecond `before` follow too, those with a smaller id. For teardowns: the call id. */
  readonly beforeId?: string;
}

/** Rows of these trunks only, where it is given; of an attack's trunks one is enough. Empty: none. */
export interface TrunkQuery {
  readonly trunks?: readonly string[];
}

/** Rows that this scope sees only, where it is given. */
export interface ScopeQuery {
  readonly scope?: DataScope;
}

export interface CdrQuery extends PageQuery, TrunkQuery {
  readonly caller?: string;
  readonly called?: string;
  readonly trunk?: string;
  readonly cause?: string;
}

/** Alerts, incidents, blocks, CDRs, teardowns, audit. Adapters: store (PGlite in a folder, PostgreSQL). One contract suite. */
export interface Store {
  /** All or nothing; repeating a batch changes nothing (ids are keys). @throws GatewayError `store.*` */
  write(records: readonly StoreRecord[]): Promise<void>;
  /** With `scope`: those whose incident is here and has one of its trunks, and those of call records that name a place of it. */
  alerts(query: PageQuery & ScopeQuery): Promise<readonly Alert[]>;
  alert(id: string): Promise<Alert | undefined>;
  incidents(query: PageQuery & TrunkQuery & { readonly state?: "open" | "closed" }): Promise<readonly Incident[]>;
  incident(id: string): Promise<Incident | undefined>;
  /** Those of them that are there, in any order; at most 1,000. */
  incidentsOf(ids: readonly string[]): Promise<readonly Incident[]>;
  /** Blocks that are in force at `now`: read back at start. */
  activeBlocks(now: UnixMs): Promise<readonly Block[]>;
  cdrs(query: CdrQuery): Promise<readonly Cdr[]>;
  /** All that match, oldest first, in pages: for export. */
  exportCdrs(query: Omit<CdrQuery, "limit">): AsyncIterable<readonly Cdr[]>;
  teardowns(query: PageQuery & { readonly incidentId?: string }): Promise<readonly TeardownRecord[]>;
  audit(query: PageQuery & { readonly actor?: string; readonly action?: string }): Promise<readonly AuditEntry[]>;
  transcripts(query: TranscriptQuery): Promise<readonly TranscriptRecord[]>;
  transcript(callId: string): Promise<TranscriptRecord | undefined>;
  /** Call-IDs of the transcripts of calls from or to that canonical number, but those that a legal hold keeps; 1,000 at most. */
  subjectCalls(number: string): Promise<readonly string[]>;
  /** Deletes them. @param callIds Of these calls only. @returns The Call-IDs that were deleted. */
  forgetSubject(number: string, callIds?: readonly string[]): Promise<readonly string[]>;
  /** What is sealed of it is replaced; nothing happens where the call's transcript is gone. */
  resealTranscript(callId: string, sealed: string): Promise<void>;
  /** Throws when the database does not answer within `timeoutMs`. */
  ping(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}
