import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { BadRows } from "../../../gateway/adapters/cdr-csv/bad-rows.js";
import { temporaryFolder } from "../../support/processes.js";

test("bad rows: a row that a spreadsheet would run is kept as text", async (t) => {
  const folder = temporaryFolder("bad-rows");
  t.after(() => folder.remove());
  const path = join(folder.path, "bad.csv");
  const rows = new BadRows(path);
  rows.add({ line: 2, text: '=HYPERLINK("http://x.example","a"),b' }, "record.time");
  rows.add({ line: 3, text: "+12025550101,ok\0" }, "record.time");
  await rows.close();
  assert.deepEqual(readFileSync(path, "utf8").split("\r\n"), [
    "line,reason,row",
    `2,record.time,"'=HYPERLINK(""http://x.example"",""a""),b"`,
    `3,record.time,"'+12025550101,ok\uFFFD"`,
    "",
  ]);
});
