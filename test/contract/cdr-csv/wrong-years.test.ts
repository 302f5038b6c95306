import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { unixMs, type CallRecord, type CdrFinding } from "../../../detection/index.js";
import { importFile } from "../../../gateway/cli/cdr-import.js";
import { CSV_HEADER, csvLine } from "../../../gateway/pipeline/records/csv-columns.js";
import { traffic } from "../../../scripts/cdr-traffic/traffic.js";
import { temporaryFolder } from "../../support/processes.js";
import { sampleCallRecord } from "../../support/records.js";

const DAY_MS = 86_400_000;
const MARCH = unixMs(Date.UTC(2025, 2, 1));
const HALF_A_YEAR_MS = 184 * DAY_MS;

const march: readonly CallRecord[] = [
  ...traffic({ users: 30, seed: 17, days: 16, from: MARCH, honestDays: 9, fraudsPerDay: 5 }),
].flatMap((item) => (item.kind === "call" ? [item.record] : []));

/** Half a year after the row that it stands behind, of the same user and site. */
function september(row: number): CallRecord {
  const record = march.slice(row).find(({ direction, outcome }) => direction === "out" && outcome === "no-answer");
  assert.ok(record !== undefined);
  const startedAt = unixMs(record.startedAt + HALF_A_YEAR_MS);
  return { ...record, id: "wrong", startedAt, endedAt: startedAt };
}

async function found(t: TestContext, records: readonly CallRecord[]): Promise<readonly string[]> {
  const folder = temporaryFolder("wrong-years");
  t.after(() => folder.remove());
  const file = join(folder.path, "calls.csv");
  writeFileSync(file, CSV_HEADER + records.map(csvLine).join(""));
  const told: string[] = [];
  const print = (line: string): void => {
    const { id, change, recordCount } = JSON.parse(line) as CdrFinding;
    told.push(`${change} ${id} ${recordCount}`);
  };
  const complain = (line: string): void => void told.push(line.replace(/^.*findings(.*); .* s$/, "summary$1"));
  const output = { print, complain, progress: undefined, hasRoom: () => Promise.resolve() };
  assert.equal(await importFile(file, { detect: true, json: true }, output), 0);
  return told;
}

test("import: one row of September in a file of March changes nothing of what is found, wherever it stands", async (t) => {
  const expected = await found(t, march);
  assert.ok(expected.length > 10, `${expected.length} findings`);
  for (const row of [0, Math.floor(march.length / 2), Math.floor(march.length * 0.8), march.length - 1])
    assert.deepEqual(await found(t, march.toSpliced(row, 0, september(Math.min(row, march.length - 500)))), expected);
});

test("import: the last calls of a file are judged though they lie days behind the others", async (t) => {
  const calls = march.slice(0, 500);
  const last = calls.at(-1);
  assert.ok(last !== undefined);
  const startedAt = unixMs(last.startedAt + 5 * DAY_MS);
  const scan = Array.from({ length: 2 }, (_, i): CallRecord => {
    const at = unixMs(startedAt + i * 10_000);
    const to = { called: `+88216000000${i}`, numberClass: "satellite", international: true } as const;
    return sampleCallRecord(i, { ...to, id: `last-${i}`, forwarded: { kind: "always" }, startedAt: at, endedAt: at });
  });
  const without = await found(t, calls);
  const withLast = await found(t, [...calls, ...scan]);
  assert.ok(
    withLast.some((line) => line.startsWith("opened call-forwarding") && !without.includes(line)),
    withLast.join("\n"),
  );
});

test("import: of two periods that stand row by row in one file the summary says how many records were not judged", async (t) => {
  const mixed = march.slice(0, 400).flatMap((record, row) => {
    const wrong = { ...september(row), id: `wrong-${row}`, callId: `wrong-${row}` };
    return row % 4 === 3 ? [record, wrong] : [record];
  });
  const lines = await found(t, mixed);
  assert.match(lines.at(-1) ?? "", /^summary; 36 not judged, /);
});
