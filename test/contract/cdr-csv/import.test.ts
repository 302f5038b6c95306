import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { unixMs, type CallRecord } from "../../../detection/index.js";
import { CsvFile, type FileRow } from "../../../gateway/adapters/cdr-csv/csv-file.js";
import { openStore } from "../../../gateway/adapters/store/open-store.js";
import { silentLog } from "../../../gateway/core/log.js";
import type { ImportOutput } from "../../../gateway/cli/cdr-import-run.js";
import { importFile, type CdrImportOptions } from "../../../gateway/cli/cdr-import.js";
import { CSV_HEADER, csvLine } from "../../../gateway/pipeline/records/csv-columns.js";
import { sampleCallRecord } from "../../support/records.js";

const START = Date.UTC(2026, 2, 2, 15);

/** Of one line to neighbouring numbers, ten seconds apart. */
const record = (i: number, change: Partial<CallRecord> = {}): CallRecord =>
  sampleCallRecord(i, {
    user: "José",
    caller: "+576014000001",
    called: `+5760155${10_000 + i}`,
    country: "CO",
    startedAt: unixMs(START + i * 10_000),
    endedAt: unixMs(START + i * 10_000 + 3_000),
    ...change,
  });

const scan = CSV_HEADER + Array.from({ length: 40 }, (_, i) => csvLine(record(i))).join("");

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "import-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

interface Heard {
  readonly printed: string[];
  readonly told: string[];
}

const outputTo = ({ printed, told }: Heard): ImportOutput => ({
  print: (line) => printed.push(line),
  complain: (line) => told.push(line),
  progress: undefined,
  hasRoom: () => Promise.resolve(),
});

async function run(t: TestContext, content: Buffer | string, options: CdrImportOptions = {}) {
  const file = join(folderOf(t), "calls.csv");
  writeFileSync(file, content);
  const printed: string[] = [];
  const told: string[] = [];
  const status = await importFile(file, { detect: true, json: true, ...options }, outputTo({ printed, told }));
  const findings = printed.map((line) => JSON.parse(line) as { rule: string; subject: string });
  return { status, findings, told, file };
}

const bigEndian = (text: string): Buffer => Buffer.from(text, "utf16le").swap16();
const codings: readonly { name: string; content: Buffer | string; options?: CdrImportOptions }[] = [
  { name: "UTF-8", content: scan },
  { name: "UTF-8 with a mark", content: `\uFEFF${scan}` },
  { name: "UTF-16LE with a mark", content: Buffer.from(`\uFEFF${scan}`, "utf16le") },
  { name: "UTF-16BE with a mark", content: bigEndian(`\uFEFF${scan}`) },
  { name: "UTF-16LE without a mark", content: Buffer.from(scan, "utf16le") },
  { name: "UTF-16BE without a mark", content: bigEndian(scan) },
  { name: "bare carriage returns", content: scan.replaceAll("\r\n", "\r") },
  {
    name: "bare carriage returns in UTF-16",
    content: Buffer.from(`\uFEFF${scan.replaceAll("\r\n", "\r")}`, "utf16le"),
  },
  { name: "tabs", content: scan.replaceAll(",", "\t") },
  { name: "Latin-1", content: Buffer.from(scan, "latin1") },
  { name: "bare line feeds and semicolons", content: scan.replaceAll("\r\n", "\n").replaceAll(",", ";") },
];
for (const { name, content, options } of codings) {
  test(`import: ${name}: the scan is found, by the name that the file has`, async (t) => {
    const { status, findings } = await run(t, content, options);
    assert.equal(status, 0);
    assert.ok(findings.some(({ rule, subject }) => rule === "number-scan" && subject === "José"));
  });
}

