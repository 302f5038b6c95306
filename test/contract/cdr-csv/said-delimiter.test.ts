import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { after, test } from "node:test";
import { unixMs } from "../../../detection/index.js";
import { importFile, type CdrImportOptions } from "../../../gateway/cli/cdr-import.js";
import { report } from "../../../gateway/cli/report.js";
import { CSV_HEADER, csvLine } from "../../../gateway/pipeline/records/csv-columns.js";
import { sampleCallRecord } from "../../support/records.js";

const folder = mkdtempSync(join(tmpdir(), "said-delimiter-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const START = Date.UTC(2026, 2, 2, 15);
const rows = [0, 1].map((i) =>
  csvLine(sampleCallRecord(i, { startedAt: unixMs(START), endedAt: unixMs(START + 60_000) })),
);
const table = (delimiter: string): string => (CSV_HEADER + rows.join("")).replaceAll(",", delimiter);
let files = 0;

async function imported(content: string | Buffer, options: CdrImportOptions = {}) {
  const file = join(folder, `calls-${++files}.csv`);
  writeFileSync(file, content);
  const told: string[] = [];
  const status = await importFile(file, options, {
    print: () => undefined,
    complain: (line) => told.push(line),
    progress: undefined,
    hasRoom: () => Promise.resolve(),
  });
  return { file, status, told: told.join("\n") };
}

const FILES: readonly (readonly [name: string, content: string | Buffer])[] = [
  ["semicolons", `sep=;\r\n${table(";")}`],
  ["a sign that is never guessed", `sep=^\r\n${table("^")}`],
  ["tabs, in quotes, behind a mark", `\uFEFF"sep=\t"\n${table("\t")}`],
  ["UTF-16", Buffer.from(`\uFEFFSep=;\r\n${table(";")}`, "utf16le")],
  ["bare carriage returns", `sep=;\r${table(";").replaceAll("\r\n", "\r")}`],
];
for (const [name, content] of FILES)
  test(`a first line sep= says what stands between cells, and is no row: ${name}`, async () => {
    const { status, told } = await imported(content);
    assert.equal(status, 0, told);
    assert.match(told, /: 2 rows \([^)]*\); 2 records; /);
  });

test("a bad row is told by its line in the file", async () => {
  const { file, status } = await imported(`sep=;\r\n${table(";")}a;b\r\n`);
  assert.equal(status, 3);
  assert.match(readFileSync(`${file}.bad.csv`, "utf8"), /^5,/m);
});

test("what --delimiter says goes before it", async () => {
  assert.equal((await imported(`sep=;\r\n${table("|")}`, { delimiter: "|" })).status, 0);
});

test("changed settings and reports read such files too", async () => {
  const changes = join(folder, "changes.csv");
  writeFileSync(changes, "sep=;\nuser;changed_at;kind;target\nmaria;2026-03-02T15:00:00Z;always;+12025550101\n");
  const { status, told } = await imported(table(","), { changes });
  assert.equal(status, 0, told);
  const calls = join(folder, "report.csv");
  writeFileSync(calls, `sep=;\r\n${table(";")}`);
  let out = "";
  const stdout = new Writable({
    write: (part: Buffer, _encoding, done) => {
      out += part.toString("utf8");
      done();
    },
  });
  const options = { from: "2026-03-02", to: "2026-03-02", records: [calls], trace: "calls" };
  assert.equal(await report("executive", undefined, options, { stdout, complain: (line) => assert.fail(line) }), 0);
  assert.equal(out.trim().split("\r\n").length, 3);
});
