import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Kysely } from "kysely";
import type { UnixMs } from "../../../detection/index.js";
import { GatewayError } from "../../core/errors.js";
import type { Log } from "../../core/log.js";
import type { CallRecordStore } from "../../ports/call-records.js";
import type { AlertStore } from "../../ports/alert-store.js";
import type { Store } from "../../ports/records.js";
import type { LegalHoldStore } from "../../ports/legal-holds.js";
import type { RecordingJobStore } from "../../ports/recordings.js";
import { lockFolder } from "./folder-lock.js";
import { migrate } from "./migrations.js";
import { openPglite } from "./pglite-database.js";
import { PgliteDialect } from "./pglite-dialect.js";
import { LOG_LIMIT_BYTES } from "./pglite-log-limit.js";
import { postgresDialect } from "./postgres-dialect.js";
import { DEFAULT_RETENTION, type PruneResult, type RetentionDays } from "./retention.js";
import { SqlStore } from "./sql-store.js";
import { failureName, storeError } from "./store-errors.js";
import type { Tables } from "./tables.js";

export interface StoreOptions {
  /**
   * For the PGlite database, and for whatever else the caller keeps beside it (spill files, audit log). Locked for this process,
   * with PostgreSQL too. Undefined: no folder and no lock, PostgreSQL only.
   */
  readonly folder: string | undefined;
  /** `postgres://…`: PostgreSQL is used instead of PGlite. */
  readonly databaseUrl?: string;
  /** PostgreSQL connections at most. Default 4. */
  readonly maxConnections?: number;
  /** To get a connection, or on PGlite the one connection, ms. Default 3,000 and 30,000. */
  readonly connectTimeoutMs?: number;
  /** For one statement, ms. PostgreSQL only: PGlite runs a statement to its end. Default 10,000. */
  readonly statementTimeoutMs?: number;
  readonly retention?: Partial<RetentionDays>;
  /** A packed data folder made by `buildTemplate`. Default: the one that the build puts beside this module, if it is there. */
  readonly template?: string;
  readonly log: Log;
}

export interface ManagedStore extends Store {
  /** What becomes of alerts: cases, outbox, comments, guards. */
  readonly alertCases: AlertStore;
  /** What must not be deleted. */
  readonly legalHolds: LegalHoldStore;
  readonly callRecords: CallRecordStore;
  readonly recordings: RecordingJobStore;
  /** One bounded round of deletion by age. Call again while `more`. @throws GatewayError `store.*` */
  prune(now: UnixMs): Promise<PruneResult>;
}

/** Where `npm run build` puts the packed database. */
export const BUILT_TEMPLATE = join(fileURLToPath(new URL(".", import.meta.url)), "pglite-template.tar.gz");

const PGLITE_WAIT_MS = 30_000;
const PGLITE_MAX_WAITING = 256;
/** After a failed attempt to reach the schema, others fail at once for so long instead of each waiting for its own time-out. */
const RETRY_READY_MS = 250;

/**
 * Opens the store. With PGlite the database is opened, or made, before this returns. With PostgreSQL it need not be up: every
 * operation fails with `store.unavailable` until it is, and the schema is migrated at the first success.
 *
 * @throws GatewayError `store.locked` (another process has the folder), `store.schema` (made by a newer version),
 *   `store.unavailable` or `store.full` (PGlite could not be opened), `config.invalid` (the URL is not one).
 */
export async function openStore(options: StoreOptions): Promise<ManagedStore> {
  const dialectOf = options.databaseUrl === undefined ? pglite : postgres;
  const lock = options.folder === undefined ? undefined : await lockFolder(options.folder);
  const release = async (): Promise<void> => lock?.release();
  try {
    const { dialect, eager } = dialectOf(options);
    const db = new Kysely<Tables>({ dialect });
    const gate = schemaGate(db, options.log);
    const store = new SqlStore({
      db,
      ready: gate.ready,
      onSchemaLost: gate.forget,
      retention: { ...DEFAULT_RETENTION, ...options.retention },
      vacuumAfterPrune: options.databaseUrl === undefined,
      onClose: release,
    });
    try {
      await gate.ready();
    } catch (error) {
      const failure = storeError(error);
      if (eager || failure.code === "store.schema") {
        await db.destroy().catch(() => undefined);
        throw failure;
      }
      options.log.warn("store.not-reachable-yet", { reason: failureName(error) });
    }
    return store;
  } catch (error) {
    await release();
    throw storeError(error);
  }
}

function pglite(options: StoreOptions) {
  const { folder, log } = options;
  if (folder === undefined) throw new GatewayError("config.invalid", "store.folder is needed without a database URL");
  const dialect = new PgliteDialect({
    open: () => openPglite(folder, options.template ?? BUILT_TEMPLATE, log),
    waitMs: options.connectTimeoutMs ?? PGLITE_WAIT_MS,
    maxWaiting: PGLITE_MAX_WAITING,
    logLimitBytes: LOG_LIMIT_BYTES,
  });
  return { dialect, eager: true };
}

function postgres(options: StoreOptions) {
  const url = options.databaseUrl ?? "";
  if (!/^postgres(?:ql)?:\/\//.test(url)) {
    throw new GatewayError("config.invalid", "DATABASE_URL does not begin with postgres:// or postgresql://");
  }
  const dialect = postgresDialect({
    url,
    maxConnections: options.maxConnections ?? 4,
    connectTimeoutMs: options.connectTimeoutMs ?? 3_000,
    statementTimeoutMs: options.statementTimeoutMs ?? 10_000,
    onIdleError: (error) => options.log.warn("store.connection-lost", { reason: failureName(error) }),
  });
  return { dialect, eager: false };
}

/** Migrates once; a failure is remembered for a moment only. */
function schemaGate(
  db: Kysely<Tables>,
  log: Log,
): { readonly ready: () => Promise<void>; readonly forget: () => void } {
  let attempt: Promise<void> | undefined;
  const tryOnce = async (): Promise<void> => {
    const { from, to } = await migrate(db);
    if (from !== to) log.info("store.migrated", { from, to });
  };
  const forget = (): void => {
    attempt = undefined;
  };
  const ready = (): Promise<void> => {
    if (attempt === undefined) {
      attempt = tryOnce();
      attempt.catch(() => setTimeout(forget, RETRY_READY_MS).unref());
    }
    return attempt;
  };
  return { ready, forget };
}
