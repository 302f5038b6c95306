import type { OidcOptions } from "../adapters/oidc/oidc-options.js";
import type { ApiKeyOption, TeamOption, TokenGrant } from "../api/api-options.js";
import type { AlertsConfig } from "../config/alerts-schema.js";
import type { RecordsOptions } from "./records-service.js";
import type { ReportSettings } from "../wiring/reports.js";
import type { RecordingsOptions } from "./recordings-options.js";
import { workerFile } from "./worker-file.js";

/** What the back-office worker is started with: plain data, in the shape of the configuration's slices. */
export interface BackOfficeOptions {
  readonly version: string;
  readonly http: {
    readonly listenAddress: string;
    readonly listenPort: number;
    readonly apiKeys: readonly ApiKeyOption[];
    readonly switchSources: readonly string[];
    readonly trustedProxies?: readonly string[];
    readonly maxBodyBytes: number;
    readonly maxBatchEvents: number;
    readonly requestsPerMinute: number;
  };
  /** Numbers in the audit file are sealed, each with a key of its own. */
  readonly sealAuditNumbers?: boolean;
  /** Whom keys and grants may be limited to. */
  readonly teams?: readonly TeamOption[];
  /** Bearer tokens; absent: only API keys. */
  readonly oidc?: OidcOptions & { readonly grants: readonly TokenGrant[] };
  /** `POST /analyze`; undefined: the API's own limits. */
  readonly analysis?: { readonly maxBytes: number; readonly maxJobs: number; readonly timeoutMs: number };
  readonly metrics: { readonly listenAddress: string; readonly listenPort: number };
  readonly store: {
    readonly folder: string;
    readonly databaseUrl?: string | undefined;
    readonly queueLimit: number;
    readonly spillLimitBytes: number;
    readonly retentionDays: number;
    readonly auditFileBytes: number;
    /** 0, and the default: no audit file is deleted. */
    readonly auditFileDays?: number;
  };
  readonly privacy: {
    readonly transcriptDays: number;
    /** Of speech in the store's folder; absent: nothing of it is pruned. */
    readonly audioDays?: number | undefined;
    /** The keys of what is kept; absent: none is kept. */
    readonly keyFile?: string | undefined;
  };
  /** Intake and detectors of call records; absent: nothing feeds them. */
  readonly records?: RecordsOptions | undefined;
  /** How long they are kept; 0: for ever. */
  readonly recordDays?: number;
  /** Recordings of other systems; absent: none are taken. */
  readonly recordings?: RecordingsOptions;
  /** Absent: no reports. */
  readonly reports?: ReportSettings;
  readonly webhook: {
    readonly alertUrl?: string | undefined;
    readonly secret?: string | undefined;
    readonly timeoutMs: number;
    readonly giveUpMs: number;
    readonly attempts?: number | undefined;
  };
  /** Absent: alerts are sorted into cases, and nobody is told. */
  readonly alerts?: AlertsConfig;
  readonly logs: {
    readonly level: "debug" | "info" | "warn" | "error" | "silent";
    readonly showNumbers: boolean;
    /** The installation's key for hashes in logs, so that both threads' lines can be joined. */
    readonly key: Uint8Array;
  };
}

/** The entry of the back office's thread. */
export const backOfficeEntry = (): URL => workerFile("back-office");
