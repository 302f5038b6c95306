import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { AuditFile, type AuditFileOptions } from "../../../../gateway/adapters/audit-file/audit-file.js";
import { auditFiles, verifyAuditLog } from "../../../../gateway/adapters/audit-file/audit-folder.js";
import { formatAuditLine, GENESIS, readAuditLine } from "../../../../gateway/adapters/audit-file/audit-line.js";
import { verifyAudit } from "../../../../gateway/cli/audit.js";
import { GatewayError } from "../../../../gateway/core/errors.js";
import { silentLog } from "../../../../gateway/core/log.js";
import { CountingMetrics } from "../../../support/counting-metrics.js";
import { FakeClock } from "../../../support/fake-clock.js";
import { sampleAudit } from "../../../support/records.js";

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-audit-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const open = (folder: string, options: Partial<AuditFileOptions> = {}) =>
  AuditFile.open({ clock: new FakeClock(), metrics: new CountingMetrics(), log: silentLog }, { folder, ...options });

const paths = async (folder: string) => (await auditFiles(folder)).map(({ path }) => path);
const verify = async (folder: string) => verifyAuditLog(await paths(folder));
const linesOf = (path: string) => readFileSync(path, "utf8").trimEnd().split("\n");

async function written(folder: string, count: number, options: Partial<AuditFileOptions> = {}): Promise<void> {
  const log = await open(folder, options);
  for (let index = 0; index < count; index++) await log.append(sampleAudit(index));
  await log.close();
}

test("audit file: an entry is on disk when append resolves, readable by its owner only", async (t) => {
  const folder = folderFor(t);
  const log = await open(folder);
  await log.append(sampleAudit(1));
  const path = join(folder, "audit-000001.jsonl");
  const line = readAuditLine(linesOf(path)[0]!);
  assert.deepEqual(typeof line === "string" ? line : line.entry, sampleAudit(1));
  assert.equal(statSync(path).mode & 0o777, 0o600);
  await log.close();
  await log.close();
  await assert.rejects(log.append(sampleAudit(2)), GatewayError);
});

test("audit file: the chain goes on over restarts and over files, and no file passes maxBytes", async (t) => {
  const folder = folderFor(t);
  await written(folder, 20, { maxBytes: 2_000 });
  await written(folder, 20, { maxBytes: 2_000 });
  const files = await paths(folder);
  assert.ok(files.length > 5);
  for (const path of files) assert.ok(statSync(path).size <= 2_000);
  const verdict = await verifyAuditLog(files);
  const expected = {
    intact: true,
    records: 40,
    firstSeq: 1,
    lastSeq: 40,
    lastHash: "",
    notFound: [],
    pruned: undefined,
  };
  assert.deepEqual({ ...verdict, lastHash: "" }, expected);
  const archived = await verifyAuditLog(files.slice(2));
  assert.equal(archived.intact, true, "older files may have been archived");
});

test("audit file: entries that come together share writes and keep their order", async (t) => {
  const folder = folderFor(t);
  const log = await open(folder);
  await Promise.all(Array.from({ length: 2_500 }, (_, index) => log.append(sampleAudit(index))));
  await log.close();
  const entries = linesOf(join(folder, "audit-000001.jsonl")).map((text) => readAuditLine(text));
  assert.deepEqual(
    entries.map((line) => (typeof line === "string" ? line : line.entry.id)),
    Array.from({ length: 2_500 }, (_, index) => sampleAudit(index).id),
  );
  assert.equal((await verify(folder)).intact, true);
});

test("audit file: line separators, quotes and NUL in an entry do not break the chain", async (t) => {
  const folder = folderFor(t);
  const log = await open(folder);
  const target = 'a\nb\r\u2028c\u2029"}\0,"hash":"' + "0".repeat(64) + '"}\uD800';
  await log.append(sampleAudit(1, { target }));
  await log.append(sampleAudit(2));
  await log.close();
  const line = readAuditLine(linesOf(join(folder, "audit-000001.jsonl"))[0]!);
  assert.equal(typeof line === "string" ? line : line.entry.target, target);
  assert.equal((await verify(folder)).intact, true);
});

