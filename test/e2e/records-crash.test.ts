import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { CdrDetection, DEFAULT_CDR_DETECTION, unixMs, type Alert, type CallRecord } from "../../detection/index.js";
import { openStore } from "../../gateway/adapters/store/open-store.js";
import { silentLog } from "../../gateway/core/log.js";
import { rawOfCdr } from "../../gateway/pipeline/records/own-call.js";
import { RecordNormaliser } from "../../gateway/pipeline/records/normaliser.js";
import { RecordDesk } from "../../gateway/pipeline/records/record-desk.js";
import { startProcess, temporaryFolder } from "../support/processes.js";
import { scannedCalls, scannedPage, type ChildTask } from "../support/records-child.js";

const CHILD = "test/support/records-child.ts";
const HOUR_MS = 3_600_000;

function scene(t: TestContext) {
  const folder = temporaryFolder("records-crash");
  t.after(() => folder.remove());
  const from = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 2 * HOUR_MS;
  /** Starts the intake, lets it do that, and waits for its end. */
  const life = async (task: ChildTask): Promise<void> => {
    const running = startProcess(process.execPath, ["--import", "tsx", CHILD, folder.path, task, String(from)]);
    t.after(() => running.stop("SIGKILL"));
    const code = await running.exited;
    if (task.endsWith("-then-kill")) assert.equal(running.child.signalCode, "SIGKILL", running.output());
    else assert.equal(code, 0, running.output());
  };
  const kept = async (): Promise<{ alerts: readonly Alert[]; records: readonly CallRecord[] }> => {
    const store = await openStore({ folder: folder.path, log: silentLog });
    try {
      const records: CallRecord[] = [];
      for await (const page of store.callRecords.recordsFrom(unixMs(0))) records.push(...page);
      return { alerts: await store.alerts({ limit: 1_000 }), records };
    } finally {
      await store.close();
    }
  };
  return { from, life, kept };
}

/** Alerts of a gateway to which nothing happens. */
function expectedOf(records: readonly CallRecord[]): string[] {
  const detection = CdrDetection.of(DEFAULT_CDR_DETECTION);
  assert.ok(detection.ok);
  const { alerts } = new RecordDesk(detection.value).take(records, [], unixMs(Date.now()));
  assert.ok(alerts.some(({ rule }) => rule === "number-scan"));
  return alerts.map(({ id }) => id).sort();
}

const idsOf = (alerts: readonly Alert[]): string[] => alerts.map(({ id }) => id).sort();

function recordsOf(from: number): readonly CallRecord[] {
  const normaliser = new RecordNormaliser({ sites: {}, ownNumbers: ["+576014*"] });
  return scannedCalls(from).flatMap((cdr) => {
    const record = normaliser.normalise(rawOfCdr(cdr));
    return record.ok ? [record.value] : [];
  });
}

test("killed when the records of a feed's page are in the store: each incident of it is told once, under the same id", async (t) => {
  const { from, life, kept } = scene(t);
  await life("page-then-kill");
  assert.equal((await kept()).records.length, 500, "the page was in the store when the process died");
  await life("page-again");
  const { alerts, records } = await kept();
  assert.equal(records.length, 500);
  assert.deepEqual(idsOf(alerts), expectedOf(scannedPage(from)));
});

for (const how of ["kill", "stop"] as const)
  test(`calls that came while the past was being read, then ${how}: they are judged after the next start, and once`, async (t) => {
    const { from, life, kept } = scene(t);
    await life(`parked-then-${how}`);
    const before = await kept();
    assert.equal(before.records.length, 40);
    assert.deepEqual(before.alerts, [], "nobody could judge them yet");
    await life("restart");
    const expected = expectedOf(recordsOf(from));
    assert.deepEqual(idsOf((await kept()).alerts), expected);
    await life("restart");
    assert.deepEqual(idsOf((await kept()).alerts), expected);
  });
