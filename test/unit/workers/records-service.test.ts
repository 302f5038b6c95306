import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { DEFAULT_CDR_DETECTION, unixMs, type Alert, type CallRecord } from "../../../detection/index.js";
import type { StoreRecord } from "../../../gateway/ports/records.js";
import { FakeClock } from "../../support/fake-clock.js";
import { sampleCallRecord } from "../../support/records.js";
import { HOUR_AGO, PAGE, scan, scene, startScene } from "../../support/records-service-scene.js";

const HOUR_MS = 3_600_000;

test("own calls become records; what is found in them is kept, and alerts once an incident", async (t) => {
  const { service, kinds, alerts } = await scene(t);
  service.calls(scan(40));
  service.calls(scan(40));
  assert.equal(kinds("call-record"), 40);
  const scans = alerts.filter(({ rule }) => rule === "number-scan");
  assert.deepEqual(
    scans.map(({ disposition, called }) => ({ disposition, called: String(called) })),
    [{ disposition: "reported", called: "+576014000001" }],
  );
  assert.ok(kinds("finding") >= 1);
  assert.equal(kinds("alert"), alerts.length);
  assert.equal(service.stats.duplicates, 40);
  await service.close();
});

test("a rule in shadow mode is kept and alerts nobody", async (t) => {
  const modes = { ...DEFAULT_CDR_DETECTION.modes, "number-scan": "shadow", "mass-dialling": "off" } as const;
  const { service, written, alerts } = await scene(t, { change: { detection: { ...DEFAULT_CDR_DETECTION, modes } } });
  service.calls(scan(40));
  const rules = written.flatMap((record) => (record.kind === "finding" ? [record.finding.rule] : []));
  assert.ok(rules.includes("number-scan"));
  assert.deepEqual(
    alerts.filter(({ rule }) => rule === "number-scan" || rule === "mass-dialling"),
    [],
  );
  await service.close();
});

test("after a restart the store's records are known: they are neither stored nor told again", async (t) => {
  const first = await scene(t);
  first.service.calls(scan(40));
  const kept = first.written.flatMap((record) => (record.kind === "call-record" ? [record.record] : []));
  await first.service.close();
  const second = await scene(t, { kept });
  second.service.calls(scan(40));
  assert.equal(second.kinds("call-record"), 0);
  assert.deepEqual(second.alerts, []);
  await second.service.close();
});

test("an incident that is open goes on after a restart: it is told on, not told anew, and nothing counts twice", async (t) => {
  const findingsOf = (written: readonly StoreRecord[]) =>
    written.flatMap((each) => (each.kind === "finding" && each.finding.rule === "number-scan" ? [each.finding] : []));
  const whole = await scene(t);
  whole.service.calls(scan(40));
  await whole.service.close();

  const folder = mkdtempSync(join(tmpdir(), "records-kept-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const first = await scene(t, { change: { folder } });
  first.service.calls(scan(20));
  await first.service.close();
  const kept = first.written.flatMap((record) => (record.kind === "call-record" ? [record.record] : []));
  const second = await scene(t, { kept, change: { folder } });
  second.service.calls(scan(40));
  await second.service.close();
  assert.equal(second.kinds("call-record"), 20);
  assert.deepEqual(
    second.alerts.filter(({ rule }) => rule === "number-scan"),
    [],
  );
  assert.deepEqual([...findingsOf(first.written), ...findingsOf(second.written)], findingsOf(whole.written));
});

test("records that come while what was learnt is being kept are written at once and judged later, each once", async (t) => {
  const { service, kinds, clock, alerts } = await scene(t);
  service.calls(scan(5));
  clock.advance(900_000);
  service.calls(scan(40));
  assert.equal(kinds("call-record"), 40);
  assert.deepEqual(alerts, []);
  await service.close();
  assert.equal(kinds("call-record"), 40);
  assert.ok(alerts.some(({ rule }) => rule === "number-scan"));
});

const YEAR_MS = 365 * 24 * HOUR_MS;
const rulesOf = (alerts: readonly Alert[]): string[] => [...new Set(alerts.map(({ rule }) => rule))];

test("calls of a switch whose clock is years ahead are kept, and the detectors see the others all the same", async (t) => {
  const { service, kinds, alerts } = await scene(t);
  const wrong = scan(40, HOUR_AGO + 70 * YEAR_MS).map((cdr) => ({ ...cdr, id: `${cdr.id}-wrong` }));
  service.calls(wrong);
  assert.deepEqual(alerts, []);
  service.calls(scan(40));
  assert.equal(kinds("call-record"), 80);
  assert.ok(rulesOf(alerts).includes("number-scan"));
  await service.close();
});

/** A clock that somebody sets. */
class SetClock extends FakeClock {
  aheadMs = 0;
  override unix = () => unixMs(1_700_000_000_000 + this.mono() + this.aheadMs);
}

test("a clock that was a year ahead and is set right: the detectors learn of the store and see again, after a restart too", async (t) => {
  const clock = new SetClock();
  const folder = mkdtempSync(join(tmpdir(), "records-ahead-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const kept: CallRecord[] = [];
  const { service, alerts, written } = await scene(t, { kept, change: { folder }, clock });
  clock.aheadMs = YEAR_MS;
  service.calls(scan(5, HOUR_AGO + YEAR_MS));
  clock.aheadMs = 0;
  service.calls(scan(1).map((cdr) => ({ ...cdr, id: "right" })));
  kept.push(...written.flatMap((each) => (each.kind === "call-record" ? [each.record] : [])));
  await service.close();

  const second = await scene(t, { kept, change: { folder }, clock });
  second.service.calls(scan(40).map((cdr) => ({ ...cdr, id: `second-${cdr.id}` })));
  assert.ok(rulesOf(second.alerts).includes("number-scan"), "what was saved of the future is not taken up");
  await second.service.close();

  const running = await scene(t, { kept, clock });
  clock.aheadMs = YEAR_MS;
  running.service.calls(scan(8, HOUR_AGO + YEAR_MS).map((cdr) => ({ ...cdr, id: `ahead-${cdr.id}` })));
  clock.aheadMs = 0;
  for (let minute = 0; minute < 11; minute++) {
    clock.advance(60_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  running.alerts.length = 0;
  running.service.calls(scan(40).map((cdr) => ({ ...cdr, id: `third-${cdr.id}` })));
  assert.ok(rulesOf(running.alerts).includes("number-scan"));
  await running.service.close();
  assert.deepEqual(alerts, []);
});

test("calls are no records where the operator did not say so", async (t) => {
  const { service, written } = await scene(t, { change: { liveCalls: false } });
  service.calls(scan(40));
  assert.deepEqual(written, []);
  await service.close();
});

test("while it reads the store's past the event loop turns after each page: the same thread answers HTTP", async (t) => {
  let turns = 0;
  let isRead = false;
  const count = (): void => {
    turns++;
    if (!isRead) setImmediate(count);
  };
  setImmediate(count);
  const kept = Array.from({ length: 12 * PAGE }, (_, i) =>
    sampleCallRecord(i, { startedAt: unixMs(HOUR_AGO + i), endedAt: unixMs(HOUR_AGO + i) }),
  );
  const { service } = startScene(t, { kept });
  await service.ready;
  isRead = true;
  assert.ok(turns >= 12, `${turns} turns for 12 pages`);
  await service.close();
});