const tampering: readonly {
  readonly name: string;
  readonly change: (lines: string[]) => string[];
  readonly line: number;
  readonly reason: string;
}[] = [
  {
    name: "a changed entry",
    change: (l) => l.with(4, l[4]!.replace("block-1", "block-2")),
    line: 5,
    reason: "hash-does-not-match",
  },
  { name: "a deleted entry", change: (l) => l.toSpliced(4, 1), line: 5, reason: "chain-broken" },
  { name: "two entries exchanged", change: (l) => l.with(4, l[5]!).with(5, l[4]!), line: 5, reason: "chain-broken" },
  { name: "an entry repeated", change: (l) => l.toSpliced(5, 0, l[4]!), line: 6, reason: "chain-broken" },
  { name: "a foreign line", change: (l) => l.toSpliced(4, 0, '{"a":1}'), line: 5, reason: "not-a-record" },
  { name: "an empty line", change: (l) => l.toSpliced(4, 0, ""), line: 5, reason: "not-a-record" },
  {
    name: "the first entry deleted and the second renumbered",
    change: (l) => l.slice(1).with(0, l[1]!.replace('"seq":2', '"seq":1')),
    line: 1,
    reason: "hash-does-not-match",
  },
];
for (const { name, change, line, reason } of tampering) {
  test(`audit file: verification finds ${name}`, async (t) => {
    const folder = folderFor(t);
    await written(folder, 10);
    const [path] = await paths(folder);
    writeFileSync(path!, change(linesOf(path!)).join("\n") + "\n");
    const verdict = await verify(folder);
    assert.ok(!verdict.intact);
    assert.deepEqual([verdict.line, verdict.reason], [line, reason]);
    const printed: string[] = [];
    assert.equal(await verifyAudit([folder], (text) => printed.push(text)), 1);
    assert.match(printed[0]!, /audit\.tampered: .*audit-000001\.jsonl line \d+/);
  });
}

test("audit file: a missing file in the middle is a broken chain", async (t) => {
  const folder = folderFor(t);
  await written(folder, 20, { maxBytes: 2_000 });
  rmSync((await paths(folder))[1]!);
  const verdict = await verify(folder);
  assert.ok(!verdict.intact);
  assert.equal(verdict.reason, "chain-broken");
});

test("audit file: a record that a crash cut off is removed, and a record says so", async (t) => {
  const folder = folderFor(t);
  await written(folder, 5);
  const [path] = await paths(folder);
  truncateSync(path!, statSync(path!).size - 20);
  await written(folder, 1);
  assert.equal((await verify(folder)).intact, true);
  const actions = linesOf(path!).map((text) => {
    const line = readAuditLine(text);
    return typeof line === "string" ? line : line.entry.action;
  });
  assert.deepEqual(actions.slice(4), ["audit.torn-record-removed", "block.add"]);
});

test("audit file: after a last line that is not ours a new chain begins in a new file, and verification finds the place", async (t) => {
  const folder = folderFor(t);
  await written(folder, 3);
  const [path] = await paths(folder);
  appendFileSync(path!, '{"forged":true}\n');
  await written(folder, 1);
  assert.deepEqual(readdirSync(folder).sort(), ["audit-000001.jsonl", "audit-000002.jsonl"]);
  const verdict = await verify(folder);
  assert.ok(!verdict.intact);
  assert.deepEqual([verdict.line, verdict.afterSeq], [4, 3]);
  assert.equal((await verifyAuditLog([join(folder, "audit-000002.jsonl")])).intact, true);
});

test("audit file: too many waiting entries are refused with store.full", async (t) => {
  const log = await open(folderFor(t), { maxWaiting: 10 });
  const results = await Promise.allSettled(Array.from({ length: 50 }, (_, index) => log.append(sampleAudit(index))));
  const refused = results.filter((result) => result.status === "rejected");
  assert.ok(refused.length >= 30);
  for (const { reason } of refused) assert.ok(reason instanceof GatewayError && reason.code === "store.full");
  await log.close();
});

test("audit file: a folder that is a file is store.unavailable", async (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, "file"), "");
  await assert.rejects(
    open(join(folder, "file")),
    (error) => error instanceof GatewayError && error.code === "store.unavailable",
  );
});

test("audit verify: an intact log prints its head", async (t) => {
  const folder = folderFor(t);
  await written(folder, 3);
  const printed: string[] = [];
  assert.equal(await verifyAudit([folder], (text) => printed.push(text)), 0);
  assert.match(printed[0]!, /^intact: 3 records, 1 to 3, last hash [0-9a-f]{64}$/);
  assert.equal(await verifyAudit([join(folder, "none")], () => undefined), 1);
});

