import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { SiteCalendar, DEFAULT_SITE, unixMs, type CallRecord } from "../../../../detection/index.js";
import { readMapping } from "../../../../gateway/config/csv-mapping-schema.js";
import { CHANGE_COLUMNS } from "../../../../gateway/pipeline/records/change-rows.js";
import { CSV_COLUMNS, CSV_HEADER, csvLine } from "../../../../gateway/pipeline/records/csv-columns.js";
import {
  ASTERISK_MAPPING,
  DEFAULT_MAPPING,
  recogniseMapping,
  type CsvMapping,
} from "../../../../gateway/pipeline/records/csv-mapping.js";
import { guessDelimiter, parseCsvRow } from "../../../../gateway/pipeline/records/csv-row.js";
import { RecordNormaliser } from "../../../../gateway/pipeline/records/normaliser.js";
import { timeReader } from "../../../../gateway/pipeline/records/read-time.js";
import { RowReader } from "../../../../gateway/pipeline/records/row-reader.js";

const FULL: CallRecord = {
  id: "r1",
  source: "webex",
  callId: "c1",
  user: "José, of the front desk",
  direction: "out",
  caller: "+12025550101",
  called: "+12025550102",
  dialled: "5550102",
  country: "US",
  numberClass: "fixed-or-mobile",
  international: false,
  startedAt: unixMs(Date.UTC(2026, 2, 2, 10)),
  answeredAt: unixMs(Date.UTC(2026, 2, 2, 10, 0, 5, 250)),
  endedAt: unixMs(Date.UTC(2026, 2, 2, 10, 1, 5, 500)),
  durationMs: 60_250,
  ringMs: 5_250,
  outcome: "answered",
  site: "madrid",
  trunk: "carrier",
  department: "sales;=1;+x",
  forwarded: { kind: "no-answer", by: "+12025550103" },
  links: { correlation: "k1", related: "c0", transfer: "c9" },
  encrypted: true,
  client: "WXC_CLIENT",
  address: "192.0.2.7",
  reportedAt: unixMs(Date.UTC(2026, 2, 2, 10, 2)),
};
const FAILED: CallRecord = {
  id: "r2",
  source: "csv",
  callId: "c2",
  user: "=cmd",
  direction: "in",
  caller: "",
  called: "+12025550102",
  numberClass: "unknown",
  international: false,
  startedAt: FULL.startedAt,
  endedAt: FULL.startedAt,
  durationMs: 0,
  outcome: "failed",
  failure: "authentication",
};

const plain = new RecordNormaliser({ sites: {}, ownNumbers: [] });

function cellsOf(row: string, delimiter = ","): string[] {
  const cells = parseCsvRow(row, delimiter);
  assert.ok(cells.ok);
  return cells.value;
}

function readerOf(mapping: CsvMapping, header: readonly string[], zone?: SiteCalendar): RowReader {
  const reader = RowReader.of(mapping, header, { strict: false, zone, until: unixMs(Date.UTC(2027, 0, 1)) });
  assert.ok(reader.ok);
  return reader.value;
}

for (const record of [FULL, FAILED]) {
  test(`our own columns keep every field of a record: ${record.outcome}`, () => {
    const reader = readerOf(DEFAULT_MAPPING, cellsOf(CSV_HEADER.trimEnd()));
    const raw = reader.read(cellsOf(csvLine(record).trimEnd()));
    assert.ok(raw.ok && raw.value !== undefined);
    assert.deepEqual(plain.normalise(raw.value), { ok: true, value: record });
  });
}

test("the guide has every column of call records and of changed settings", () => {
  const guide = readFileSync("docs/guides/cdr.md", "utf8");
  for (const { name, meaning } of [...CSV_COLUMNS, ...CHANGE_COLUMNS])
    assert.ok(guide.includes(`\n| \`${name}\` | ${meaning} |\n`), name);
});

test("a mapping file may name what the intake can read, and nothing else", () => {
  const wrong = readMapping({ fields: { calledd: "To", caller: { unit: "h" } } });
  assert.equal(wrong.ok, false);
});

const rows: readonly { name: string; row: string; cells: readonly string[] | "csv.open" | "csv.quote" }[] = [
  { name: "plain", row: "a,b,", cells: ["a", "b", ""] },
  { name: "quoted with a delimiter and doubled quotes", row: '"a,b","say ""no""",c', cells: ["a,b", 'say "no"', "c"] },
  { name: "a quote inside of plain text", row: 'a,5" pipe', cells: ["a", '5" pipe'] },
  { name: "an end inside of quotes", row: 'a,"b', cells: "csv.open" },
  { name: "text behind a closing quote", row: '"a"b,c', cells: "csv.quote" },
  { name: "the last cell empty and quoted", row: 'a,""', cells: ["a", ""] },
];
for (const { name, row, cells } of rows) {
  test(`CSV row: ${name}`, () => {
    const read = parseCsvRow(row, ",");
    assert.deepEqual(read.ok ? read.value : read.error.code, cells);
  });
}

