import assert from "node:assert/strict";
import { test } from "node:test";
import { unixMs } from "../../../detection/index.js";
import { makeReport } from "../../../gateway/wiring/reports.js";
import { callRecord, NOW, PERIOD, rulesFor } from "../../support/cdr/report-scene.js";
import { MemoryReportData } from "../../support/memory-report-data.js";

const PAGES = 12;

test("while a report is made the event loop turns after each page of rows: the same thread answers HTTP", async () => {
  const calls = Array.from({ length: PAGES * 100 }, (_, i) =>
    callRecord({ id: `r${i}`, startedAt: unixMs(PERIOD.from + i), endedAt: unixMs(PERIOD.from + i + 1) }),
  );
  let turns = 0;
  let isMade = false;
  const count = (): void => {
    turns++;
    if (!isMade) setImmediate(count);
  };
  setImmediate(count);
  const data = new MemoryReportData({ calls });
  const report = await makeReport({ name: "executive", range: PERIOD, now: NOW }, data, rulesFor());
  isMade = true;
  assert.equal(report.sources[0]?.rows, PAGES * 100);
  assert.ok(turns >= PAGES, `${turns} turns for ${PAGES} pages`);
});