test("audit verify: a place without any record is said to have none, with status 1", async (t) => {
  const folder = folderFor(t);
  const file = join(folder, "empty.jsonl");
  writeFileSync(file, "");
  mkdirSync(join(folder, "store", "audit"), { recursive: true });
  for (const place of [folder, join(folder, "store"), file]) {
    const printed: string[] = [];
    assert.equal(await verifyAudit([place], (text) => printed.push(text)), 1);
    assert.deepEqual(printed, [`audit log: there is no audit record in ${place}`]);
  }
});

test("audit verify: given the store folder it checks the audit folder in it", async (t) => {
  const folder = folderFor(t);
  await written(join(folder, "audit"), 3);
  const printed: string[] = [];
  assert.equal(await verifyAudit([folder], (text) => printed.push(text)), 0);
  assert.match(printed[0]!, /^intact: 3 records/);
});

/** A log with two records whose disk is gone while `whileGone` runs. */
async function withoutDisk(t: TestContext, whileGone: (log: AuditFile) => Promise<void>) {
  const folder = join(folderFor(t), "audit");
  await written(folder, 2);
  const metrics = new CountingMetrics();
  const log = await AuditFile.open({ clock: new FakeClock(), metrics, log: silentLog }, { folder, maxWaiting: 3 });
  renameSync(folder, `${folder}.away`);
  await whileGone(log);
  renameSync(`${folder}.away`, folder);
  return { folder, log, metrics };
}

const entriesOf = (folder: string) =>
  linesOf(join(folder, "audit-000001.jsonl")).map((text) => {
    const line = readAuditLine(text);
    assert.ok(typeof line !== "string");
    return line.entry;
  });

test("audit file: entries that could not be written are told of by the next record, and audit verify prints the gap", async (t) => {
  const { folder, log, metrics } = await withoutDisk(t, async (log) => {
    await assert.rejects(log.append(sampleAudit(10)), GatewayError);
    await assert.rejects(log.append(sampleAudit(12)), GatewayError);
    // Two of five are refused because three wait already.
    const burst = await Promise.allSettled([11, 13, 14, 15, 16].map((index) => log.append(sampleAudit(index))));
    assert.deepEqual(new Set(burst.map(({ status }) => status)), new Set(["rejected"]));
  });
  await log.append(sampleAudit(20));
  await log.append(sampleAudit(21));
  await log.close();
  const entries = entriesOf(folder);
  assert.deepEqual(
    entries.map(({ action }) => action),
    ["block.add", "block.add", "audit.lost", "block.add", "block.add"],
  );
  assert.deepEqual(entries[2]!.detail, { count: 7, since: sampleAudit(10).at, until: sampleAudit(16).at });
  assert.equal(metrics.value("ringfence_audit_failed_total"), 7);
  const printed: string[] = [];
  assert.equal(await verifyAudit([folder], (text) => printed.push(text)), 0);
  const [since, until] = [10, 16].map((index) => new Date(sampleAudit(index).at).toISOString());
  assert.equal(printed[0], `gap: 7 entries were lost between ${since} and ${until} (record 3)`);
  assert.match(printed[1]!, /^intact: 5 records, 1 to 5/);
});

test("audit file: it recovers without a next entry, once the disk is back", async (t) => {
  const { folder, log } = await withoutDisk(t, async (log) => {
    assert.equal(await log.recover(), true, "nothing was lost yet");
    await assert.rejects(log.append(sampleAudit(10)), GatewayError);
    assert.equal(await log.recover(), false);
    assert.equal(await log.recover(), false);
  });
  assert.equal(await log.recover(), true);
  assert.equal(await log.recover(), true);
  await log.close();
  assert.deepEqual(
    entriesOf(folder)
      .map(({ action, detail }) => [action, detail["count"]])
      .slice(2),
    [["audit.lost", 1]],
  );
});

test("audit file: what is owed is written at close at the latest", async (t) => {
  const { folder, log } = await withoutDisk(t, (log) => assert.rejects(log.append(sampleAudit(10)), GatewayError));
  await log.close();
  await log.close();
  assert.equal(entriesOf(folder).at(-1)?.action, "audit.lost");
  assert.equal((await verify(folder)).intact, true);
});

test("audit file: a record without an entry of ours is no record, whatever its hash says", () => {
  for (const entry of ["null", "{}", '{"detail":null}', "1"]) {
    const { text } = formatAuditLine(1, GENESIS, JSON.parse(entry) as never);
    assert.equal(readAuditLine(text), "not-a-record");
  }
});
