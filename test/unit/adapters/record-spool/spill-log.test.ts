import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { SpillLog, type SpillLogOptions } from "../../../../gateway/adapters/record-spool/spill-log.js";
import { GatewayError } from "../../../../gateway/core/errors.js";
import type { StoreRecord } from "../../../../gateway/ports/records.js";
import { FakeClock } from "../../../support/fake-clock.js";
import { cdrRecord } from "../../../support/records.js";

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-spill-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const options = (folder: string, change: Partial<SpillLogOptions> = {}): SpillLogOptions => ({
  folder,
  prefix: "spill",
  limitBytes: 1_000_000,
  clock: new FakeClock(),
  ...change,
});

const some = (from: number, count: number) => Array.from({ length: count }, (_, index) => cdrRecord(from + index));
const ids = (records: readonly StoreRecord[]) => records.map((record) => (record.kind === "cdr" ? record.cdr.id : "?"));

/** Reads and commits until nothing is left. */
async function drain(log: SpillLog, most = 7): Promise<{ ids: string[]; broken: number }> {
  const all: string[] = [];
  let broken = 0;
  for (let batch = await log.read(most); batch !== undefined; batch = await log.read(most)) {
    all.push(...ids(batch.records));
    broken += batch.broken;
    await log.commit();
  }
  return { ids: all, broken };
}

test("spill log: records come back in order, over several segments, and the files go", async (t) => {
  const folder = folderFor(t);
  const log = await SpillLog.open(options(folder, { segmentBytes: 2_000 }));
  for (let from = 0; from < 100; from += 5) await log.append(some(from, 5));
  assert.ok(readdirSync(folder).length > 5);
  assert.deepEqual((await drain(log)).ids, ids(some(0, 100)));
  assert.deepEqual(readdirSync(folder), []);
  assert.equal(log.empty, true);
  assert.equal(log.bytes, 0);
  await log.close();
});

test("spill log: a batch that was read but not committed is read again, also by the next process", async (t) => {
  const folder = folderFor(t);
  const log = await SpillLog.open(options(folder));
  await log.append(some(0, 10));
  assert.deepEqual(ids((await log.read(4))?.records ?? []), ids(some(0, 4)));
  assert.deepEqual(ids((await log.read(4))?.records ?? []), ids(some(0, 4)));
  await log.commit();
  assert.deepEqual(ids((await log.read(4))?.records ?? []), ids(some(4, 4)));
  await log.close();
  const next = await SpillLog.open(options(folder));
  assert.deepEqual((await drain(next)).ids, ids(some(0, 10)));
});

test("spill log: appending and reading alternate on one segment", async (t) => {
  const log = await SpillLog.open(options(folderFor(t)));
  await log.append(some(0, 3));
  assert.deepEqual((await drain(log)).ids, ids(some(0, 3)));
  await log.append(some(3, 3));
  await log.read(1);
  await log.commit();
  await log.append(some(6, 1));
  assert.deepEqual((await drain(log)).ids, ids([...some(4, 2), ...some(6, 1)]));
  await log.close();
});

test("spill log: a file cut off in the middle of a line loses that line and nothing else", async (t) => {
  const folder = folderFor(t);
  const first = await SpillLog.open(options(folder));
  await first.append(some(0, 5));
  await first.close();
  const path = join(folder, readdirSync(folder)[0]!);
  truncateSync(path, statSync(path).size - 10);
  const second = await SpillLog.open(options(folder));
  await second.append(some(5, 2));
  assert.deepEqual(await drain(second), { ids: ids([...some(0, 4), ...some(5, 2)]), broken: 1 });
});

const rubbish = [
  { name: "empty lines", text: "\n\n\n" },
  { name: "text", text: "hello\n" },
  { name: "JSON that is no record", text: '{"kind":"cdr"}\n{"kind":"toString","cdr":{}}\n42\nnull\n' },
  { name: "NUL bytes, as a crashed file system leaves them", text: "\0".repeat(5000) + "\n" },
  { name: "a line longer than the read buffer", text: `${"x".repeat(700_000)}\n` },
];
for (const { name, text } of rubbish) {
  test(`spill log: ${name} in a file are skipped and counted`, async (t) => {
    const folder = folderFor(t);
    const line = `${JSON.stringify(cdrRecord(1))}\n`;
    writeFileSync(join(folder, "spill-00000001.jsonl"), line + text + line);
    const log = await SpillLog.open(options(folder));
    const found = await drain(log);
    assert.deepEqual(found.ids, ids([cdrRecord(1), cdrRecord(1)]));
    assert.equal(found.broken, text.split("\n").length - 1);
  });
}

test("spill log: a file deleted or emptied by hand does not stop the others", async (t) => {
  const folder = folderFor(t);
  const log = await SpillLog.open(options(folder, { segmentBytes: 1 }));
  for (const from of [0, 1, 2]) await log.append(some(from, 1));
  const [first, second] = readdirSync(folder).sort();
  rmSync(join(folder, first!));
  truncateSync(join(folder, second!), 0);
  assert.deepEqual((await drain(log)).ids, ids(some(2, 1)));
});

test("spill log: over its limit it refuses with store.full and keeps what it has", async (t) => {
  const log = await SpillLog.open(options(folderFor(t), { limitBytes: 3_000 }));
  await log.append(some(0, 5));
  await assert.rejects(
    log.append(some(5, 50)),
    (error) => error instanceof GatewayError && error.code === "store.full",
  );
  assert.deepEqual((await drain(log)).ids, ids(some(0, 5)));
  await log.append(some(5, 5));
  assert.deepEqual((await drain(log)).ids, ids(some(5, 5)));
});

test("spill log: other files in the folder are left alone", async (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, "channel-00000001.jsonl"), "other");
  writeFileSync(join(folder, "spill-x.jsonl"), "other");
  const log = await SpillLog.open(options(folder));
  assert.equal(log.empty, true);
  await log.append(some(0, 1));
  await drain(log);
  assert.equal(readFileSync(join(folder, "channel-00000001.jsonl"), "utf8"), "other");
  assert.equal(readdirSync(folder).length, 2);
});

test("spill log: a folder that cannot be made is store.unavailable", async (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, "file"), "");
  await assert.rejects(
    SpillLog.open(options(join(folder, "file", "below"))),
    (error) => error instanceof GatewayError && error.code === "store.unavailable",
  );
});
