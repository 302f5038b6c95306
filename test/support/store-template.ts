import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MIGRATIONS } from "../../gateway/adapters/store/migrations.js";
import { buildTemplate } from "../../gateway/adapters/store/pglite-database.js";

const CACHE = fileURLToPath(new URL("../../.cache/", import.meta.url));
const NAME = "pglite-template-";

let made: Promise<string> | undefined;

/**
 * A packed, migrated, empty database, as the build makes it, for `openStore`'s `template`. It takes three seconds, so it is kept for all
 * test files and runs with this schema and this PGlite.
 */
export function storeTemplate(): Promise<string> {
  made ??= make();
  return made;
}

async function make(): Promise<string> {
  const pglite = readFileSync(new URL("../package.json", import.meta.resolve("@electric-sql/pglite")), "utf8");
  const hash = createHash("sha256").update(JSON.stringify(MIGRATIONS)).update(pglite).digest("hex").slice(0, 16);
  const path = join(CACHE, `${NAME}${hash}.tar.gz`);
  if (existsSync(path)) return path;
  const packed = await buildTemplate();
  mkdirSync(CACHE, { recursive: true });
  // A test file beside may have made this one meanwhile, and open it now: it is neither removed nor replaced.
  for (const old of readdirSync(CACHE).filter((name) => name.startsWith(NAME)))
    if (join(CACHE, old) !== path) rmSync(join(CACHE, old), { force: true });
  // Whole or not at all: others may look for it at this moment.
  const part = join(CACHE, `part-${randomUUID()}`);
  writeFileSync(part, packed);
  if (existsSync(path)) rmSync(part);
  else renameSync(part, path);
  return path;
}
