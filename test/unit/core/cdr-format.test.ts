import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "csv-parse/sync";
import { unixMs, type CallerId } from "../../../detection/index.js";
import { CDR_CSV_HEADER, cdrCsvLine, cdrJsonLine, csvCell, unguarded } from "../../../gateway/core/cdr-format.js";
import { parseCsvRow } from "../../../gateway/pipeline/records/csv-row.js";
import { SAMPLE_IDENTITY, SAMPLE_MEDIA, sampleCdr } from "../../support/records.js";

const cells = [
  { name: "a canonical number stays a number", value: "+12025550101", cell: "+12025550101" },
  { name: "digits stay digits", value: "0012", cell: "0012" },
  { name: "a negative number is a number", value: "-5", cell: "-5" },
  { name: "plain text stays plain", value: "normal", cell: "normal" },
  { name: "absent is empty", value: undefined, cell: "" },
  { name: "zero is not empty", value: 0, cell: "0" },
  { name: "a boolean is a word", value: false, cell: "false" },
  { name: "a formula is made text", value: "=1+1", cell: "'=1+1" },
  { name: "a formula behind blanks is made text", value: "  =1+1", cell: "'  =1+1" },
  { name: "plus with a name is a formula", value: "+A1", cell: "'+A1" },
  { name: "a minus with a call is a formula", value: "-cmd|' /C calc'!A0", cell: "'-cmd|' /C calc'!A0" },
  { name: "an at sign is a formula", value: "@SUM(A1)", cell: "'@SUM(A1)" },
  { name: "a full-width equals sign is a formula", value: "＝1", cell: "'＝1" },
  { name: "a leading tab", value: "\t=1", cell: `"'\t'=1"` },
  {
    name: "a link with commas and quotes",
    value: '=HYPERLINK("http://192.0.2.1","x")',
    cell: `"'=HYPERLINK(""http://192.0.2.1"",""x"")"`,
  },
  { name: "a comma is quoted (RFC 4180 §2.6)", value: "a,b", cell: '"a,b"' },
  { name: "a quote is doubled (RFC 4180 §2.7)", value: 'a"b', cell: '"a""b"' },
  { name: "a line break is quoted", value: "a\r\nb", cell: '"a\r\nb"' },
  { name: "a lone carriage return is quoted", value: "a\rb", cell: '"a\rb"' },
  { name: "a formula behind a semicolon, where a locale separates by it", value: "x;=1+1", cell: `"x;'=1+1"` },
  { name: "one behind a semicolon, blanks and a quote", value: 'x; "@A1', cell: `"x; ""'@A1"` },
  { name: "one behind a tab", value: "x\t-A1", cell: `"x\t'-A1"` },
  { name: "one on a further line", value: "x\n=1", cell: `"x\n'=1"` },
  { name: "each of several", value: "=1;=2;=3", cell: `"'=1;'=2;'=3"` },
  { name: "a number behind a semicolon stays one", value: "x;+12025550101;-5", cell: '"x;+12025550101;-5"' },
  { name: "a SIP URI with parameters", value: "sip:a@192.0.2.1;user=phone", cell: '"sip:a@192.0.2.1;user=phone"' },
  { name: "NUL becomes U+FFFD", value: "a\0b", cell: "a\uFFFDb" },
];
for (const { name, value, cell } of cells) {
  test(`CSV cell: ${name}`, () => assert.equal(csvCell(value), cell));
}

/** As a spreadsheet splits a row whose locale has another delimiter: quotes count at the start of a cell only. */
const splitAt = (row: string, delimiter: string): readonly string[] => {
  const read = parseCsvRow(row, delimiter);
  return read.ok ? read.value : row.split(delimiter);
};

test("CDR as CSV: no cell is a formula, whichever delimiter it is opened with", () => {
  const tricks = ["x;=1+1", 'x";=1+1;"', "x\t=1+1", 'a;"=1+1"', "a;\t@A1", "a\r\n=1", ";-A1", "\t=1", "=1"];
  for (const trick of tricks) {
    const rows = cdrCsvLine(sampleCdr(1, { caller: trick as CallerId })).split(/[\r\n]+/);
    for (const delimiter of [";", "\t"])
      for (const cell of rows.flatMap((row) => splitAt(row, delimiter)))
        assert.doesNotMatch(cell, /^[\s"]*[=+\-@](?!\d+$)/, JSON.stringify([trick, delimiter]));
    const [row] = parse<Record<string, string>>(
      CDR_CSV_HEADER + cdrCsvLine(sampleCdr(1, { caller: trick as CallerId })),
      { columns: true },
    );
    assert.equal(unguarded(row?.["caller"] ?? ""), trick);
  }
});

test("CDR as CSV: a run of blanks as long as a message costs no more than its length", () => {
  const blanks = "\t".repeat(60_000);
  const line = cdrCsvLine(sampleCdr(1, { caller: `a${blanks}b;${blanks}=1` as CallerId }));
  assert.ok(line.includes(`a${blanks}b;${blanks}'=1`));
});

test("CDR as CSV: another program's parser reads every field back; absent ones are empty", () => {
  const caller = 'a",b\r\n"c' as CallerId;
  const [row] = parse<Record<string, string>>(CDR_CSV_HEADER + cdrCsvLine(sampleCdr(1, { caller })), { columns: true });
  assert.equal(row?.["caller"], caller);
  assert.equal(row["called"], "+12025550101");
  assert.equal(row["started_at"], "2023-11-14T22:13:20.001Z");
  assert.equal(row["duration_ms"], "1000");
  assert.equal(row["incident_id"], "");
  assert.equal(row["emergency"], "false");
});

test("CDR as CSV and JSON: what passed of an anchored call stands at the end; other calls have empty cells there", () => {
  const line = cdrCsvLine(sampleCdr(1, { media: SAMPLE_MEDIA }));
  assert.match(line, /,false,relay,codec,3000000000,3,1\.25,4\.21,0,0,0,,,,,,\r\n$/);
  assert.match(cdrCsvLine(sampleCdr(1)), /,false,{15}\r\n$/);
  const read = JSON.parse(cdrJsonLine(sampleCdr(1, { media: SAMPLE_MEDIA }))) as Record<string, unknown>;
  assert.deepEqual([read["a_mos"], read["b_packets"], "b_mos" in read], [4.21, 0, false]);
});

test("CDR as CSV and JSON: what a signed caller identity was worth", () => {
  const cdr = sampleCdr(1, { identity: SAMPLE_IDENTITY });
  assert.match(cdrCsvLine(cdr), /,verified,A,123e4567-e89b-42d3-a456-426655440000,,true\r\n$/);
  const read = JSON.parse(cdrJsonLine(cdr)) as Record<string, unknown>;
  assert.deepEqual([read["identity_verdict"], "identity_reason" in read], ["verified", false]);
});

test("CDR as JSON line: one line, the CSV's field names, absent ones left out", () => {
  const line = cdrJsonLine(sampleCdr(1, { callId: "a\nb" }));
  assert.equal(line.indexOf("\n"), line.length - 1);
  const read = JSON.parse(line) as Record<string, unknown>;
  assert.equal(read["call_id"], "a\nb");
  assert.equal("incident_id" in read, false);
  const header = CDR_CSV_HEADER.trim().split(",");
  assert.deepEqual(
    Object.keys(read),
    header.filter((name) => name in read),
  );
});

test("CDR: a time beyond all dates is a number, not an exception", () => {
  assert.match(cdrCsvLine(sampleCdr(1, { endedAt: unixMs(1e18) })), /,1000000000000000000,/);
});
