import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { chainText } from "../../../../detection/reports/compliance-checks.js";
import { AuditFile } from "../../../../gateway/adapters/audit-file/audit-file.js";
import { auditFiles, verifyAuditLog } from "../../../../gateway/adapters/audit-file/audit-folder.js";
import { formatAuditLine, PRUNED_ACTION, readAuditLine } from "../../../../gateway/adapters/audit-file/audit-line.js";
import { proveAudit } from "../../../../gateway/adapters/audit-file/prove-audit.js";
import { verifyAudit } from "../../../../gateway/cli/audit.js";
import { silentLog } from "../../../../gateway/core/log.js";
import { unixMs } from "../../../../gateway/core/time.js";
import { CountingMetrics } from "../../../support/counting-metrics.js";
import { FakeClock } from "../../../support/fake-clock.js";
import { sampleAudit } from "../../../support/records.js";

const START = Date.UTC(2023, 0, 1);
const DAY = 86_400_000;
const MAX_BYTES = 2_000;

interface Scene {
  readonly folder: string;
  readonly clock: FakeClock;
  readonly open: () => Promise<AuditFile>;
  readonly names: () => string[];
  readonly numbers: (name: string) => number[];
  /** `ringfence audit verify`: its status, and what it prints. */
  readonly check: (...options: string[]) => Promise<readonly [number, string]>;
}

/** One entry a day from the first of January on, a few in each file. */
async function scene(t: TestContext, days = 40): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-audit-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const clock = new FakeClock();
  const open = (): Promise<AuditFile> =>
    AuditFile.open({ clock, metrics: new CountingMetrics(), log: silentLog }, { folder, maxBytes: MAX_BYTES });
  const log = await open();
  for (let day = 0; day < days; day++) await log.append(sampleAudit(day, { at: unixMs(START + day * DAY) }));
  await log.close();
  const names = (): string[] => readdirSync(folder).sort();
  const numbers = (name: string): number[] =>
    readFileSync(join(folder, name), "utf8")
      .trimEnd()
      .split("\n")
      .map((text) => {
        const line = readAuditLine(text);
        return typeof line === "string" ? Number.NaN : line.seq;
      });
  const check = async (...head: string[]): Promise<readonly [number, string]> => {
    const lines: string[] = [];
    const status = await verifyAudit([folder], (line) => lines.push(line), { head });
    return [status, lines.join("\n")];
  };
  return { folder, clock, open, names, numbers, check };
}

const prune = async ({ open }: Scene, day: number): Promise<number> => {
  const log = await open();
  try {
    return await log.prune(unixMs(START + day * DAY));
  } finally {
    await log.close();
  }
};

test("audit prune: whole old files go, after the chain has said so; what is left is verified, and says from when it is", async (t) => {
  const all = await scene(t);
  const { names, numbers, check, folder } = all;
  const before = names();
  const went = await prune(all, 20);
  assert.ok(went >= 3 && went < before.length);
  assert.deepEqual(names().slice(0, before.length - went), before.slice(went));
  const [first = 0] = numbers(names()[0] ?? "");
  assert.ok(first <= 21, "nothing from the twentieth day on is gone");
  const [status, said] = await check();
  assert.equal(status, 0);
  assert.match(
    said,
    new RegExp(`^begins at record ${first}: 1 to ${first - 1} were deleted by age on .* \\(record 41\\)$`, "m"),
  );
  const verdict = await verifyAuditLog((await auditFiles(folder)).map(({ path }) => path));
  assert.ok(verdict.intact && verdict.firstSeq === first && verdict.lastSeq === 41);
  assert.equal(await prune(all, 20), 0, "once");
  assert.equal((await check())[0], 0);
});

test("audit prune: a report says that older records were deleted by age, or that they are not here", async (t) => {
  const all = await scene(t);
  const whole = chainText(await proveAudit(all.folder));
  assert.match(whole, /^The hash chain verifies: records 1 to 40, none changed or taken out\.$/);
  await prune(all, 20);
  const [first = 0] = all.numbers(all.names()[0] ?? "");
  const said = (first: number): string => `Records 1 to ${first - 1} `;
  const pruned = chainText(await proveAudit(all.folder));
  assert.ok(pruned.endsWith(`${said(first)}were deleted by age, as the chain itself tells.`), pruned);
  const [oldest = "", second = ""] = all.names();
  rmSync(join(all.folder, oldest));
  const missing = chainText(await proveAudit(all.folder));
  assert.ok(missing.endsWith(`${said(all.numbers(second)[0] ?? 0)}are not here.`), missing);
});

test("audit prune: again and again; the file that is being written stays, however old its entries are", async (t) => {
  const all = await scene(t);
  for (const day of [10, 20, 30, 4_000, 5_000]) await prune(all, day);
  const [status, said] = await all.check();
  assert.equal(status, 0, said);
  assert.match(said, /^begins at record (\d+): 1 to \d+ were deleted by age/m);
  assert.ok(all.names().length <= 2, all.names().join(" "));
  const log = await all.open();
  await log.append(sampleAudit(99));
  await log.close();
  assert.equal((await all.check())[0], 0, "the chain goes on");
});

