import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { PGlite } from "@electric-sql/pglite";
import { Kysely } from "kysely";
import { migrate, MIGRATIONS } from "../../../gateway/adapters/store/migrations.js";
import { cdrOf } from "../../../gateway/adapters/store/from-rows.js";
import { openStore } from "../../../gateway/adapters/store/open-store.js";
import { buildTemplate, openPglite } from "../../../gateway/adapters/store/pglite-database.js";
import { PgliteDialect, type PgliteLike } from "../../../gateway/adapters/store/pglite-dialect.js";
import { SqlStore } from "../../../gateway/adapters/store/sql-store.js";
import type { Tables } from "../../../gateway/adapters/store/tables.js";
import { writeBatch } from "../../../gateway/adapters/store/write-batch.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import { silentLog } from "../../../gateway/core/log.js";
import { cdrRecord, SAMPLE_MEDIA, sampleCdr } from "../../support/records.js";
import { sqlContract } from "./sql-contract.js";
import { storeContract } from "./store-contract.js";

let root = "";
/** Opening a database takes a second, so the tests share one and empty it; `openStore` itself is tested below. */
let shared: PGlite;

before(async () => {
  root = await mkdtemp(join(tmpdir(), "ringfence-store-"));
  shared = await openPglite(join(root, "shared"), undefined, silentLog);
});
after(async () => {
  await shared.close();
  await rm(root, { recursive: true, force: true });
});

async function make(): Promise<SqlStore> {
  await shared.exec("drop schema public cascade; create schema public");
  const borrowed: PgliteLike = {
    query: (sql, parameters) => shared.query(sql, parameters),
    close: () => Promise.resolve(),
  };
  const db = new Kysely<Tables>({
    dialect: new PgliteDialect({ open: () => Promise.resolve(borrowed), waitMs: 30_000, maxWaiting: 256 }),
  });
  await migrate(db);
  return new SqlStore({
    db,
    ready: () => Promise.resolve(),
    onSchemaLost: () => undefined,
    retention: { cdrDays: 1, incidentDays: 2, auditDays: 0, transcriptDays: 3 },
    vacuumAfterPrune: true,
    onClose: () => Promise.resolve(),
  });
}

storeContract("PGlite", make);
sqlContract("PGlite", make);

test("migrations: a failing one leaves nothing behind; a good one keeps the data; none runs twice", async () => {
  await shared.exec("drop schema public cascade; create schema public");
  const db = new Kysely<Tables>({
    dialect: new PgliteDialect({ open: () => Promise.resolve(shared), waitMs: 30_000, maxWaiting: 8 }),
  });
  const latest = MIGRATIONS.length;
  assert.deepEqual(await migrate(db), { from: 0, to: latest });
  await writeBatch(db, [cdrRecord(1)]);
  const broken = [...MIGRATIONS, ["create table halfway (a int)"], ["alter table nowhere add b int"]];
  await assert.rejects(migrate(db, broken));
  assert.deepEqual((await shared.query("select to_regclass('halfway') is null as gone")).rows, [{ gone: true }]);
  const good = [...MIGRATIONS, ["alter table cdrs add column carrier text"]];
  assert.deepEqual(await migrate(db, good), { from: latest, to: latest + 1 });
  assert.deepEqual(await migrate(db, good), { from: latest + 1, to: latest + 1 });
  await writeBatch(db, [cdrRecord(2)]);
  assert.deepEqual((await shared.query("select count(*)::int as n from cdrs where carrier is null")).rows, [{ n: 2 }]);
  await assert.rejects(migrate(db), (error) => error instanceof GatewayError && error.code === "store.schema");
});

test("migrations: Cdrs that were written before media had columns are read as they were", async () => {
  await shared.exec("drop schema public cascade; create schema public");
  const db = new Kysely<Tables>({
    dialect: new PgliteDialect({ open: () => Promise.resolve(shared), waitMs: 30_000, maxWaiting: 8 }),
  });
  const before = MIGRATIONS.findIndex((statements) => statements.some((each) => each.includes("media_anchor")));
  await migrate(db, MIGRATIONS.slice(0, before));
  await writeBatch(db, [cdrRecord(1)]);
  assert.deepEqual(await migrate(db), { from: before, to: MIGRATIONS.length });
  await writeBatch(db, [cdrRecord(2, { media: SAMPLE_MEDIA })]);
  const rows = await db.selectFrom("cdrs").selectAll().orderBy("started_at").execute();
  assert.deepEqual(rows.map(cdrOf), [sampleCdr(1), sampleCdr(2, { media: SAMPLE_MEDIA })]);
});

test("PGlite: a store made from the packed folder keeps its records over closing and opening", async () => {
  const folder = join(root, "from-template");
  const template = join(root, "template.tar.gz");
  const packed = await buildTemplate();
  assert.ok(packed.length < 8_000_000, `the packed folder has ${packed.length} bytes`);
  await writeFile(template, packed);
  const first = await openStore({ folder, template, log: silentLog });
  await first.write([cdrRecord(1)]);
  await first.close();
  // The template is for a new folder only: it must not cover what is there.
  const second = await openStore({ folder, template, log: silentLog });
  assert.deepEqual(await second.cdrs({ limit: 9 }), [sampleCdr(1)]);
  await second.close();
});
