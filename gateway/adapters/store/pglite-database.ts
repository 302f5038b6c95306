import { openAsBlob } from "node:fs";
import { access, mkdir, readdir, rename, statfs, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { Kysely } from "kysely";
import { GatewayError } from "../../core/errors.js";
import type { Log } from "../../core/log.js";
import { migrate } from "./migrations.js";
import { PgliteDialect } from "./pglite-dialect.js";
import { LOG_LIMIT_BYTES } from "./pglite-log-limit.js";
import type { Tables } from "./tables.js";

/** The database's own folder inside the store's. */
const DATA = "pglite";
/** Written when the data folder is whole. Its absence beside a data folder means that the first start was cut off. */
const COMPLETE = "pglite.complete";

const UNREADABLE = "pglite.unreadable-";
const MOST_PUT_ASIDE = 3;
/** Recovery writes WAL segments of 16 MiB; with less than this free, a failure may be the disk's. */
const ROOM_TO_RECOVER_BYTES = 64 * 1024 * 1024;

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Whether a whole PGlite database is in `folder`. Makes and locks nothing. */
export const holdsPglite = (folder: string): Promise<boolean> => exists(join(folder, COMPLETE));

/**
 * Opens the PGlite database in `folder`, which the caller has locked. A new one is made from `template` (a data folder packed
 * by `buildTemplate`; 1 s) or, without one, from nothing (4 s and 900 MB of memory for that moment).
 */
export async function openPglite(folder: string, template: string | undefined, log: Log): Promise<PGlite> {
  const dataDir = join(folder, DATA);
  const complete = join(folder, COMPLETE);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (await exists(complete)) {
    const found = await openExisting(folder, dataDir, log);
    if (found !== undefined) return found;
  } else if (await exists(dataDir)) {
    const aside = `${dataDir}.incomplete-${Date.now()}`;
    log.warn("store.first-start-was-cut-off", { movedTo: aside });
    await rename(dataDir, aside);
  }
  const loadDataDir = template === undefined || !(await exists(template)) ? undefined : await openAsBlob(template);
  const db = await PGlite.create(loadDataDir === undefined ? { dataDir } : { dataDir, loadDataDir });
  await writeFile(complete, "");
  return db;
}

/**
 * PGlite does not fsync, so a power cut can leave a database that PostgreSQL cannot recover. The gateway has to start all the
 * same: such a folder is put aside for a person to look at, and a new one is made. Only when there is room on the disk and two
 * attempts have failed, for a full disk looks the same from here; and only a few times, for disks are not endless.
 *
 * @returns Undefined: put aside.
 */
async function openExisting(folder: string, dataDir: string, log: Log): Promise<PGlite | undefined> {
  const open = (): Promise<PGlite> => PGlite.create({ dataDir });
  try {
    return await open().catch(open);
  } catch (cause) {
    const { bavail, bsize } = await statfs(folder);
    const unreadable = (await readdir(folder)).filter((name) => name.startsWith(UNREADABLE));
    const isShort = bavail * bsize < ROOM_TO_RECOVER_BYTES || isResourceFailure(cause);
    if (isShort || unreadable.length >= MOST_PUT_ASIDE) throw cause;
    const movedTo = join(folder, `${UNREADABLE}${Date.now()}`);
    log.error("store.unreadable-put-aside", { movedTo }, cause);
    await rename(dataDir, movedTo);
    await unlink(join(folder, COMPLETE));
    return undefined;
  }
}

/** No memory, no permission, no file descriptors: the database may be as good as ever. */
const isResourceFailure = (cause: unknown): boolean =>
  cause instanceof RangeError || (cause instanceof Error && /\bE[A-Z]{4,}\b|memory|No space/.test(cause.message));

/**
 * A freshly migrated, empty database, packed: `openStore` starts from it three seconds faster and with half the memory.
 *
 * @returns A gzipped tar of a PGlite data folder, about 5 MB.
 */
export async function buildTemplate(): Promise<Uint8Array> {
  const pglite = await PGlite.create();
  const db = new Kysely<Tables>({
    dialect: new PgliteDialect({
      open: () => Promise.resolve(pglite),
      waitMs: 60_000,
      maxWaiting: 8,
      logLimitBytes: LOG_LIMIT_BYTES,
    }),
  });
  try {
    await migrate(db);
    const packed = await pglite.dumpDataDir("gzip");
    return new Uint8Array(await packed.arrayBuffer());
  } catch (cause) {
    throw new GatewayError("store.unavailable", "the template could not be made", { cause });
  } finally {
    await db.destroy();
  }
}
