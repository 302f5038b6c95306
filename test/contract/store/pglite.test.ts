import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import type { PGlite } from "@electric-sql/pglite";
import { Kysely } from "kysely";
import { migrate, MIGRATIONS } from "../../../gateway/adapters/store/migrations.js";
import { cdrOf } from "../../../gateway/adapters/store/from-rows.js";
import { openStore, type ManagedStore } from "../../../gateway/adapters/store/open-store.js";
import { buildTemplate } from "../../../gateway/adapters/store/pglite-database.js";
import { PgliteDialect } from "../../../gateway/adapters/store/pglite-dialect.js";
import type { Tables } from "../../../gateway/adapters/store/tables.js";
import { writeBatch } from "../../../gateway/adapters/store/write-batch.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import { silentLog } from "../../../gateway/core/log.js";
import { openFreshStore, sharedPglite } from "../../support/fresh-store.js";
import { cdrRecord, sampleAlert, SAMPLE_MEDIA, sampleCdr } from "../../support/records.js";
import { sqlContract } from "./sql-contract.js";
import { storeContract } from "./store-contract.js";

let root = "";
let shared: PGlite;

before(async () => {
  root = await mkdtemp(join(tmpdir(), "ringfence-store-"));
  shared = await sharedPglite();
});
after(() => rm(root, { recursive: true, force: true }));

const make = (t: TestContext): Promise<ManagedStore> =>
  openFreshStore(t, { cdrDays: 1, incidentDays: 2, auditDays: 0, transcriptDays: 3, recordDays: 4 });

storeContract("PGlite", make);
sqlContract("PGlite", make);

test("migrations: a failing one leaves nothing behind; a good one keeps the data; none runs twice", async () => {
  await shared.exec("drop schema public cascade; create schema public");
  const db = new Kysely<Tables>({
    dialect: new PgliteDialect({
      open: () => Promise.resolve(shared),
      waitMs: 30_000,
      maxWaiting: 8,
      logLimitBytes: Infinity,
    }),
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
    dialect: new PgliteDialect({
      open: () => Promise.resolve(shared),
      waitMs: 30_000,
      maxWaiting: 8,
      logLimitBytes: Infinity,
    }),
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

const logged = async (): Promise<number> => {
  const { rows } = await shared.query<{ bytes: number }>(
    "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), redo_lsn)::float8 as bytes from pg_control_checkpoint()",
  );
  return rows[0]?.bytes ?? Number.NaN;
};
const withLogLimit = (logLimitBytes: number): Kysely<Tables> =>
  new Kysely<Tables>({
    dialect: new PgliteDialect({
      open: () => Promise.resolve(shared),
      waitMs: 30_000,
      maxWaiting: 8,
      logLimitBytes,
    }),
  });
const LOG_LIMIT_BYTES = 2 * 1024 * 1024;

test("PGlite: checkpoints keep the write-ahead log short, whatever is written; alone it would grow with all of that", async () => {
  // Incompressible, so that all of it is logged.
  const noise = (): string => randomBytes(36_000).toString("base64");
  const mostLogged = async (db: Kysely<Tables>): Promise<number> => {
    await shared.exec("checkpoint");
    let most = 0;
    for (let batch = 0; batch < 10; batch++) {
      const alerts = Array.from({ length: 40 }, (_, i) => sampleAlert(batch * 40 + i, { message: noise() }));
      await writeBatch(db, [...alerts.map((alert) => ({ kind: "alert" as const, alert })), cdrRecord(batch)]);
      await db.deleteFrom("alerts").execute();
      most = Math.max(most, await logged());
    }
    return most;
  };
  await openFreshStore();
  assert.ok((await mostLogged(withLogLimit(Infinity))) > 10 * LOG_LIMIT_BYTES);
  assert.ok((await mostLogged(withLogLimit(LOG_LIMIT_BYTES))) < 5 * LOG_LIMIT_BYTES);
});

test("PGlite: the first reading of many rows is logged too, and its log is cut like that of writing", async () => {
  await openFreshStore();
  for (let from = 0; from < 20_000; from += 5_000)
    await writeBatch(
      withLogLimit(Infinity),
      Array.from({ length: 5_000 }, (_, i) => cdrRecord(from + i)),
    );
  await shared.exec("checkpoint");
  const db = withLogLimit(LOG_LIMIT_BYTES);
  await db.selectFrom("cdrs").select("trunk").distinct().execute();
  const before = await logged();
  assert.ok(before > LOG_LIMIT_BYTES, `${before} bytes`);
  for (let i = 0; i < 16; i++) await db.selectFrom("cdrs").select("id").limit(1).execute();
  assert.ok((await logged()) < LOG_LIMIT_BYTES);
});
