import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { AuditFile } from "../../../gateway/adapters/audit-file/audit-file.js";
import { auditFiles, verifyAuditLog } from "../../../gateway/adapters/audit-file/audit-folder.js";
import { RecordSpool } from "../../../gateway/adapters/record-spool/record-spool.js";
import { SpillLog } from "../../../gateway/adapters/record-spool/spill-log.js";
import { openStore, type ManagedStore } from "../../../gateway/adapters/store/open-store.js";
import { SystemClock } from "../../../gateway/adapters/system/system-clock.js";
import { exportCdrs } from "../../../gateway/cli/cdr-export.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import { silentLog } from "../../../gateway/core/log.js";
import { noMetrics } from "../../../gateway/core/metrics.js";
import { CountingMetrics } from "../../support/counting-metrics.js";
import { cdrRecord, sampleAudit, sampleCdr } from "../../support/records.js";
import { SeededRandom } from "../../support/seeded-random.js";
import { smallDisk } from "../../support/small-disk.js";
import { storeTemplate } from "../../support/store-template.js";

const clock = new SystemClock();
const sourceOf = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

let root = "";
let template = "";
before(async () => {
  root = await mkdtemp(join(tmpdir(), "ringfence-faults-"));
  template = await storeTemplate();
});
after(() => rm(root, { recursive: true, force: true }));

const isStoreError = (error: unknown): boolean => error instanceof GatewayError && error.code.startsWith("store.");

async function idsIn(store: ManagedStore): Promise<string[]> {
  const ids: string[] = [];
  for await (const page of store.exportCdrs({})) ids.push(...page.map(({ id }) => id));
  return ids;
}

test("PGlite: kill -9 of the writing process loses no acknowledged record and doubles none; the folder opens again", async () => {
  const folder = join(root, "killed");
  let acknowledged = 0;
  for (let round = 0; round < 2; round++) {
    const script = `
      import { openStore } from ${JSON.stringify(sourceOf("gateway/adapters/store/open-store.ts"))};
      import { silentLog } from ${JSON.stringify(sourceOf("gateway/core/log.ts"))};
      import { cdrRecord } from ${JSON.stringify(sourceOf("test/support/records.ts"))};
      const store = await openStore({ folder: ${JSON.stringify(folder)}, template: ${JSON.stringify(template)}, log: silentLog });
      for (let from = ${acknowledged}; ; from += 50) {
        await store.write(Array.from({ length: 50 }, (_, index) => cdrRecord(from + index)));
        process.stdout.write((from + 50) + "\\n");
      }`;
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    let lines = 0;
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      const numbers = chunk.toString().trim().split("\n").map(Number);
      acknowledged = Math.max(acknowledged, ...numbers);
      lines += numbers.length;
      if (lines > 10) child.kill("SIGKILL");
    }
    await exited;
  }
  const store = await openStore({ folder, log: silentLog });
  const ids = await idsIn(store);
  await store.close();
  assert.ok(acknowledged >= 1_000);
  assert.deepEqual(
    ids.slice(0, acknowledged),
    Array.from({ length: acknowledged }, (_, index) => sampleCdr(index).id),
  );
  assert.equal(new Set(ids).size, ids.length);
});

test("PGlite: a second opening of the folder is refused with store.locked; cdr export says what to do instead", async () => {
  const folder = join(root, "locked");
  const store = await openStore({ folder, template, log: silentLog });
  await assert.rejects(
    openStore({ folder, log: silentLog }),
    (error) =>
      error instanceof GatewayError && error.code === "store.locked" && error.message.includes(String(process.pid)),
  );
  const complaints: string[] = [];
  const options = { format: "csv", store: folder, out: join(root, "cdrs.csv") };
  assert.equal(await exportCdrs(options, process.stdout, (line) => complaints.push(line)), 1);
  assert.match(complaints[0] ?? "", /store\.locked: .*--url/);
  await store.write([cdrRecord(1)]);
  await store.close();
  assert.equal(await exportCdrs({ ...options, format: "jsonl" }, process.stdout, (line) => complaints.push(line)), 0);
});

test("PGlite: a first start that was cut off is put aside and made anew", async () => {
  const folder = join(root, "cut-off");
  mkdirSync(join(folder, "pglite", "base"), { recursive: true });
  writeFileSync(join(folder, "pglite", "PG_VERSION"), "17\n");
  const store = await openStore({ folder, template, log: silentLog });
  await store.write([cdrRecord(1)]);
  await store.close();
  assert.equal(readdirSync(folder).filter((name) => name.startsWith("pglite.incomplete-")).length, 1);
});

