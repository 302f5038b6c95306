import { after } from "node:test";
import type { PGlite } from "@electric-sql/pglite";
import { Kysely } from "kysely";
import type { ManagedStore } from "../../gateway/adapters/store/open-store.js";
import { openPglite } from "../../gateway/adapters/store/pglite-database.js";
import { migrate } from "../../gateway/adapters/store/migrations.js";
import { LOG_LIMIT_BYTES } from "../../gateway/adapters/store/pglite-log-limit.js";
import { PgliteDialect, type PgliteLike } from "../../gateway/adapters/store/pglite-dialect.js";
import { DEFAULT_RETENTION, type RetentionDays } from "../../gateway/adapters/store/retention.js";
import { SqlStore } from "../../gateway/adapters/store/sql-store.js";
import type { Tables } from "../../gateway/adapters/store/tables.js";
import { silentLog } from "../../gateway/core/log.js";
import { temporaryFolder } from "./processes.js";
import { storeTemplate } from "./store-template.js";

let shared: Promise<PGlite> | undefined;
let folder: ReturnType<typeof temporaryFolder> | undefined;

// An open PGlite keeps the process alive.
after(async () => {
  await (await shared)?.close();
  folder?.remove();
});

/** The PGlite that the tests of a file share, one after the other: opening one takes a second. */
export function sharedPglite(): Promise<PGlite> {
  shared ??= open();
  return shared;
}

async function open(): Promise<PGlite> {
  folder = temporaryFolder("shared-store");
  return openPglite(folder.path, await storeTemplate(), silentLog);
}

/** A store without rows, for one test. */
export async function openFreshStore(_?: unknown, retention?: Partial<RetentionDays>): Promise<ManagedStore> {
  const pglite = await sharedPglite();
  await pglite.exec(EMPTY);
  const borrowed: PgliteLike = {
    query: (sql, parameters) => pglite.query(sql, parameters),
    close: () => Promise.resolve(),
  };
  const db = new Kysely<Tables>({
    dialect: new PgliteDialect({
      open: () => Promise.resolve(borrowed),
      waitMs: 30_000,
      maxWaiting: 256,
      logLimitBytes: LOG_LIMIT_BYTES,
    }),
  });
  await migrate(db);
  return new SqlStore({
    db,
    ready: () => Promise.resolve(),
    onSchemaLost: () => undefined,
    retention: { ...DEFAULT_RETENTION, ...retention },
    vacuumAfterPrune: true,
    onClose: () => Promise.resolve(),
  });
}

/** Not `truncate`, which makes a file for each of sixty tables and indexes. */
const EMPTY = `do $$ declare t text; begin
  for t in select tablename from pg_tables where schemaname = 'public' and tablename <> 'ringfence_schema' loop
    execute format('delete from %I', t);
  end loop; end $$`;
