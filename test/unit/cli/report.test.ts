import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { after, test } from "node:test";
import { report, type ReportCommandOptions } from "../../../gateway/cli/report.js";
import { CSV_HEADER, csvLine } from "../../../gateway/pipeline/records/csv-columns.js";
import { PERIOD, reportScene } from "../../support/cdr/report-scene.js";

const folder = mkdtempSync(join(tmpdir(), "report-cli-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const scene = reportScene();
const records = join(folder, "calls.csv");
writeFileSync(records, CSV_HEADER + scene.records.map(csvLine).join(""));
const config = join(folder, "ringfence.json");
writeFileSync(config, JSON.stringify({ records: { sites: {} } }));
const DAYS = {
  from: new Date(PERIOD.from).toISOString().slice(0, 10),
  to: new Date(PERIOD.to - 1).toISOString().slice(0, 10),
};
const inPeriod = scene.records.filter(({ startedAt }) => startedAt >= PERIOD.from && startedAt < PERIOD.to);

async function run(name: string, callId: string | undefined, options: ReportCommandOptions) {
  let out = "";
  const said: string[] = [];
  const stdout = new Writable({
    write: (part: Buffer, _encoding, done) => {
      out += part.toString("utf8");
      done();
    },
  });
  const status = await report(name, callId, options, { stdout, complain: (line) => said.push(line) });
  return { status, out, said };
}

test("report executive from a file of call records has its calls, and the file is its owner's alone", async () => {
  const out = join(folder, "executive.html");
  const { status, said } = await run("executive", undefined, { ...DAYS, records: [records], out });
  assert.deepEqual({ status, said }, { status: 0, said: [] });
  assert.equal(statSync(out).mode & 0o777, 0o600);
  const page = readFileSync(out, "utf8");
  assert.ok(page.startsWith("<!doctype html>"));
  assert.ok(page.includes(`<b>${inPeriod.length.toLocaleString("en-US")}</b>`));
});

test("--trace gives exactly the rows behind a figure", async () => {
  const { status, out } = await run("executive", undefined, { ...DAYS, records: [records], trace: "calls.in" });
  assert.equal(status, 0);
  const expected = inPeriod.filter(({ direction }) => direction === "in").map(({ id }) => id);
  assert.deepEqual(
    out
      .trim()
      .split("\r\n")
      .slice(1)
      .map((line) => line.split(",")[0]),
    expected,
  );
});

test("a name that says nothing of a format takes any, and rows behind a figure are CSV", async () => {
  const out = join(folder, "march.report");
  assert.equal((await run("executive", undefined, { ...DAYS, records: [records], format: "csv", out })).status, 0);
  const rows = join(folder, "rows.csv");
  assert.equal(
    (await run("executive", undefined, { ...DAYS, records: [records], trace: "calls", out: rows })).status,
    0,
  );
});

test("journey finds a call by its id", async () => {
  const callId = inPeriod[5]?.callId ?? "";
  const { status, out } = await run("journey", callId, { ...DAYS, records: [records] });
  assert.equal(status, 0);
  assert.ok(out.includes("Journey of a call") && out.includes(callId));
});

const plain = join(folder, "plain.csv");
const future = new Date(Date.now() + 30 * 86_400_000).toISOString();
writeFileSync(
  plain,
  `started_at,caller,called\r\n${DAYS.from}T10:00:00Z,+12025550101,+12025550199\r\n${future},+12025550101,+12025550199\r\n`,
);

test("rows of a file that have no id are called by their line: there is no number in them, and nothing to try numbers against", async () => {
  const { out } = await run("executive", undefined, { ...DAYS, records: [plain], trace: "calls" });
  assert.match(out, /^line2,/m);
  const several = await run("executive", undefined, { ...DAYS, records: [records, plain], trace: "calls" });
  assert.match(several.out, /^file2-line2,/m);
});

test("rows of a file that begin later than tomorrow are in no report, and it says how many", async () => {
  const { out } = await run("executive", undefined, { ...DAYS, records: [plain], format: "csv" });
  assert.match(out, /1 rows could not be read and are in no figure/);
});

const wrong: readonly (ReportCommandOptions & {
  readonly name: string;
  readonly status: number;
  readonly call?: string;
})[] = [
  { name: "nothing", status: 2 },
  { name: "journey", status: 2 },
  { name: "journey", call: "no-such-call", records: [records], status: 1 },
  { name: "daily", call: "x", status: 2 },
  { name: "daily", format: "docx", status: 2 },
  { name: "daily", out: "march.docx", records: [records], status: 2 },
  { name: "daily", format: "csv", out: join(folder, "march.html"), records: [records], status: 2 },
  { name: "daily", format: "html", out: join(folder, "march.CSV"), records: [records], status: 2 },
  { name: "daily", trace: "calls", out: join(folder, "rows.html"), records: [records], status: 2 },
  { name: "daily", from: "yesterday", records: [records], status: 2 },
  { name: "daily", from: "2026-03-02", to: "2026-03-01", records: [records], status: 2 },
  { name: "daily", trace: "no.such.figure", records: [records], status: 2 },
  { name: "daily", records: ["/nonexistent.csv"], status: 1 },
  { name: "daily", store: "/nonexistent", status: 2 },
  { name: "daily", records: [records], store: folder, status: 2 },
];
for (const { name, call, status, ...options } of wrong) {
  test(`report ${name} ${JSON.stringify(options)} ends with ${status} and says why`, async () => {
    const answer = await run(name, call, options);
    assert.equal(answer.status, status);
    assert.equal(answer.out, "");
    assert.equal(answer.said.length, 1);
  });
}

const unreadable: readonly { readonly options: ReportCommandOptions; readonly says: RegExp }[] = [
  { options: { from: "2026-02-30" }, says: /--from 2026-02-30: .*2026-03-01.* is wanted/ },
  { options: { from: "2026-02-01", to: "tomorrow" }, says: /--to tomorrow: .*with its zone.* is wanted/ },
  {
    options: { from: "2026-03-02", to: "2026-03-01" },
    says: /--from 2026-03-02, --to 2026-03-01: the period ends before it begins/,
  },
  { options: { from: "1990-01-01", to: "2026-03-01" }, says: /--from 1990-01-01, .* longer than ten years/ },
];
for (const { options, says } of unreadable)
  test(`report ${JSON.stringify(options)} says which option, its value and what is expected`, async () => {
    const { status, said } = await run("daily", undefined, { ...options, records: [records] });
    assert.equal(status, 2);
    assert.match(said.join("\n"), says);
  });
