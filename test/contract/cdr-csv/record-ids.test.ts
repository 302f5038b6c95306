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

/** As cdr_csv.c writes them; what follows the first sixteen depends on cdr.conf. */
const masterRow = (rest: readonly string[], changed: Readonly<Record<number, string>> = {}): string =>
  [
    ...["", "4711", "0034912345678", "internal", "Anna", "PJSIP/anna-00000001", "PJSIP/a-00000002", "Dial", "x"],
    ...["2026-03-02 10:00:00", "2026-03-02 10:00:05", "2026-03-02 10:01:05", "65", "60", "ANSWERED", "DOCUMENTATION"],
    ...rest,
  ]
    .map((cell, index) => `"${changed[index] ?? cell}"`)
    .join(",");
const legs = (rest: readonly string[], sequences: readonly string[] = ["", "", ""]): readonly string[] => {
  const tail = (index: number): readonly string[] => [...rest, sequences[index] ?? ""].filter((cell) => cell !== "");
  return [
    masterRow(tail(0)),
    // Dial(A&B): who did not answer, at the same time.
    masterRow(tail(1), { 6: "PJSIP/b-00000003", 10: "", 13: "0", 14: "NO ANSWER" }),
    // A queue asks the same telephone again.
    masterRow(tail(2), { 6: "PJSIP/a-00000004", 7: "Queue", 9: "2026-03-02 10:02:00", 11: "2026-03-02 10:02:30" }),
  ].map((row, index) => (index === 2 ? row.replace("10:00:05", "10:02:05") : row));
};
const masters: readonly { name: string; rows: readonly string[] }[] = [
  { name: "nothing more is logged", rows: legs([]) },
  { name: "loguniqueid and loguserfield are on", rows: legs(["1772445600.1", "user"]) },
  {
    name: "newcdrcolumns is on too",
    rows: legs(["1772445600.1", "user", "peer", "1772445600.1"], ["7", "8", "9"]),
  },
];
for (const { name, rows } of masters) {
  test(`Asterisk's Master.csv: every leg of a call is a record, and once, where ${name}`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "import-master-"));
    t.after(() => rmSync(folder, { recursive: true, maxRetries: 5 }));
    const file = join(folder, "Master.csv");
    writeFileSync(file, `${[...rows, rows[0]].join("\n")}\n`);
    const store = join(folder, "store");
    const told: string[] = [];
    const output = { print: () => undefined, complain: (line: string) => told.push(line), progress: undefined };
    for (let time = 0; time < 2; time++)
      await importFile(file, { store }, { ...output, hasRoom: () => Promise.resolve() });
    assert.match(told[0] ?? "", /3 records; 1 duplicates/);
    const opened = await openStore({ folder: store, log: silentLog });
    const kept = await opened.callRecords.records({ limit: 10 });
    await opened.close();
    assert.equal(kept.length, 3);
    assert.equal(kept.filter(({ outcome }) => outcome === "no-answer").length, 1);
    for (const { id } of kept) assert.doesNotMatch(id, /34912345678/);
  });
}

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