const refused: readonly {
  name: string;
  content: Buffer | string;
  options?: CdrImportOptions;
  says: RegExp;
  status: number;
}[] = [
  { name: "an Excel workbook", content: Buffer.from("504b0304aaaa", "hex"), says: /Excel/, status: 1 },
  { name: "gzip", content: Buffer.from("1f8b0800", "hex"), says: /gzip/, status: 1 },
  { name: "UTF-32", content: Buffer.from("fffe000069000000", "hex"), says: /UTF-32/, status: 1 },
  { name: "zeros everywhere", content: Buffer.alloc(1_000), says: /zero bytes/, status: 1 },
  {
    name: "a mark of another coding than was said",
    content: Buffer.from(`\uFEFF${scan}`, "utf16le"),
    options: { encoding: "utf-16be" },
    says: /mark of utf-16le, not of utf-16be/,
    status: 1,
  },
  {
    name: "a column that is there twice",
    content: scan.replace("caller,called", "called,called"),
    says: /mapping\.twice: two columns have the name.*called/,
    status: 1,
  },
  { name: "a strange sign before decimals", content: scan, options: { decimal: ";" }, says: /--decimal/, status: 2 },
  { name: "no number of seconds", content: scan, options: { checkpoint: "soon" }, says: /--checkpoint/, status: 2 },
  {
    name: "a time zone that does not exist",
    content: scan,
    options: { timeZone: "Mars/X" },
    says: /--time-zone Mars\/X: no such time zone; an IANA name is wanted/,
    status: 2,
  },
  { name: "nothing in it", content: "", says: /empty/, status: 1 },
  { name: "unknown columns", content: "a,b\n1,2\n", says: /--map/, status: 1 },
  {
    name: "Latin-1 that is said to be UTF-8",
    content: Buffer.from(scan, "latin1"),
    options: { encoding: "utf-8" },
    says: /not UTF-8/,
    status: 1,
  },
  {
    name: "a coding that does not exist",
    content: scan,
    options: { encoding: "ebcdic" },
    says: /--encoding/,
    status: 2,
  },
];
for (const { name, content, options, says, status } of refused) {
  test(`import: ${name}: refused in words`, async (t) => {
    const result = await run(t, content, options);
    assert.equal(result.status, status);
    assert.match(result.told.join("\n"), says);
  });
}

test("import: bad rows are told with their line and kept aside; the others are taken; duplicates are counted", async (t) => {
  const [header = "", ...rows] = scan.trimEnd().split("\r\n");
  rows.splice(2, 0, 'r,csv,c,"open quote', "short,row");
  rows.push(rows[0] ?? "");
  const multiline = csvLine(record(99, { department: "two\nlines" }));
  const { status, told, file } = await run(t, `${[header, ...rows].join("\r\n")}\r\n${multiline}`);
  assert.equal(status, 3);
  assert.ok(told.some((line) => line.includes("calls.csv:4: csv.open")));
  assert.ok(told.some((line) => line.includes("calls.csv:5: record.columns: 2 cells, not 30")));
  assert.match(told.at(-1) ?? "", /44 rows .*; 41 records; 1 duplicates; 2 bad/);
  const kept = readFileSync(`${file}.bad.csv`, "utf8").trimEnd().split("\r\n");
  assert.deepEqual(kept, [
    "line,reason,row",
    '4,csv.open: a quote that nobody closes,"r,csv,c,""open quote"',
    '5,"record.columns: 2 cells, not 30 as the header has","short,row"',
  ]);
});

test("import: a mapping file reads columns of any name", async (t) => {
  const map = join(folderOf(t), "map.yaml");
  writeFileSync(
    map,
    `fields:
  user: Nebenstelle
  caller: Nebenstelle
  called: Ziel
  startedAt: { column: [Datum, Zeit], join: true, format: "DD.MM.YYYY HH:mm:ss" }
  duration: { column: Minuten, unit: min }
`,
  );
  const rows = Array.from({ length: 40 }, (_, i) => {
    const at = new Date(START + i * 10_000).toISOString();
    return `17;02.03.2026;${at.slice(11, 19)};+5760155${10_000 + i};0`;
  });
  const content = `Nebenstelle;Datum;Zeit;Ziel;Minuten\n${rows.join("\n")}\n`;
  const { status, findings } = await run(t, content, { map });
  assert.equal(status, 0);
  assert.ok(findings.some(({ rule, subject }) => rule === "number-scan" && subject === "17"));
  const wrong = await run(t, content.replace("Ziel", "Zeil"), { map });
  assert.match(wrong.told.join("\n"), /no column Ziel/);
});

/** Stands for a byte that no UTF-8 has there. */
const LATIN = "\u0001";

