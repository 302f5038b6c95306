import type { Alert } from "../../detection/index.js";
import type { Clock } from "../core/clock.js";
import type { Log } from "../core/log.js";
import type { Metrics } from "../core/metrics.js";
import type { Random } from "../core/random.js";
import type { AlertOffice } from "../ports/alert-office.js";
import type { ComponentHealth, GatewayControl } from "../ports/gateway-control.js";
import type { LegalHoldStore } from "../ports/legal-holds.js";
import type { TokenVerifier } from "../ports/token-verifier.js";
import type { CallRecordStore } from "../ports/call-records.js";
import type { ReportOffice } from "../ports/report-office.js";
import type { RecordingDesk } from "../ports/recordings.js";
import type { AuditEntry, Store, TranscriptRecord } from "../ports/records.js";

/** What a key may do. `access/permissions.ts` has the table. */
export type Role = "viewer" | "analyst" | "switch" | "admin";

export interface ApiKeyOption {
  /** The key itself, or `sha256:` and the 64 hex digits of its SHA-256. */
  readonly key: string;
  readonly role: Role;
  /** Shown in the audit log instead of the key; the start of its hash when absent. */
  readonly id?: string;
  /** Teams whose data it may see; absent: everything. */
  readonly teams?: readonly string[];
}

/** Whoever has trunks, sites or departments of their own: one of the three is enough for a row to be theirs. */
export interface TeamOption {
  readonly id: string;
  readonly trunks: readonly string[];
  readonly sites?: readonly string[];
  readonly departments?: readonly string[];
}

/** Which claim of a token gives which role. */
export interface TokenGrant {
  /** Path of the claim, steps by dots: `roles`, `realm_access.roles`. A claim whose own name has dots, as URLs do, is found too. */
  readonly claim: string;
  /** What it is, has in its list, or has between its spaces (as `scope`). */
  readonly value: string;
  readonly role: Role;
  /** Teams whose data it may see; absent: everything. */
  readonly teams?: readonly string[];
}

export interface ApiOptions {
  readonly keys: readonly ApiKeyOption[];
  /** For bearer tokens; the first that one meets counts. */
  readonly grants?: readonly TokenGrant[];
  /** Whom keys and grants name. */
  readonly teams?: readonly TeamOption[];
  /** CIDRs from which `/event`, `/events/batch` and their twins need no key. */
  readonly switchSources: readonly string[];
  /** CIDRs of proxies whose X-Forwarded-For says who the client is. Absent: nobody's does. */
  readonly trustedProxies?: readonly string[];
  readonly limits: ApiLimits;
  readonly version: string;
}

export interface ApiLimits {
  /** Largest body of an event batch, bytes; other bodies are limited to 256 KiB or this, whichever is less. */
  readonly maxBodyBytes: number;
  /** Most events in one batch. */
  readonly maxBatchEvents: number;
  /** Requests a minute with one key, or from one source without a valid key (there a tenth); events are not counted. */
  readonly requestsPerMinute: number;
  /** Event requests (single or batch) a second from one source or key. */
  readonly eventRequestsPerSecond: number;
  /** Time for a request to arrive whole; for its head, and for the next byte of an upload, ms. */
  readonly requestTimeoutMs: number;
  /** Time for a recording that is the body to arrive whole, ms. */
  readonly uploadTimeoutMs: number;
  /** Recordings that may be on their way in at a time; one more is refused. */
  readonly uploads: number;
  /** Time for an answer to be made, ms. */
  readonly handlerTimeoutMs: number;
  /** The same where calls are ended: a teardown waits up to 64·T1 for each leg's answer. */
  readonly endCallsTimeoutMs: number;
  readonly maxConnections: number;
  /** Largest recording of `POST /analyze`, bytes. */
  readonly analysisBytes: number;
  /** Recordings at a time, those included that are still being received. */
  readonly analysisRequests: number;
  /** Time for one to be listened to, ms. */
  readonly analysisTimeoutMs: number;
}

export const DEFAULT_API_LIMITS: ApiLimits = {
  maxBodyBytes: 5 * 1024 * 1024,
  maxBatchEvents: 10_000,
  requestsPerMinute: 6_000,
  eventRequestsPerSecond: 5_000,
  requestTimeoutMs: 15_000,
  uploadTimeoutMs: 600_000,
  uploads: 8,
  handlerTimeoutMs: 15_000,
  endCallsTimeoutMs: 45_000,
  maxConnections: 1_024,
  analysisBytes: 33_554_432,
  analysisRequests: 4,
  analysisTimeoutMs: 130_000,
};

export const DEFAULT_SWITCH_SOURCES: readonly string[] = ["127.0.0.0/8", "::1/128"];

/** Since the start, but for `openFindings`. */
export interface RecordStats {
  readonly records: number;
  readonly duplicates: number;
  readonly findings: number;
  readonly alerts: number;
  readonly openFindings: number;
}

/** Everything the API acts through. It holds no socket, file or clock of its own. */
export interface ApiDeps {
  readonly options: ApiOptions;
  readonly control: GatewayControl;
  readonly store: Store;
  /** Call records of all sources; absent: none are kept. */
  readonly callRecords?: CallRecordStore;
  /** What came of them since the start; absent: nothing feeds the detectors. */
  readonly recordStats?: () => RecordStats;
  /** Alerts of the last minutes, newest first, before the store has them. */
  readonly recentAlerts: () => readonly Alert[];
  /** Alerts as people work on them. Absent: the routes of it are not there. */
  readonly alerts?: AlertOffice;
  /** Waits, for a short bounded time, until what the gateway has reported so far can be read from the store. Never throws. */
  readonly settle: () => Promise<void>;
  /** False: what was reported until now is not all in the store yet, some of it waits on disk. Absent: it always is. Waits a little; never throws. */
  readonly allStored?: () => Promise<boolean>;
  /** The JSON inside. Absent: no keys are here. @throws GatewayError `crypto.key` */
  readonly openTranscript?: (record: TranscriptRecord) => string;
  /** Deletes the kept audio of these calls. @returns How many had some. Absent: none is kept. */
  readonly forgetAudio?: (callIds: readonly string[]) => Promise<number>;
  /** What must not be deleted. Absent: no holds are kept. */
  readonly holds?: LegalHoldStore;
  /** Keys of single numbers, for what stands where nothing can be deleted. Absent: there are none. */
  readonly subjects?: {
    /** What stands for a number in the audit log. */
    readonly nameOf: (number: string) => string;
    /** What a hold on somebody else keeps stays readable. @returns Whether there was a key. @throws GatewayError `crypto.key`, `store.*` */
    readonly destroy: (number: string) => boolean | Promise<boolean>;
  };
  /** Days that call detail records are kept, whoever asks for their deletion; 0: for ever. */
  readonly cdrDays?: number;
  /** The same of call records of all sources. */
  readonly recordDays?: number;
  /** Judges bearer tokens that are no API key. Absent: none are taken. */
  readonly tokens?: TokenVerifier;
  /** Recordings of other systems. Absent: none are taken. */
  readonly recordings?: RecordingDesk;
  readonly reports?: ReportOffice;
  /** Keeps an audit entry. Must not throw or block. */
  readonly audit: (entry: AuditEntry) => void;
  /** Health of what runs beside the API: store, audit log, webhook. */
  readonly localHealth: () => Promise<readonly ComponentHealth[]>;
  readonly clock: Clock;
  readonly random: Random;
  /** SHA-256 of UTF-8 text, lower-case hex. */
  readonly sha256Hex: (text: string) => string;
  readonly log: Log;
  readonly metrics: Metrics;
}
