import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { CdrFinding } from "../../../detection/index.js";
import { readImportOptions, type CdrImportOptions } from "../../../gateway/cli/cdr-import.js";
import { CsvImport, type ImportedRows, type ImportOutput } from "../../../gateway/cli/cdr-import-run.js";
import type { ImportReport } from "../../../gateway/cli/cdr-import-text.js";
import { CHANGE_HEADER, changeLine } from "../../../gateway/pipeline/records/change-rows.js";
import { CSV_HEADER, csvLine } from "../../../gateway/pipeline/records/csv-columns.js";
import { traffic } from "../../../scripts/cdr-traffic/traffic.js";
import { JANUARY } from "../../support/cdr/evaluate.js";
import { sampleCallRecord } from "../../support/records.js";

const NOBODY: ImportOutput = {
  print: () => undefined,
  complain: () => undefined,
  progress: undefined,
  hasRoom: () => Promise.resolve(),
};

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "import-resume-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Ids and findings as a store keeps them: what comes again changes nothing. */
class Kept {
  readonly records = new Set<string>();
  readonly changes = new Set<string>();
  readonly findings = new Map<string, CdrFinding>();
  #writes = 0;

  put({ records, changes, findings }: ImportedRows): void {
    this.#writes++;
    for (const { id } of records) this.records.add(id);
    for (const { id } of changes) this.changes.add(id);
    for (const finding of findings)
      if ((this.findings.get(finding.id)?.recordCount ?? 0) <= finding.recordCount)
        this.findings.set(finding.id, finding);
  }

  get writes(): number {
    return this.#writes;
  }
}

/** @param breaksAt Fails at that write of this run: before it was written where it is odd, behind it where it is even. */
async function importInto(
  kept: Kept,
  file: string,
  options: CdrImportOptions,
  breaksAt = Infinity,
  output: ImportOutput = NOBODY,
) {
  const settings = readImportOptions({ detect: true, json: true, checkpoint: "0", ...options });
  assert.ok(settings.ok);
  let writes = 0;
  const write = (rows: ImportedRows): Promise<void> => {
    const isOver = ++writes >= breaksAt;
    if (!isOver || writes % 2 === 0) kept.put(rows);
    return isOver ? Promise.reject(new Error("killed")) : Promise.resolve();
  };
  return new CsvImport(file, settings.value, output, { write, close: () => Promise.resolve() }).run();
}

const withoutTimes = ({ rows, records, badRows, duplicates, findings, changes }: ImportReport) => ({
  rows,
  records,
  badRows,
  duplicates,
  findings,
  changes,
});

test("import: interrupted at each of its writes in turn, it comes to what it comes to in one go", async (t) => {
  const folder = folderOf(t);
  const file = join(folder, "calls.csv");
  const changes = join(folder, "changes.csv");
  const people = { users: 30, seed: 8, days: 5, from: JANUARY, honestDays: 1, fraudsPerDay: 6 };
  const items = [...traffic(people)];
  const calls = items.flatMap((item) => (item.kind === "call" ? [csvLine(item.record)] : []));
  const set = items.flatMap((item) => (item.kind === "change" ? [changeLine(item.change)] : []));
  assert.ok(calls.length > 3_000 && set.length > 0, `${calls.length} calls, ${set.length} changed settings`);
  const rows = calls.flatMap((line, i) => (i % 300 === 299 ? [line, line, `bad ${i}\r\n`] : [line]));
  writeFileSync(file, CSV_HEADER + rows.join(""));
  writeFileSync(changes, CHANGE_HEADER + set.join(""));

  const whole = new Kept();
  const report = await importInto(whole, file, { changes });
  const badOfWhole = readFileSync(`${file}.bad.csv`, "utf8");
  assert.ok(whole.writes >= 4 && whole.findings.size > 5, `${whole.writes} writes, ${whole.findings.size} findings`);
  rmSync(`${file}.bad.csv`);

  const kept = new Kept();
  let breaks = 0;
  let last: Awaited<ReturnType<typeof importInto>> | undefined;
  for (; last === undefined; breaks++)
    last = await importInto(kept, file, { changes, resume: true }, 2).catch((error: unknown) => {
      assert.match(String(error), /killed/);
      return undefined;
    });
  assert.ok(breaks >= whole.writes - 1, `${breaks} runs for ${whole.writes} writes`);
  assert.ok(last.fromLine > 1);
  assert.deepEqual(withoutTimes(last), withoutTimes(report));
  assert.deepEqual(kept.records, whole.records);
  assert.deepEqual(kept.changes, whole.changes);
  assert.deepEqual(kept.findings, whole.findings);
  assert.equal(readFileSync(`${file}.bad.csv`, "utf8"), badOfWhole);
});