const broken: readonly {
  name: string;
  change: (lines: string[]) => void;
  options?: CdrImportOptions;
  says: RegExp;
  taken: number;
}[] = [
  { name: "NUL characters", change: (l) => (l[3] = `a\0${l[3] ?? ""}`), says: /:4: csv\.zero: it has NUL/, taken: 39 },
  {
    name: "Latin-1 in the middle of UTF-8",
    change: (l) => (l[3] = l[3]?.replace("José", `Jos${LATIN}`) ?? ""),
    says: /:4: csv\.coding: not UTF-8; .*--encoding latin1/,
    taken: 39,
  },
  {
    name: "a quote that is opened and swallows what follows",
    change: (l) => (l[3] = l[3]?.replace("José", '"José') ?? ""),
    says: /:4: csv\.open: a quote that nobody closes/,
    taken: 39,
  },
  {
    name: "a quote that another row closes",
    change: (l) => {
      l[3] = l[3]?.replace("José", '"José') ?? "";
      l[9] = l[9]?.replace("José", '"José"') ?? "";
    },
    says: /:4: csv\.open/,
    taken: 39,
  },
  {
    name: "text behind a quote",
    change: (l) => (l[3] = l[3]?.replace("José", '"José" x') ?? ""),
    says: /:4: csv\.quote/,
    taken: 39,
  },
  {
    name: "a line of 3 MB",
    change: (l) => (l[3] = "x".repeat(3_000_000)),
    says: /:4: csv\.long: longer than a row can be/,
    taken: 39,
  },
  {
    name: "a row that was cut off",
    change: (l) => (l[3] = l[3]?.slice(0, 90) ?? ""),
    says: /:4: record\.columns: \d+ cells, not 30/,
    taken: 39,
  },
  {
    name: "a row with more cells than columns",
    change: (l) => (l[3] = `${l[3] ?? ""},more`),
    says: /:4: record\.columns: 31 cells/,
    taken: 39,
  },
  {
    name: "a date whose day and month nobody can tell apart",
    change: (l) => (l[3] = l[3]?.replace(/2026-03-02T[^,]*Z/, "03/04/2026 10:00:00") ?? ""),
    says: /:4: record\.date startedAt: 03\/04\/2026 10:00:00: which is the day.*format/,
    taken: 39,
  },
  {
    name: "a comma before decimals, in semicolons' company",
    change: (l) => {
      for (const [at, line] of l.entries()) l[at] = line.replaceAll(",", ";");
      l[3] = l[3]?.replace(";0;;no-answer", ";12,5;;answered") ?? "";
    },
    says: /:4: record\.decimal duration: 12,5: .*--decimal/,
    taken: 39,
  },
  {
    name: "an end before the start",
    change: (l) => (l[3] = l[3]?.replace(/(Z),,2026-/, "$1,,2025-") ?? ""),
    says: /:4: record\.times endedAt/,
    taken: 39,
  },
];
for (const { name, change, options, says, taken } of broken) {
  test(`import: ${name}: one row is told and kept aside, all others are taken`, async (t) => {
    const lines = scan.trimEnd().split("\r\n");
    change(lines);
    const text = lines.join("\r\n");
    const content = Buffer.concat(
      text
        .split(LATIN)
        .flatMap((part, i) => (i === 0 ? [Buffer.from(part)] : [Buffer.from([0xe9]), Buffer.from(part)])),
    );
    const { status, told, file } = await run(t, content, options);
    assert.match(told.join("\n"), says);
    assert.match(told.at(-1) ?? "", new RegExp(`40 rows .*; ${taken} records; 0 duplicates; 1 bad`));
    assert.equal(status, 3);
    assert.match(readFileSync(`${file}.bad.csv`, "utf8"), /^line,reason,row\r\n4,/);
  });
}

test("import: a mapping whose time zone does not exist is refused as wrong, unless --time-zone takes its place", async (t) => {
  const map = join(folderOf(t), "map.yaml");
  writeFileSync(
    map,
    "name: ours\ntimeZone: Mars/X\nfields: { startedAt: { column: started_at }, called: { column: called } }\n",
  );
  const { status, told } = await run(t, scan, { map });
  assert.equal(status, 2, told.join("\n"));
  assert.match(told.join("\n"), /map\.yaml: timeZone Mars\/X: no such time zone/);
  assert.notEqual((await run(t, scan, { map, timeZone: "UTC" })).status, 2);
});

test("import: decimals behind a comma are read where that is said", async (t) => {
  const content = scan.replaceAll(",", ";").replaceAll(";0;;no-answer", ";12,5;;answered");
  const { status, told } = await run(t, content, { decimal: "," });
  assert.equal(status, 0, told.join("\n"));
});