test("audit prune: killed after the chain has said it, files are left that the next one deletes", async (t) => {
  const all = await scene(t);
  const kept = join(all.folder, "../", `${all.folder.split("/").at(-1) ?? ""}-kept`);
  mkdirSync(kept);
  t.after(() => rmSync(kept, { recursive: true, force: true }));
  const before = all.names();
  for (const name of before) copyFileSync(join(all.folder, name), join(kept, name));
  const went = await prune(all, 20);
  // Oldest first: the last of those that were to go is still there.
  const name = before[went - 1] ?? "";
  copyFileSync(join(kept, name), join(all.folder, name));
  const [status, said] = await all.check();
  assert.equal(status, 0, said);
  assert.match(said, /^begins at record \d+: 1 to \d+ were deleted by age/m);
  assert.equal(await prune(all, 20), 1);
  assert.equal((await all.check())[0], 0);
});

test("audit prune: what went with nobody saying so, or was put in the place of what stayed, is seen", async (t) => {
  const all = await scene(t);
  await prune(all, 20);
  const [oldest = "", second = ""] = all.names();
  const text = readFileSync(join(all.folder, oldest), "utf8");
  const [from = 0] = all.numbers(oldest);
  rmSync(join(all.folder, oldest));
  const [next = 0] = all.numbers(second);
  const [, said] = await all.check();
  assert.match(said, new RegExp(`1 to ${from - 1} were deleted by age .*, ${from} to ${next - 1} are not here$`, "m"));
  // A chain of its own, whole in itself, but not the one that went on from what is gone.
  writeFileSync(join(all.folder, oldest), text);
  let prev = "1".repeat(64);
  for (const name of all.names()) {
    const path = join(all.folder, name);
    const lines = readFileSync(path, "utf8").trimEnd().split("\n").map(readAuditLine);
    const made = lines.map((line) => {
      assert.ok(typeof line === "object");
      const { text: other, hash } = formatAuditLine(line.seq, prev, line.entry);
      prev = hash;
      return `${other}\n`;
    });
    writeFileSync(path, made.join(""));
  }
  const [status, found] = await all.check();
  assert.deepEqual([status, /line 1: pruning-differs/.test(found)], [1, true], found);
});

test("audit prune: a hash that was noted of the last record that went still counts; of an older one nothing can be said", async (t) => {
  const all = await scene(t);
  const path = join(all.folder, all.names()[0] ?? "");
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  const last = readAuditLine(lines.at(-1) ?? "");
  const first = readAuditLine(lines[0] ?? "");
  assert.ok(typeof last === "object" && typeof first === "object");
  await prune(all, last.seq + 1);
  assert.equal((await all.check(`${last.seq}:${last.hash}`))[0], 0);
  const [status, said] = await all.check(`${last.seq}:${"0".repeat(64)}`);
  assert.deepEqual([status, /head-differs/.test(said)], [1, true]);
  assert.equal((await all.check(`${first.seq}:${first.hash}`))[0], 1);
});

test("audit prune: old files that are no whole chain, or do not join what stays, are evidence: nothing goes, nothing is said", async (t) => {
  const spoil: readonly ((all: Scene) => void)[] = [
    ({ folder, names }) => {
      const path = join(folder, names()[1] ?? "");
      writeFileSync(path, readFileSync(path, "utf8").replace('"actor"', '"Actor"'));
    },
    ({ folder, names }) => rmSync(join(folder, names()[1] ?? "")),
    ({ folder, names, numbers }) => {
      // The end of the last file that is old enough.
      const name = [...names()].reverse().find((each) => (numbers(each).at(-1) ?? 99) <= 20) ?? "";
      const path = join(folder, name);
      writeFileSync(path, `${readFileSync(path, "utf8").trimEnd().split("\n").slice(0, -1).join("\n")}\n`);
    },
  ];
  for (const spoiled of spoil) {
    const all = await scene(t);
    spoiled(all);
    const before = all.names();
    await assert.rejects(prune(all, 20), { code: "audit.tampered" });
    assert.deepEqual(all.names(), before);
    const newest = readFileSync(join(all.folder, before.at(-1) ?? ""), "utf8");
    assert.ok(!newest.includes(PRUNED_ACTION));
  }
});

test("audit prune: nothing old, an empty folder, and a log that is closed: nothing goes", async (t) => {
  assert.equal(await prune(await scene(t), 0), 0);
  assert.equal(await prune(await scene(t, 0), 99), 0);
  const all = await scene(t);
  const log = await all.open();
  await log.close();
  const before = all.names();
  await assert.rejects(log.prune(unixMs(START + 20 * DAY)), { code: "store.unavailable" });
  assert.deepEqual(all.names(), before);
});
