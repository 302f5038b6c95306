import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { unixMs } from "../../../detection/index.js";
import { openStore } from "../../../gateway/adapters/store/open-store.js";
import { importFile } from "../../../gateway/cli/cdr-import.js";
import { storeIds } from "../../../gateway/cli/record-ids.js";
import { silentLog } from "../../../gateway/core/log.js";
import { openFreshStore } from "../../support/fresh-store.js";

const CONTENT = "|+12025550101|+12025550199||1700000000000|1700000060000";

test("ids of rows without one: the same in one store for ever, others in another, and no number in them", async () => {
  const store = await openFreshStore(undefined, { recordDays: 1 });
  const first = (await storeIds(store))(CONTENT);
  assert.match(first, /^[a-p]{24}$/);
  await store.prune(unixMs(Date.now()));
  assert.equal((await storeIds(store))(CONTENT), first, "the key is not as old as a position can be");
  assert.notEqual((await storeIds(store))(`${CONTENT} `), first);
  const another = await openFreshStore(undefined);
  assert.notEqual((await storeIds(another))(CONTENT), first);
});

test("a file without ids that is imported twice is in the store once, under ids that no mask has to cover", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "import-ids-"));
  t.after(() => rmSync(folder, { recursive: true, maxRetries: 5 }));
  const file = join(folder, "calls.csv");
  const rows = ["2026-03-02T10:00:00Z,+12025550101,+12025550199", "2026-03-02T10:05:00Z,+12025550102,+12025550199"];
  writeFileSync(file, `started_at,caller,called\r\n${[...rows, rows[0]].join("\r\n")}\r\n`);
  const store = join(folder, "store");
  const told: string[] = [];
  const output = { print: () => undefined, complain: (line: string) => told.push(line), progress: undefined };
  for (let time = 0; time < 2; time++)
    assert.equal(
      await importFile(file, { store }, { ...output, hasRoom: () => Promise.resolve() }),
      0,
      told.join("\n"),
    );
  assert.match(told[0] ?? "", /2 records; 1 duplicates/);
  const opened = await openStore({ folder: store, log: silentLog });
  const kept = await opened.callRecords.records({ limit: 10 });
  await opened.close();
  assert.equal(kept.length, 2);
  for (const { id } of kept) assert.match(id, /^[a-p]{24}$/);
});