test("import: sites without hours of their own are named, where records.sites says nothing of them", async (t) => {
  const [bogota, nowhere] = [record(0, { site: "bogota" }), record(1)].map((each) => CSV_HEADER + csvLine(each));
  assert.match((await run(t, bogota ?? "")).told.join("\n"), /no hours are given for: bogota\./);
  assert.match((await run(t, nowhere ?? "")).told.join("\n"), /no hours are given for: records without a site\./);
  assert.doesNotMatch((await run(t, bogota ?? "", { detect: false })).told.join("\n"), /no hours/);
  for (const sites of ["default: { timeZone: UTC }", "bogota: { timeZone: America/Bogota }"]) {
    const config = join(folderOf(t), "ringfence.yaml");
    writeFileSync(config, `records: { sites: { ${sites} } }`);
    assert.doesNotMatch((await run(t, bogota ?? "", { config })).told.join("\n"), /no hours/);
  }
});

test("import: of a Webex report the hours of a location that nobody configured are those of its own zone", async (t) => {
  const columns = ["Report ID", "Start time", "Direction", "Call type", "Calling number", "Called number", "Location"];
  const header = [...columns, "Site timezone", "Related reason", "Duration", "Answered"].join(",");
  const rulesAt = async (zone: string): Promise<readonly string[]> => {
    const call = [
      "r1",
      "2026-03-03T23:00:00Z",
      "ORIGINATING",
      "SIP_NATIONAL",
      "+12025550101",
      "+12025550199",
      "Austin",
    ];
    const row = [...call, zone, "CallForwardAlways", "60", "true"].join(",");
    return (await run(t, `${header}\r\n${row}\r\n`)).findings.map(({ rule }) => rule);
  };
  // 17:00 and 23:00 there.
  assert.deepEqual(await rulesAt("-360"), []);
  assert.deepEqual(await rulesAt("0"), ["call-forwarding"]);
});

test("import: nobody is told of what is older than --tell-days; it is kept all the same", async (t) => {
  const dayMs = 86_400_000;
  const daysAgo = (days: number, user: string, from: number): string =>
    Array.from({ length: 40 }, (_, i) => {
      const startedAt = unixMs(Date.now() - days * dayMs + i * 10_000);
      const call = { user, startedAt, endedAt: unixMs(startedAt + 3_000), called: `+5760155${10_000 + from + i}` };
      return csvLine(record(from + i, call));
    }).join("");
  const store = join(folderOf(t), "data");
  const content = CSV_HEADER + daysAgo(20, "long ago", 0) + daysAgo(3, "lately", 100);
  assert.equal((await run(t, content, { store })).status, 0);
  const opened = await openStore({ folder: store, log: silentLog });
  const alerts = (await opened.alerts({ limit: 100 })).map(
    ({ called, finding }) => `${called} ${String(finding?.isPast)}`,
  );
  const findings = await opened.callRecords.findings({ limit: 100 });
  await opened.close();
  assert.deepEqual([...new Set(alerts)].sort(), ["lately undefined", "long ago true"]);
  assert.ok(findings.every(({ subject, isPast }) => (subject === "long ago") === (isPast === true)));
});

test("import: of a file in which every row is bad nothing is taken, and each is told in the file beside it", async (t) => {
  const { status, told, file } = await run(t, scan.replaceAll(/2026-03-02T[^,]*Z/g, "03/04/2026"));
  assert.equal(status, 1);
  assert.match(told.at(-1) ?? "", /40 rows .*; 0 records; 0 duplicates; 40 bad/);
  assert.equal(readFileSync(`${file}.bad.csv`, "utf8").trimEnd().split("\r\n").length, 41);
});

test("rows keep their places in a file of many pieces, whatever cuts them", async (t) => {
  const path = join(folderOf(t), "long.csv");
  const rows = Array.from({ length: 30_000 }, (_, i) => `${i},ñandú ${"x".repeat(i % 90)},"a\n${i}"`);
  writeFileSync(path, rows.join("\n"));
  const judge = (row: string) => ((row.match(/"/g)?.length ?? 0) % 2 === 0 ? "whole" : "open");
  const file = await CsvFile.open({ path, judge });
  t.after(() => file.close());
  const read: FileRow[] = [];
  let middle: { byte: number; line: number; index: number } | undefined;
  for await (const batch of file.rows(0, 1)) {
    read.push(...batch.rows);
    middle ??= { byte: batch.nextByte, line: batch.nextLine, index: read.length };
  }
  assert.deepEqual(
    read.map(({ text }) => text),
    rows,
  );
  assert.deepEqual(read.map(({ line }) => line).slice(-1), [59_999]);
  assert.ok(middle !== undefined && middle.index < rows.length);
  const rest: FileRow[] = [];
  for await (const batch of file.rows(middle.byte, middle.line)) rest.push(...batch.rows);
  assert.deepEqual(rest, read.slice(middle.index));
});
