import type { ApiKeyOption } from "../api/api-options.js";

/** What the back-office worker is started with: plain data, in the shape of the configuration's slices. */
export interface BackOfficeOptions {
  readonly version: string;
  readonly http: {
    readonly listenAddress: string;
    readonly listenPort: number;
    readonly apiKeys: readonly ApiKeyOption[];
    readonly switchSources: readonly string[];
    readonly maxBodyBytes: number;
    readonly maxBatchEvents: number;
    readonly requestsPerMinute: number;
  };
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
  };
  readonly privacy: {
    readonly transcriptDays: number;
    /** Of speech in the store's folder; absent: nothing of it is pruned. */
    readonly audioDays?: number | undefined;
    /** The keys of what is kept; absent: none is kept. */
    readonly keyFile?: string | undefined;
  };
  readonly webhook: {
    readonly alertUrl?: string | undefined;
    readonly secret?: string | undefined;
    readonly timeoutMs: number;
    readonly attempts: number;
  };
  readonly logs: {
    readonly level: "debug" | "info" | "warn" | "error" | "silent";
    readonly showNumbers: boolean;
    /** The installation's key for hashes in logs, so that both threads' lines can be joined. */
    readonly key: Uint8Array;
  };
}

/**
 * The worker's entry: the compiled file, or, when this runs from source, a line that teaches the new thread TypeScript first
 * (tsx does not reach into threads by itself).
 */
export function backOfficeEntry(): URL {
  if (!import.meta.url.endsWith(".ts")) return new URL("./back-office.js", import.meta.url);
  const tsx = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  const entry = JSON.stringify(new URL("./back-office.ts", import.meta.url).href);
  const code = `const { register } = await import(${tsx}); register(); await import(${entry});`;
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}