test("import: goes on only in the same file and with the same options; without anything to go on from it begins", async (t) => {
  const file = join(folderOf(t), "calls.csv");
  const long = CSV_HEADER + Array.from({ length: 3_000 }, (_, i) => csvLine(sampleCallRecord(i))).join("");
  writeFileSync(file, long);
  await assert.rejects(importInto(new Kept(), file, {}, 2), /killed/);
  const other = /import\.other: .*the same ones, or start without --resume/;
  await assert.rejects(importInto(new Kept(), file, { resume: true, timeZone: "Europe/Madrid" }), other);
  await assert.rejects(importInto(new Kept(), file, { resume: true, detect: false }), other);
  writeFileSync(file, long.replace("r0,", "r-0,"));
  await assert.rejects(importInto(new Kept(), file, { resume: true }), other);
  writeFileSync(`${file}.import-state.json`, '{"part":"import","version":1}\n{"part":"end","parts":1}\n');
  await assert.rejects(importInto(new Kept(), file, { resume: true }), other);
  for (const cut of ['{"part":"import"', ""]) {
    writeFileSync(`${file}.import-state.json`, cut);
    const { fromLine, records } = await importInto(new Kept(), file, { resume: true });
    assert.deepEqual([fromLine, records], [1, 3_000]);
  }
});

test("import: changed settings in a file of their own are judged and taken", async (t) => {
  const file = join(folderOf(t), "changes.csv");
  writeFileSync(
    file,
    [
      "user;changed_at;kind;target;by",
      "anna;2026-03-02T02:00:00Z;always;+5351234567;admin",
      "anna;03/04/2026;always;+5351234567;admin",
      "berta;2026-03-02T02:00:00Z;sometimes;;",
      ";2026-03-02T02:00:00Z;busy;;",
      "carla;2026-03-02T03:00:00Z;busy;;",
      "cut;2026",
    ].join("\r\n"),
  );
  const kept = new Kept();
  const { rows, changes, badRows, findings } = await importInto(kept, file, {});
  assert.deepEqual({ rows, changes, badRows, findings }, { rows: 6, changes: 2, badRows: 4, findings: 1 });
  assert.deepEqual(
    [...kept.findings.values()].map(({ rule, severity, subject }) => [rule, severity, subject]),
    [["call-forwarding", "medium", "anna"]],
  );
  const bad = readFileSync(`${file}.bad.csv`, "utf8");
  for (const told of [
    /^3,"record\.date changed_at: 03\/04/m,
    /^4,"?record\.field kind: sometimes/m,
    /^5,"?record\.missing user/m,
    /^7,"record\.columns: 2 cells, not 5/m,
  ])
    assert.match(bad, told);
});

test("import --resume without anything to go on from says in one line that it begins at the first row", async (t) => {
  const file = join(folderOf(t), "calls.csv");
  writeFileSync(file, CSV_HEADER + Array.from({ length: 3_000 }, (_, i) => csvLine(sampleCallRecord(i))).join(""));
  const told: string[] = [];
  const output = { ...NOBODY, complain: (line: string) => told.push(line) };
  const ofResume = () => told.splice(0).filter((line) => line.includes("--resume"));
  await assert.rejects(importInto(new Kept(), file, {}, 2, output), /killed/);
  assert.deepEqual(ofResume(), [], "nobody asked for it");
  await importInto(new Kept(), file, { resume: true }, Infinity, output);
  assert.deepEqual(ofResume(), [], "it went on");
  const { fromLine } = await importInto(new Kept(), file, { resume: true }, Infinity, output);
  assert.equal(fromLine, 1);
  assert.deepEqual(ofResume(), [`--resume: nothing is kept of an import of ${file}: it begins at its first row`]);

  const changes = join(folderOf(t), "changes.csv");
  writeFileSync(changes, "user;changed_at;kind;target;by\r\ncarla;2026-03-02T03:00:00Z;busy;;\r\n");
  await importInto(new Kept(), changes, { resume: true }, Infinity, output);
  assert.deepEqual(ofResume(), [
    `--resume: ${changes} has changed settings, which are read from the first row each time`,
  ]);
});
