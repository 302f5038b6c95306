import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { AuditFile } from "../../../../gateway/adapters/audit-file/audit-file.js";
import { auditFiles } from "../../../../gateway/adapters/audit-file/audit-folder.js";
import { formatAuditLine, GENESIS, readAuditLine } from "../../../../gateway/adapters/audit-file/audit-line.js";
import { verifyAudit, type VerifyOptions } from "../../../../gateway/cli/audit.js";
import { silentLog } from "../../../../gateway/core/log.js";
import { noMetrics } from "../../../../gateway/core/metrics.js";
import { FakeClock } from "../../../support/fake-clock.js";
import { sampleAudit } from "../../../support/records.js";

const RECORDS = 12;
const HASH = /[0-9a-f]{64}/;

interface Log {
  readonly folder: string;
  /** Oldest first; several records in each. */
  readonly files: readonly string[];
  readonly head: string;
  readonly linesOf: (file: number) => string[];
  readonly put: (file: number, lines: readonly string[]) => void;
  readonly verify: (options?: VerifyOptions) => Promise<{ readonly status: number; readonly text: string }>;
}

async function logOfThreeFiles(t: TestContext): Promise<Log> {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-verify-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const deps = { clock: new FakeClock(), metrics: noMetrics, log: silentLog };
  const bytes = formatAuditLine(1, GENESIS, sampleAudit(0)).text.length;
  const log = await AuditFile.open(deps, { folder, maxBytes: 4.5 * bytes });
  for (let i = 0; i < RECORDS; i++) await log.append(sampleAudit(i));
  const { seq, hash } = log.head;
  await log.close();
  const files = (await auditFiles(folder)).map(({ path }) => path);
  assert.equal(files.length, 3);
  const path = (file: number): string => files[file] ?? "";
  return {
    folder,
    files,
    head: `${seq}:${hash}`,
    linesOf: (file) => readFileSync(path(file), "utf8").trimEnd().split("\n"),
    put: (file, lines) => writeFileSync(path(file), lines.map((line) => `${line}\n`).join("")),
    verify: async (options) => {
      const printed: string[] = [];
      const status = await verifyAudit([folder], (line) => void printed.push(line), options);
      return { status, text: printed.join("\n") };
    },
  };
}

/** A chain of the same entries but one, made by somebody who can write to the folder and knows how. */
function remade(log: Log, change: number): void {
  let hash = GENESIS;
  let seq = 0;
  for (const file of log.files.keys()) {
    const lines = log.linesOf(file).map((text) => {
      const read = readAuditLine(text);
      assert.ok(typeof read !== "string");
      const entry = ++seq === change ? { ...read.entry, actor: "nobody" } : read.entry;
      const line = formatAuditLine(seq, hash, entry);
      ({ hash } = line);
      return line.text;
    });
    log.put(file, lines);
  }
}

const TAMPERING: readonly (readonly [name: string, tamper: (log: Log) => void, told: RegExp])[] = [
  [
    "a changed word",
    (log) =>
      log.put(
        1,
        log.linesOf(1).map((l, i) => (i === 1 ? l.replace("done", "gone") : l)),
      ),
    /000002.jsonl line 2: hash-does-not-match/,
  ],
  [
    "a record taken out",
    (log) =>
      log.put(
        1,
        log.linesOf(1).filter((_, i) => i !== 1),
      ),
    /000002.jsonl line 2: chain-broken/,
  ],
  [
    "two records that changed places",
    (log) =>
      log.put(
        0,
        [1, 0, 2, 3].map((i) => log.linesOf(0)[i] ?? ""),
      ),
    /000001.jsonl line 2: chain-broken/,
  ],
  [
    "a record that is there twice",
    (log) =>
      log.put(
        0,
        [0, 0, 1, 2, 3].map((i) => log.linesOf(0)[i] ?? ""),
      ),
    /line 2: chain-broken/,
  ],
  ["a file missing in the middle", (log) => rmSync(log.files[1] ?? ""), /000003.jsonl line 1: chain-broken/],
  [
    "the end of a file in the middle cut off",
    (log) => log.put(1, log.linesOf(1).slice(0, 2)),
    /000003.jsonl line 1: chain-broken/,
  ],
  ["an emptied file in the middle", (log) => log.put(1, []), /000003.jsonl line 1: chain-broken/],
  [
    "two files that changed places",
    (log) => {
      const [a, b] = [log.linesOf(0), log.linesOf(1)];
      log.put(0, b);
      log.put(1, a);
    },
    /chain-broken/,
  ],
  [
    "half of the last record",
    (log) => writeFileSync(log.files[2] ?? "", readFileSync(log.files[2] ?? "").subarray(0, -20)),
    /not-a-record/,
  ],
];
for (const [name, tamper, told] of TAMPERING) {
  test(`audit verify finds ${name} by itself`, async (t) => {
    const log = await logOfThreeFiles(t);
    assert.equal((await log.verify()).status, 0);
    tamper(log);
    const { status, text } = await log.verify();
    assert.equal(status, 1);
    assert.match(text, told);
  });
}

/** What a chain cannot show by itself: each is said to be intact without what was noted elsewhere. */
const NEEDS_HEAD: readonly (readonly [name: string, tamper: (log: Log) => void, told: RegExp])[] = [
  [
    "records cut off at the end",
    (log) => log.put(2, log.linesOf(2).slice(0, -1)),
    /record 12 was there and is cut off \(last record: 11\)/,
  ],
  [
    "the last file missing",
    (log) => rmSync(log.files[2] ?? ""),
    /record 12 was there and is cut off \(last record: 8\)/,
  ],
  ["a whole chain made anew", (log) => remade(log, 3), /line 4: head-differs/],
];
for (const [name, tamper, told] of NEEDS_HEAD) {
  test(`audit verify finds ${name} with a head that was noted, and not without`, async (t) => {
    const log = await logOfThreeFiles(t);
    assert.equal((await log.verify({ head: [log.head] })).status, 0);
    tamper(log);
    assert.equal((await log.verify()).status, 0);
    const { status, text } = await log.verify({ head: [log.head] });
    assert.equal(status, 1);
    assert.match(text, told);
  });
}

test("audit verify: a first file that is missing is told, and refused with --from-start or with a head in it", async (t) => {
  const log = await logOfThreeFiles(t);
  const fourth = readAuditLine(log.linesOf(0)[3] ?? "");
  assert.ok(typeof fourth !== "string");
  rmSync(log.files[0] ?? "");
  const archived = await log.verify();
  assert.equal(archived.status, 0);
  assert.match(archived.text, /begins at record 5: 1 to 4 are not here/);
  const whole = await log.verify({ fromStart: true });
  assert.equal(whole.status, 1);
  assert.match(whole.text, /beginning-missing/);
  const headed = await log.verify({ head: [`4:${fourth.hash}`] });
  assert.equal(headed.status, 1);
  assert.match(headed.text, /record 4 is in older files/);
});

test("audit verify: a head that cannot be read is refused before anything is looked at", async (t) => {
  const log = await logOfThreeFiles(t);
  const hash = HASH.exec(log.head)?.[0] ?? "";
  for (const head of [["12"], ["x:y"], [`12:${hash.slice(1)}`], [log.head, `12:${"0".repeat(64)}`]]) {
    assert.equal((await log.verify({ head })).status, 1, head.join(" "));
  }
});
