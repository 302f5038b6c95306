import assert from "node:assert/strict";
import { createWriteStream, existsSync, readFileSync, statSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { after, test } from "node:test";
import type { CdrFinding, SettingChange } from "../../detection/index.js";
import { openStore } from "../../gateway/adapters/store/open-store.js";
import { importFile, type CdrImportOptions } from "../../gateway/cli/cdr-import.js";
import { silentLog } from "../../gateway/core/log.js";
import { unixMs } from "../../gateway/core/time.js";
import { CHANGE_HEADER, changeLine } from "../../gateway/pipeline/records/change-rows.js";
import { CSV_HEADER, csvLine } from "../../gateway/pipeline/records/csv-columns.js";
import { traffic } from "../../scripts/cdr-traffic/traffic.js";
import { JANUARY } from "../support/cdr/evaluate.js";
import { ringfenceEntry } from "../support/gateway-process.js";
import { startProcess, temporaryFolder, until } from "../support/processes.js";
import { SeededRandom } from "../support/seeded-random.js";

const KILLS = 3;
const SEED = 4;

const folder = temporaryFolder("e2e-import");
after(() => folder.remove());
const calls = join(folder.path, "calls.csv");
const changes = join(folder.path, "changes.csv");

/** A week of 30 people, with frauds, changed settings, rows that are no rows and rows that come twice. */
async function writeFiles(): Promise<readonly string[]> {
  const out = createWriteStream(calls);
  const changed: SettingChange[] = [];
  const ids: string[] = [];
  out.write(CSV_HEADER);
  for (const item of traffic({ users: 30, seed: 31, days: 6, from: JANUARY, honestDays: 1, fraudsPerDay: 8 })) {
    if (item.kind === "change") {
      changed.push(item.change);
      continue;
    }
    const line = csvLine(item.record);
    ids.push(item.record.id);
    out.write(line);
    if (ids.length % 499 === 0) out.write(`${line}bad row ${ids.length}\r\n`);
  }
  out.end();
  await once(out, "finish");
  assert.ok(changed.length > 0);
  const changeFile = createWriteStream(changes);
  changeFile.end(CHANGE_HEADER + changed.map(changeLine).join(""));
  await once(changeFile, "finish");
  return ids;
}

/** What an import says that nobody interrupted: each finding as it was told last. */
async function findingsOfOneGo(): Promise<ReadonlyMap<string, CdrFinding>> {
  const told = new Map<string, CdrFinding>();
  const options: CdrImportOptions = { detect: true, json: true, changes, bad: join(folder.path, "one-go.bad.csv") };
  const status = await importFile(calls, options, {
    print: (line) => {
      const finding = JSON.parse(line) as CdrFinding;
      told.set(finding.id, finding);
    },
    complain: () => undefined,
    progress: undefined,
    hasRoom: () => Promise.resolve(),
  });
  assert.equal(status, 3, "a few rows are bad");
  return told;
}

test("an import that is killed again and again: each row is stored once, no finding is lost, none is told as two", async (t) => {
  const random = new SeededRandom(SEED);
  const ids = await writeFiles();
  const expected = await findingsOfOneGo();
  const store = join(folder.path, "store");
  const state = `${calls}.import-state.json`;
  const args = ["cdr", "import", calls, "--detect", "--json", "--store", store, "--changes", changes];
  const start = () =>
    startProcess(process.execPath, [...ringfenceEntry(), ...args, "--resume", "--checkpoint", "0.05"], {});
  const stamp = (): number => (existsSync(state) ? statSync(state).mtimeMs : 0);
  let kills = 0;
  for (; kills < KILLS; kills++) {
    const before = stamp();
    const running = start();
    const ended = running.exited.then(() => true);
    const isOver = await Promise.race([
      ended,
      until("a kept position", () => stamp() > before, 150_000).then(() => false),
    ]);
    if (isOver) break;
    await new Promise((resolve) => setTimeout(resolve, random.next() * 250));
    running.child.kill("SIGKILL");
    await running.exited;
    // It may have come to its end just before.
    if (running.child.signalCode !== "SIGKILL") break;
    t.diagnostic(`killed behind byte ${readFileSync(state, "utf8").match(/"byte":(\d+)/)?.[1] ?? "?"}`);
  }
  assert.ok(kills >= 2, `killed ${kills} times`);
  const last = start();
  assert.equal(await last.exited, 3, last.output());
  assert.match(last.output(), new RegExp(`${ids.length} records; .*${Math.floor(ids.length / 499)} duplicates`));
  assert.equal(existsSync(state), false);
  const bad = readFileSync(`${calls}.bad.csv`, "utf8").trimEnd().split("\r\n").slice(1);
  assert.deepEqual(
    bad.map((line) => /"?bad row (\d+)/.exec(line)?.[1]),
    Array.from({ length: Math.floor(ids.length / 499) }, (_, i) => String((i + 1) * 499)),
    "each bad row is kept aside once",
  );

  const opened = await openStore({ folder: store, log: silentLog });
  t.after(() => opened.close());
  const stored: string[] = [];
  for await (const page of opened.callRecords.recordsFrom(unixMs(0))) stored.push(...page.map(({ id }) => id));
  assert.deepEqual(stored.toSorted(), ids.toSorted());
  const found = await opened.callRecords.findings({ limit: 1_000 });
  const shape = ({ id, change, severity, recordCount, at }: CdrFinding) => ({ id, change, severity, recordCount, at });
  const byId = (a: { readonly id: string }, b: { readonly id: string }): number => (a.id < b.id ? -1 : 1);
  assert.deepEqual(
    found.map(shape).sort(byId),
    [...expected.values()].map((each) => shape({ ...each, at: unixMs(Date.parse(String(each.at))) })).sort(byId),
  );
  const alerts = await opened.alerts({ limit: 1_000 });
  assert.deepEqual(alerts.map(({ id }) => id).toSorted(), [...expected.keys()].toSorted());
  assert.ok((await opened.callRecords.settingChanges({ limit: 1_000 })).length > 0);
});
