import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import pg from "pg";
import { RecordSpool } from "../../../gateway/adapters/record-spool/record-spool.js";
import { openStore, type ManagedStore, type StoreOptions } from "../../../gateway/adapters/store/open-store.js";
import { SystemClock } from "../../../gateway/adapters/system/system-clock.js";
import { GatewayError, type ErrorCode } from "../../../gateway/core/errors.js";
import { silentLog } from "../../../gateway/core/log.js";
import { CountingMetrics } from "../../support/counting-metrics.js";
import { ask, postgresAbsent, startPostgres, type ThrowAwayPostgres } from "../../support/postgres.js";
import { cdrRecord } from "../../support/records.js";
import { SeededRandom } from "../../support/seeded-random.js";

const absent = postgresAbsent();
const skip = absent ?? false;
const clock = new SystemClock();
const isCode = (code: ErrorCode) => (error: unknown) => error instanceof GatewayError && error.code === code;

let server: ThrowAwayPostgres;
let made = 0;
if (absent === undefined) {
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.remove());
}

const newDatabase = () => server.createDatabase(`faults_${++made}`);

async function open(t: TestContext, databaseUrl: string, options: Partial<StoreOptions> = {}): Promise<ManagedStore> {
  const store = await openStore({ folder: undefined, databaseUrl, log: silentLog, ...options });
  t.after(() => store.close());
  return store;
}

async function spoolOn(t: TestContext, store: ManagedStore): Promise<{ spool: RecordSpool; metrics: CountingMetrics }> {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-spool-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const metrics = new CountingMetrics();
  const spool = await RecordSpool.open(
    { store, clock, metrics, random: new SeededRandom(1), log: silentLog },
    { folder, retryMinMs: 20, retryMaxMs: 200, batchDelayMs: 10 },
  );
  return { spool, metrics };
}

/** Polls: what is waited for happens in another process. */
async function until(when: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + 60_000;
  while (!(await when())) {
    assert.ok(Date.now() < giveUpAt, "it did not happen");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const countIn = async (url: string): Promise<number> =>
  Number((await ask(url, "select count(*) as n from cdrs"))[0]?.["n"]);

test(
  "PostgreSQL down at start: the store opens, writes fail as unavailable, records wait on disk and arrive later",
  { skip },
  async (t) => {
    const url = await newDatabase();
    await server.crash();
    const store = await open(t, url);
    await assert.rejects(store.write([cdrRecord(1)]), isCode("store.unavailable"));
    await assert.rejects(store.ping(2_000), isCode("store.unavailable"));
    const { spool, metrics } = await spoolOn(t, store);
    for (let index = 0; index < 1_000; index++) spool.write(cdrRecord(index));
    await until(() => metrics.value("ringfence_store_spilled_total") === 1_000);
    await server.start();
    await until(async () => (await countIn(url).catch(() => 0)) === 1_000);
    assert.equal(metrics.value("ringfence_store_lost_total", "cdr"), 0);
    await store.ping(60_000);
    await spool.close();
  },
);

test(
  "PostgreSQL killed in flight and started again: no acknowledged record is lost, none is double",
  { skip },
  async (t) => {
    const url = await newDatabase();
    const store = await open(t, url);
    const { spool, metrics } = await spoolOn(t, store);
    const acknowledged = new Set<number>();
    let next = 0;
    const sendBatch = (): void => {
      const from = next;
      next += 100;
      const json = JSON.stringify(Array.from({ length: 100 }, (_, index) => cdrRecord(from + index)));
      void spool.accept({ seq: from, json }).then(() => acknowledged.add(from));
    };
    for (let round = 0; round < 3; round++) {
      for (let batch = 0; batch < 20; batch++) sendBatch();
      await until(() => acknowledged.size > round * 40 + 5);
      await server.crash(); // while the rest of the round is being written
      for (let batch = 0; batch < 20; batch++) sendBatch();
      await until(() => acknowledged.size >= (round + 1) * 40);
      await server.start();
    }
    await until(async () => (await countIn(url).catch(() => 0)) >= next);
    const rows = await ask(url, "select id, count(*) as n from cdrs group by id");
    assert.equal(rows.length, next);
    assert.ok(rows.every((row) => Number(row["n"]) === 1));
    assert.equal(metrics.value("ringfence_store_lost_total", "cdr"), 0);
    assert.equal(metrics.value("ringfence_store_rejected_total"), 0);
    await spool.close();
  },
);

test("PostgreSQL: a database made by a newer version is refused and left as it is", { skip }, async (t) => {
  const url = await newDatabase();
  await (await open(t, url)).close();
  await ask(url, "insert into ringfence_schema (version) values (99)");
  await assert.rejects(openStore({ folder: undefined, databaseUrl: url, log: silentLog }), isCode("store.schema"));
  assert.deepEqual(await ask(url, "select max(version) as v from ringfence_schema"), [{ v: 99 }]);
});

test("PostgreSQL: gateways that start at once on an empty database migrate it once", { skip }, async (t) => {
  const url = await newDatabase();
  const stores = await Promise.all(Array.from({ length: 4 }, () => open(t, url)));
  await Promise.all(stores.map((store, index) => store.write([cdrRecord(index)])));
  assert.equal(await countIn(url), 4);
  assert.deepEqual(await ask(url, "select count(*)::int as n from ringfence_schema where version = 1"), [{ n: 1 }]);
});

test("PostgreSQL: tables that were dropped under us are made again, records wait meanwhile", { skip }, async (t) => {
  const url = await newDatabase();
  const store = await open(t, url);
  await ask(url, "drop schema public cascade");
  await ask(url, "create schema public");
  await assert.rejects(store.write([cdrRecord(1)]), isCode("store.unavailable"));
  await store.write([cdrRecord(1)]);
  assert.equal(await countIn(url), 1);
});

test(
  "PostgreSQL: a write behind a held lock is given up after statementTimeoutMs and goes well later",
  { skip },
  async (t) => {
    const url = await newDatabase();
    const store = await open(t, url, { statementTimeoutMs: 1_000 });
    const holder = new pg.Client({ connectionString: url });
    await holder.connect();
    await holder.query("begin; lock table cdrs in access exclusive mode");
    await assert.rejects(store.write([cdrRecord(1)]), isCode("store.unavailable"));
    await holder.query("rollback");
    await holder.end();
    // As its spool does: the database may stand still for longer than that by itself.
    await until(() =>
      store.write([cdrRecord(1)]).then(
        () => true,
        () => false,
      ),
    );
    assert.equal(await countIn(url), 1);
  },
);

test("PostgreSQL: when all connections are busy a query is refused after connectTimeoutMs", { skip }, async (t) => {
  const url = await newDatabase();
  const store = await open(t, url, { maxConnections: 1, connectTimeoutMs: 4_000, statementTimeoutMs: 60_000 });
  const holder = new pg.Client({ connectionString: url });
  await holder.connect();
  await holder.query("begin; lock table cdrs in access exclusive mode");
  const first = store.write([cdrRecord(1)]);
  await assert.rejects(store.alerts({ limit: 1 }), isCode("store.unavailable"));
  await holder.query("rollback");
  await holder.end();
  await first;
});

test("PostgreSQL: a URL that is none is config.invalid", async () => {
  await assert.rejects(
    openStore({ folder: undefined, databaseUrl: "mysql://x", log: silentLog }),
    isCode("config.invalid"),
  );
  await assert.rejects(openStore({ folder: undefined, log: silentLog }), isCode("config.invalid"));
});