test("the delimiter is the one that makes most columns", () => {
  assert.equal(guessDelimiter("a;b;c,d"), ";");
  assert.equal(guessDelimiter("a\tb"), "\t");
  assert.equal(guessDelimiter("alone"), ",");
});

const calendar = SiteCalendar.of({ ...DEFAULT_SITE, timeZone: "Europe/Madrid" });
assert.ok(calendar.ok);
const madrid = calendar.value;
const times: readonly { text: string; zone?: SiteCalendar; pattern?: string; iso: string | undefined }[] = [
  { text: "2026-03-02T10:00:00.250Z", iso: "2026-03-02T10:00:00.250Z" },
  { text: "2026-03-02 10:00:00", iso: "2026-03-02T10:00:00.000Z" },
  { text: "2026-03-02T10:00:00+02:00", iso: "2026-03-02T08:00:00.000Z" },
  { text: "1772445600", iso: "2026-03-02T10:00:00.000Z" },
  { text: "1772445600250", iso: "2026-03-02T10:00:00.250Z" },
  { text: "2026-07-02 10:00:00", zone: madrid, iso: "2026-07-02T08:00:00.000Z" },
  { text: "2026-01-02 10:00:00", zone: madrid, iso: "2026-01-02T09:00:00.000Z" },
  { text: "2026-03-29 03:30:00", zone: madrid, iso: "2026-03-29T01:30:00.000Z" },
  { text: "2026-10-25 02:30:00", zone: madrid, iso: "2026-10-25T00:30:00.000Z" },
  { text: "02/03/2026 9:05:00 PM", pattern: "DD/MM/YYYY hh:mm:ss a", iso: "2026-03-02T21:05:00.000Z" },
  { text: "2026-04-31 10:00:00", iso: undefined },
  { text: "2026-02-30T08:00:00.000Z", iso: undefined },
  { text: "2026-03-02T24:00:00.000Z", iso: undefined },
  { text: "yesterday", iso: undefined },
  { text: "0", iso: undefined },
];
for (const { text, zone, pattern, iso } of times) {
  test(`time ${text}${zone === undefined ? "" : " at Madrid"}`, () => {
    const at = timeReader(zone, pattern)(text);
    assert.equal(at === undefined ? undefined : new Date(at).toISOString(), iso);
  });
}

test("Asterisk's Master.csv is recognised by its shape and read by its order", () => {
  const row =
    '"","4711","0034912345678","internal","""Anna"" <4711>","PJSIP/anna-00000001","PJSIP/carrier-00000002","Dial","x","2026-03-02 10:00:00","2026-03-02 10:00:05","2026-03-02 10:01:05",65,60,"ANSWERED","DOCUMENTATION","1772445600.1",""';
  assert.equal(recogniseMapping(cellsOf(row)), ASTERISK_MAPPING);
  const raw = readerOf(ASTERISK_MAPPING, ASTERISK_MAPPING.columns ?? []).read(cellsOf(row));
  assert.ok(raw.ok && raw.value !== undefined);
  const normaliser = new RecordNormaliser({ sites: { default: { numberPlan: { region: "CO" } } }, ownNumbers: [] });
  const record = normaliser.normalise(raw.value);
  assert.ok(record.ok);
  const { user, called, country, international, durationMs, outcome, trunk, direction } = record.value;
  assert.deepEqual(
    { user, called, country, international, durationMs, outcome, trunk, direction },
    {
      user: "4711",
      called: "+34912345678",
      country: "ES",
      international: true,
      durationMs: 60_000,
      outcome: "answered",
      trunk: "carrier",
      direction: "out",
    },
  );
});

const wrongs: readonly { name: string; change: Partial<Record<string, string>>; code: string }[] = [
  { name: "no start", change: { started_at: "" }, code: "record.missing" },
  { name: "nobody called", change: { called: "", dialled: "" }, code: "record.missing" },
  { name: "an end before the start", change: { ended_at: "2026-03-01T10:00:00.000Z" }, code: "record.times" },
  { name: "a start in the future", change: { started_at: "2099-03-01T10:00:00.000Z" }, code: "record.future" },
  { name: "an outcome that is none", change: { outcome: "maybe" }, code: "record.field" },
  { name: "a duration that is no number", change: { duration_seconds: "-5" }, code: "record.field" },
];
for (const { name, change, code } of wrongs) {
  test(`a row is refused: ${name}`, () => {
    const header = cellsOf(CSV_HEADER.trimEnd());
    const cells = cellsOf(csvLine(FULL).trimEnd()).map((cell, i) => change[header[i] ?? ""] ?? cell);
    const raw = readerOf(DEFAULT_MAPPING, header).read(cells);
    const record = raw.ok && raw.value !== undefined ? plain.normalise(raw.value) : raw;
    assert.equal(record.ok ? "taken" : record.error.code, code);
  });
}
