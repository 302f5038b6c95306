import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { unixMs, type Alert, type CallRecord, type SettingChange } from "../../../detection/index.js";
import { silentLog, type Log } from "../../../gateway/core/log.js";
import type { StoreRecord } from "../../../gateway/ports/records.js";
import { FakeClock } from "../../support/fake-clock.js";
import { until } from "../../support/processes.js";
import { sampleCallRecord } from "../../support/records.js";
import { HOUR_AGO, scan, scene, startScene, storedBy } from "../../support/records-service-scene.js";

const SAVE_EVERY_MS = 900_000;
const idsOf = (alerts: readonly Alert[]): string[] => [...new Set(alerts.map(({ id }) => id))].sort();
const storedAlerts = (written: readonly StoreRecord[]): string[] =>
  idsOf(written.flatMap((each) => (each.kind === "alert" ? [each.alert] : [])));

/** Alerts of a gateway that nothing happens to, and its calls as records. */
async function undisturbed(t: TestContext): Promise<{ alerts: string[]; records: readonly CallRecord[] }> {
  const { service, written, alerts } = await scene(t);
  service.calls(scan(40));
  await service.close();
  assert.ok(alerts.some(({ rule }) => rule === "number-scan"));
  return { alerts: idsOf(alerts), records: storedBy(written).judged };
}

/** A gateway that was killed while it read the past: what comes is not judged before `open`. */
function stuckInThePast(t: TestContext) {
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  return { ...startScene(t, { gate }), open: () => open() };
}

test("wherever a gateway dies, what the store has was judged or is judged by the next one: each alert under its one id", async (t) => {
  const expected = await undisturbed(t);
  const { service, batches } = await scene(t);
  for (let from = 0; from < 40; from += 10) service.records(expected.records.slice(from, from + 10));
  assert.ok(batches.length >= 4);
  for (let until = 0; until <= batches.length; until++) {
    const before = batches.slice(0, until).flat();
    const next = await scene(t, { kept: storedBy(before) });
    // As a feed does that is not sure of what it has read.
    next.service.records(expected.records);
    await next.service.close();
    assert.deepEqual(storedAlerts([...before, ...next.written]), expected.alerts, `killed after batch ${until}`);
    assert.equal(storedBy([...before, ...next.written]).judged.length, 40);
  }
  await service.close();
});

for (const how of ["is killed", "is stopped"])
  test(`calls that came while the past was being read are judged by the next gateway where this one ${how}`, async (t) => {
    const expected = await undisturbed(t);
    const first = stuckInThePast(t);
    first.service.calls(scan(40));
    assert.equal(first.kinds("call-record"), 40, "they are in the store at once");
    if (how === "is stopped") await first.service.close();
    assert.deepEqual(first.alerts, []);
    const second = await scene(t, { kept: storedBy(first.written) });
    assert.deepEqual(idsOf(second.alerts), expected.alerts);
    await second.service.close();
    const third = await scene(t, { kept: storedBy([...first.written, ...second.written]) });
    assert.deepEqual(third.alerts, [], "they were judged");
    await third.service.close();
    first.open();
    await first.started;
  });

test("calls that came while the past was being read are judged when it is read, and the note of it goes with what was found", async (t) => {
  const expected = await undisturbed(t);
  const { service, batches, alerts, open, started } = stuckInThePast(t);
  service.calls(scan(40));
  open();
  await started;
  assert.deepEqual(idsOf(alerts), expected.alerts);
  const note = batches.findIndex((batch) => batch.some(({ kind }) => kind === "records-judged"));
  assert.deepEqual(storedAlerts(batches[note] ?? []), expected.alerts);
  assert.deepEqual(storedAlerts(batches.slice(0, note).flat()), []);
  assert.equal(storedBy(batches.flat()).unjudged.length, 0);
  await service.close();
});

test("what is known from the saved memory is not judged again though its mark is still there", async (t) => {
  const expected = await undisturbed(t);
  const first = await scene(t);
  first.service.calls(scan(40));
  await first.service.close();
  const kept = { judged: [], unjudged: expected.records };
  const second = await scene(t, { kept, change: { folder: first.folder } });
  assert.deepEqual(second.alerts, []);
  assert.equal(storedBy([...markedAll(expected.records), ...second.written]).unjudged.length, 0, "the mark is gone");
  await second.service.close();
});

const markedAll = (records: readonly CallRecord[]): StoreRecord[] =>
  records.map((record) => ({ kind: "call-record", record, unjudged: true }));