test("PGlite: a database that a power cut spoiled is put aside, kept, and a new one is made (no fsync)", async () => {
  const folder = join(root, "spoiled");
  const store = await openStore({ folder, template, log: silentLog });
  await store.write([cdrRecord(1)]);
  await store.close();
  const events: string[] = [];
  const log = { ...silentLog, error: (event: string) => void events.push(event) };
  writeFileSync(join(folder, "pglite", "global", "pg_control"), Buffer.alloc(8192));
  const next = await openStore({ folder, template, log });
  assert.deepEqual(await idsIn(next), []);
  await next.write([cdrRecord(2)]);
  await next.close();
  assert.equal(readdirSync(folder).filter((name) => name.startsWith("pglite.unreadable-")).length, 1);
  assert.deepEqual(events, ["store.unreadable-put-aside"]);
  for (const earlier of ["1", "2"]) mkdirSync(join(folder, `pglite.unreadable-${earlier}`));
  writeFileSync(join(folder, "pglite", "global", "pg_control"), Buffer.alloc(8192));
  await assert.rejects(openStore({ folder, template, log }), isStoreError, "disks are not endless");
});

test("PGlite: a full disk fails writes; records wait elsewhere and arrive when there is space again", async (t) => {
  const disk = smallDisk(100 * 1024);
  if (typeof disk === "string") {
    t.skip(disk);
    return;
  }
  t.after(disk.remove);
  const store = await openStore({ folder: join(disk.path, "store"), template, log: silentLog });
  t.after(() => store.close());
  const metrics = new CountingMetrics();
  const spool = await RecordSpool.open(
    { store, clock, metrics, random: new SeededRandom(1), log: silentLog },
    { folder: join(root, "spool-elsewhere"), retryMinMs: 20, retryMaxMs: 200 },
  );
  await store.write([cdrRecord(0)]);
  const ballast = join(disk.path, "ballast");
  // Fill what is left; the write of the last part fails.
  await writeFile(ballast, Buffer.alloc(100 * 1024 * 1024)).catch(() => undefined);
  let sent = 0;
  const failed = (): boolean => metrics.value("ringfence_store_up") === 0;
  while (!failed() && sent < 50_000) {
    for (let index = 0; index < 500; index++) spool.write(cdrRecord(++sent));
    await spool.flush();
  }
  assert.ok(failed(), "the disk never became full");
  rmSync(ballast);
  const giveUpAt = Date.now() + 120_000;
  while ((await idsIn(store).catch(() => [])).length < sent + 1) {
    assert.ok(Date.now() < giveUpAt, "the records did not arrive");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal((await idsIn(store)).length, sent + 1);
  assert.equal(metrics.value("ringfence_store_lost_total", "cdr"), 0);
  await spool.close();
});

test("spill log: a full disk is store.full; what was there stays whole, and there is no half line once there is space", async (t) => {
  const disk = smallDisk(64);
  if (typeof disk === "string") {
    t.skip(disk);
    return;
  }
  t.after(disk.remove);
  const log = await SpillLog.open({ folder: disk.path, prefix: "spill", limitBytes: 10_000_000, clock });
  let kept = 0;
  const append = () =>
    log.append([cdrRecord(kept)]).then(() => {
      kept++;
    });
  await assert.rejects(
    async () => {
      for (;;) await append();
    },
    (error) => error instanceof GatewayError && error.code === "store.full",
  );
  assert.ok(kept > 50);
  const first = await log.read(30);
  assert.equal(first?.records.length, 30);
  await log.commit();
  await log.close();
  // Nothing is freed before a whole segment is read; the next process finds all of it, and no broken line.
  const next = await SpillLog.open({ folder: disk.path, prefix: "spill", limitBytes: 10_000_000, clock });
  let found = 0;
  for (let batch = await next.read(100); batch !== undefined; batch = await next.read(100)) {
    assert.equal(batch.broken, 0);
    found += batch.records.length;
    await next.commit();
  }
  assert.equal(found, kept);
  await next.append([cdrRecord(1)]);
  await next.close();
});

test("audit file: a full disk refuses entries with store.full, and the chain goes on when there is space", async (t) => {
  const disk = smallDisk(128);
  if (typeof disk === "string") {
    t.skip(disk);
    return;
  }
  t.after(disk.remove);
  const ballast = join(disk.path, "ballast");
  writeFileSync(ballast, Buffer.alloc(64 * 1024));
  const folder = join(disk.path, "audit");
  const log = await AuditFile.open({ clock, metrics: noMetrics, log: silentLog }, { folder });
  let kept = 0;
  await assert.rejects(
    async () => {
      for (;;)
        await log.append(sampleAudit(kept)).then(() => {
          kept++;
        });
    },
    (error) => error instanceof GatewayError && error.code === "store.full",
  );
  await assert.rejects(log.append(sampleAudit(0, { target: "x".repeat(9_000) })), isStoreError);
  rmSync(ballast);
  for (let index = 0; index < 5; index++) await log.append(sampleAudit(++kept));
  await log.close();
  const gaps: number[] = [];
  const files = (await auditFiles(folder)).map(({ path }) => path);
  const verdict = await verifyAuditLog(files, { onGap: (gap) => void gaps.push(gap.count) });
  assert.ok(verdict.intact);
  assert.deepEqual(gaps, [2], "the chain says that two entries were lost");
  assert.equal(verdict.records, kept + 1, "what was kept, and the record that says so");
});
