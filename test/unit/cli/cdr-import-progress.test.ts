import assert from "node:assert/strict";
import { test } from "node:test";
import { ProgressLine } from "../../../gateway/cli/cdr-import-progress.js";
import { importSummary, progressText, type Progress } from "../../../gateway/cli/cdr-import-text.js";

const HALF: Progress = { doneBytes: 500, totalBytes: 1_000, rows: 1_234_567, elapsedMs: 10_000 };

const widths: readonly { width: number; shows: string }[] = [
  { width: 5, shows: "50.0 " },
  { width: 39, shows: "50.0 %  0:10 left  1,234,567 rows" },
  { width: 79, shows: "[############------------] 50.0 %  0:10 left  1,234,567 rows  123,457/s" },
  {
    width: 199,
    shows: "[####################--------------------] 50.0 %  0:10 left  1,234,567 rows  123,457/s",
  },
];
for (const { width, shows } of widths)
  test(`progress in ${width} columns`, () => {
    const text = progressText(HALF, width);
    assert.ok(text.length <= width);
    assert.equal(text.replace(/#+-+/, ""), shows.replace(/#+-+/, ""));
    assert.equal(text.includes("["), shows.includes("["));
  });

test("progress fits into whatever there is, from the first byte to the last", () => {
  for (let width = 0; width < 250; width += 7)
    for (const doneBytes of [0, 1, 500, 1_000, 2_000])
      for (const elapsedMs of [0, 1, 1e9])
        assert.ok(progressText({ ...HALF, doneBytes, elapsedMs }, width).length <= width);
});

test("what is left is reckoned from what was read since an import went on", () => {
  assert.match(progressText({ ...HALF, doneBytes: 750, fromBytes: 500 }, 79), /75\.0 % {2}0:10 left/);
});

test("the line is written over itself, not too often, and makes room for other lines once", () => {
  const written: string[] = [];
  const line = new ProgressLine({ columns: 40, write: (text) => written.push(text) });
  line.clear();
  line.show(HALF);
  line.show(HALF);
  line.clear();
  line.clear();
  line.show(undefined);
  assert.equal(written.length, 2);
  assert.match(written[0] ?? "", /^\r50\.0 %.*\u001b\[K$/);
  assert.equal(written[1], "\r\u001b[K");
});

test("the summary of an import says what was not judged, where there is any", () => {
  const counts = { rows: 9, records: 9, badRows: 0, duplicates: 0, skipped: 0, findings: 0, changes: 0 };
  const report = { ...counts, fromLine: 1, mapping: "m", coding: "utf8", tookMs: 1, badFile: undefined };
  assert.ok(importSummary("f", { ...report, notJudged: 3 }).includes("; 3 not judged, "));
  assert.ok(!importSummary("f", { ...report, notJudged: 0 }).includes("not judged"));
});
