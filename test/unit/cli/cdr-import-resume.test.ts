import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { CsvFile } from "../../../gateway/adapters/cdr-csv/csv-file.js";
import { ImportPosition } from "../../../gateway/cli/cdr-import-resume.js";
import { parseCsvRow } from "../../../gateway/pipeline/records/csv-row.js";

const ROWS = 20_000;
const ROW_BYTES = 4_000;

function heapMiB(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

test("import: an id that is remembered does not keep its row in memory", () => {
  const position = new ImportPosition("calls.csv", { firstByte: 0 } as Partial<CsvFile> as CsvFile, {}, 1_000);
  const rest = "y".repeat(ROW_BYTES);
  const before = heapMiB();
  for (let i = 0; i < ROWS; i++) {
    const row = parseCsvRow(Buffer.from(`0189f7a4-1c5e-7b0a-${i},${rest}`).toString("latin1"), ",");
    assert.ok(row.ok && position.isNew(`csv ${row.value[0] ?? ""}`));
  }
  const keptMiB = heapMiB() - before;
  assert.ok(keptMiB < 20, `${Math.round(keptMiB)} MiB for ${ROWS} ids; the rows have ${(ROWS * ROW_BYTES) / 2 ** 20}`);
  assert.equal(position.isNew(`csv 0189f7a4-1c5e-7b0a-${ROWS - 1}`), false);
});