test("more than can wait while what was learnt is being kept are left in the store, and judged from there", async (t) => {
  const expected = await undisturbed(t);
  const clock = new FakeClock();
  const { service, alerts, written } = await scene(t, { clock });
  clock.advance(SAVE_EVERY_MS);
  const others = Array.from({ length: 100_000 }, (_, i) =>
    sampleCallRecord(i, { direction: "in", startedAt: unixMs(HOUR_AGO), endedAt: unixMs(HOUR_AGO) }),
  );
  service.records(others);
  service.calls(scan(40));
  await until("what waited is judged", () => service.stats.records >= 100_000);
  assert.deepEqual(alerts, []);
  clock.advance(60_000);
  await until("what was left is judged", () => storedBy(written).unjudged.length === 0);
  assert.deepEqual(idsOf(alerts), expected.alerts);
  await service.close();
});

test("a setting that was changed while the past was being read is written when it is told, also by a gateway that ends before", async (t) => {
  const { service, kinds, alerts, open, started } = stuckInThePast(t);
  service.records([], [FORWARDING]);
  assert.equal(kinds("setting-change"), 0, "who looks again after a crash sees it again");
  await service.close();
  open();
  await started;
  assert.deepEqual(
    alerts.map(({ rule }) => rule),
    ["call-forwarding"],
  );
  assert.deepEqual([kinds("setting-change"), kinds("finding"), kinds("alert")], [1, 1, 1]);
});

const FORWARDING: SettingChange = {
  id: "change-1",
  user: "reception",
  at: unixMs(HOUR_AGO),
  setting: "call-forwarding",
  kind: "always",
  enabled: true,
  target: "+882160000001",
  numberClass: "satellite",
  international: true,
  external: true,
};

test("what was learnt is kept only when what was found is safe: who knows a record from there does not judge it again", async (t) => {
  let isSafe = (): void => undefined;
  const safe = new Promise<void>((resolve) => (isSafe = resolve));
  const { service, clock, folder, alerts, written } = await scene(t, { safe });
  const memory = join(folder, "call-record-detection.json");
  service.calls(scan(40));
  assert.ok(alerts.length > 0);
  clock.advance(SAVE_EVERY_MS);
  service.records([sampleCallRecord(1, { startedAt: unixMs(HOUR_AGO), endedAt: unixMs(HOUR_AGO) })]);
  clock.advance(10_000);
  await until("what waited for it is judged", () => storedBy(written).unjudged.length === 0);
  assert.equal(existsSync(memory), false);
  isSafe();
  await service.close();
  assert.equal(existsSync(memory), true);
});

/** A log that keeps the names of what is told. */
function listening(): { readonly log: Log; readonly told: string[] } {
  const told: string[] = [];
  const note = (event: string): void => void told.push(event);
  return { log: { ...silentLog, warn: note, error: note }, told };
}

const damages: readonly { name: string; damage: (lines: string[]) => void }[] = [
  { name: "a line that is no JSON", damage: (l) => (l[half(l)] = (l[half(l)] ?? "").slice(0, 20)) },
  { name: "a line that is gone", damage: (l) => void l.splice(half(l), 1) },
  { name: "a line that is null", damage: (l) => (l[half(l)] = "null") },
  { name: "a part without its content", damage: (l) => (l[half(l)] = '{"part":"users"}') },
  { name: "ids that are none", damage: (l) => (l[l.length - 2] = '{"part":"ids","generation":"younger"}') },
];
const half = (lines: readonly string[]): number => Math.floor(lines.length / 2);

for (const { name, damage } of damages)
  test(`saved memory with ${name}: nothing of it is taken up, the store's past is read, and the log says so once`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "records-damaged-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const first = await scene(t, { change: { folder } });
    first.service.calls(scan(40));
    await first.service.close();
    const memory = join(folder, "call-record-detection.json");
    const lines = readFileSync(memory, "utf8").trimEnd().split("\n");
    damage(lines);
    writeFileSync(memory, `${lines.join("\n")}\n`);

    // The store knows of another user than the memory did.
    const kept = [sampleCallRecord(1, { user: "berta", startedAt: unixMs(HOUR_AGO), endedAt: unixMs(HOUR_AGO) })];
    const { log, told } = listening();
    const clock = new FakeClock();
    const second = await scene(t, { kept, change: { folder }, log, clock });
    assert.deepEqual(told, ["records.memory-unreadable"]);
    second.service.calls(scan(40));
    assert.equal(second.service.stats.duplicates, 0, "ids of the damaged memory are not known");
    assert.ok(
      second.alerts.some(({ rule }) => rule === "number-scan"),
      "nor are its incidents",
    );
    second.service.records(kept);
    assert.equal(second.service.stats.duplicates, 1, "those of the store are");
    await second.service.close();
  });
