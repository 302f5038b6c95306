import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { GatewayError } from "../../../gateway/core/errors.js";
import { silentLog } from "../../../gateway/core/log.js";
import { recordsSchema } from "../../../gateway/config/records-schema.js";
import { reportsSchema } from "../../../gateway/config/reports-schema.js";
import { ReportsService } from "../../../gateway/workers/reports-service.js";
import { unixMs, type MonoMs } from "../../../detection/index.js";
import { sampleAudit } from "../../support/records.js";
import { FakeClock } from "../../support/fake-clock.js";
import { MemoryReportData } from "../../support/memory-report-data.js";
import { callRecord, PERIOD } from "../../support/cdr/report-scene.js";
import { until } from "../../support/processes.js";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

class WrongClock extends FakeClock {
  aheadMs = 0;
  looksPutDown = 0;
  override unix = () => unixMs(1_700_000_000_000 + this.mono() + this.aheadMs);
  override callAt(at: MonoMs, fn: () => void): () => void {
    this.looksPutDown++;
    return super.callAt(at, fn);
  }
}

/** One look, at the end of that time: the next is put down when it is over. */
const lookBy =
  (clock: WrongClock) =>
  async (afterMs = 0): Promise<void> => {
    const before = clock.looksPutDown;
    clock.advance(Math.max(60_000, afterMs));
    await until("the look to be over", () => clock.looksPutDown > before);
  };

function place(mayPrune = () => true) {
  const folder = mkdtempSync(join(tmpdir(), "reports-service-"));
  folders.push(folder);
  const data = new MemoryReportData({ calls: [callRecord({ id: "1" }), callRecord({ id: "2" })] });
  const clock = new WrongClock();
  const settings = {
    records: recordsSchema.parse({}),
    store: { retentionDays: 90 },
    reports: reportsSchema.parse({ folder, schedule: [{ name: "daily", every: "day", formats: ["html", "csv"] }] }),
  };
  const service = ReportsService.start(settings, { data, clock, log: silentLog, mayPrune });
  return { folder, data, service, look: lookBy(clock) };
}

/** Without those that are being written. */
const whole = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => !name.endsWith(".part"))
    .sort();

test("what is due is made once, as files that say which day they are of", async () => {
  const { folder, service, look } = place();
  await look();
  const [csv = "", html = "", ...more] = whole(folder);
  assert.deepEqual(more, []);
  assert.match(csv, /^daily-day-\d{4}-\d\d-\d\d\.csv$/);
  assert.match(html, /^daily-day-\d{4}-\d\d-\d\d\.html$/);
  await service.close();
});

test("one that fails is tried again later, and then made", async () => {
  const { folder, data, service, look } = place();
  data.failure = new GatewayError("store.unavailable", "down");
  await look();
  assert.equal(whole(folder).length, 1);
  for (let looks = 1; looks < 10 && whole(folder).length === 1; looks++) await look();
  assert.equal(whole(folder).length, 2);
  await service.close();
});

test("old reports go, other people's files stay", async () => {
  const { folder, service, look } = place();
  const [old, other] = [join(folder, "daily-day-1960-01-01.html"), join(folder, "notes.txt")];
  for (const path of [old, other]) {
    writeFileSync(path, "x");
    utimesSync(path, new Date(-500 * 86_400_000), new Date(-500 * 86_400_000));
  }
  await look();
  assert.ok(!existsSync(old));
  assert.equal(readFileSync(other, "utf8"), "x");
  await service.close();
});

test("while the clock is not believed no report is old", async () => {
  let isBelieved = false;
  let asked = 0;
  const { folder, service, look } = place(() => {
    asked++;
    return isBelieved;
  });
  const old = join(folder, "daily-day-1960-01-01.html");
  writeFileSync(old, "x");
  utimesSync(old, new Date(-500 * 86_400_000), new Date(-500 * 86_400_000));
  await look();
  assert.equal(asked, 1);
  assert.ok(existsSync(old));
  isBelieved = true;
  await look();
  assert.ok(!existsSync(old));
  await service.close();
});

const DAY_MS = 86_400_000;

/** One report by schedule, and how often it was made. */
function scheduled(reports: object, mayPrune: (clock: WrongClock) => boolean = () => true) {
  const folder = mkdtempSync(join(tmpdir(), "reports-service-"));
  folders.push(folder);
  const calls: ReturnType<typeof callRecord>[] = [];
  const clock = new WrongClock();
  let made = 0;
  const settings = {
    ...{ records: recordsSchema.parse({}), store: { retentionDays: 90 } },
    reports: reportsSchema.parse({ folder, ...reports }),
  };
  const log = {
    ...silentLog,
    info: (event: string) => {
      if (event === "report.made") made++;
    },
  };
  const service = ReportsService.start(settings, {
    ...{ data: new MemoryReportData({ calls }), clock, log, mayPrune: () => mayPrune(clock) },
  });
  return { folder, calls, clock, service, look: lookBy(clock), made: () => made };
}

const DAILY = { schedule: [{ name: "daily", every: "day", formats: ["csv"] }] };

test("while the clock is not believed nothing is made: a day that has not come would be empty for ever", async () => {
  const { folder, clock, service, look } = scheduled(DAILY, (each) => each.aheadMs === 0);
  clock.aheadMs = 2 * DAY_MS;
  await look();
  assert.deepEqual(whole(folder), []);
  clock.aheadMs = 0;
  await look();
  assert.deepEqual(whole(folder), ["daily-day-2023-11-13.csv"]);
  await service.close();
});

test("a report that a clock made that was ahead is made anew when its day is over", async () => {
  const { folder, calls, clock, service, look } = scheduled(DAILY);
  clock.aheadMs = 2 * DAY_MS;
  await look();
  assert.deepEqual(whole(folder), ["daily-day-2023-11-15.csv"]);
  clock.aheadMs = 0;
  const startedAt = unixMs(Date.parse("2023-11-15T10:00:00Z"));
  calls.push(callRecord({ id: "1", startedAt, endedAt: unixMs(startedAt + 60_000) }));
  await look(Date.parse("2023-11-16T12:00:00Z") - clock.unix());
  assert.match(readFileSync(join(folder, "daily-day-2023-11-15.csv"), "utf8"), /overview,,Calls,value,1/);
  await service.close();
});

test("one from before its day was over is made anew, once", async () => {
  const { folder, service, look, made } = scheduled(DAILY);
  const path = join(folder, "daily-day-2023-11-13.csv");
  writeFileSync(path, "half");
  utimesSync(path, new Date("2023-11-13T20:00:00Z"), new Date("2023-11-13T20:00:00Z"));
  await look();
  await look();
  assert.notEqual(readFileSync(path, "utf8"), "half");
  assert.equal(made(), 1);
  await service.close();
});

test("a report that is kept for less than its period is not made again and again, of fewer rows each time", async () => {
  const monthly = { keepDays: 3, schedule: [{ name: "executive", every: "month", formats: ["csv"] }] };
  const { folder, service, look, made } = scheduled(monthly);
  for (let day = 0; day < 12; day++) await look(DAY_MS);
  assert.equal(made(), 1);
  await look(20 * DAY_MS);
  assert.deepEqual(whole(folder), ["executive-month-2023-11-01.csv"]);
  await service.close();
});

test("on demand: days of the clock, formats with their types, no more than two at a time", async () => {
  const { service } = place();
  const day = new Date(PERIOD.from).toISOString().slice(0, 10);
  const range = service.daysOf(day, day);
  assert.ok(range !== undefined && range.from === PERIOD.from);
  assert.equal(service.daysOf("2026-03-02", "2026-03-01"), undefined);
  assert.equal(service.daysOf("1990-01-01", "2026-03-01"), undefined);
  const made = await service.make({ name: "daily", range, format: "html" });
  assert.equal(made.type, "text/html; charset=utf-8");
  assert.ok(new TextDecoder().decode(made.content).includes("<b>2</b>"));
  const order = { name: "daily", range, format: "csv" } as const;
  const results = await Promise.allSettled([service.make(order), service.make(order), service.make(order)]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ["fulfilled", "fulfilled", "rejected"],
  );
  await service.close();
});

test("a report of a team counts its own rows alone and says so", async () => {
  const folder = mkdtempSync(join(tmpdir(), "reports-service-"));
  folders.push(folder);
  const calls = [
    callRecord({ id: "1", site: "Lyon" }),
    callRecord({ id: "2", site: "Bogota" }),
    callRecord({ id: "3" }),
  ];
  const data = new MemoryReportData({ calls, audit: [sampleAudit(1, { at: unixMs(PERIOD.from + 1) })] });
  data.proof = { verdict: "intact", records: 1, firstSeq: 1, lastSeq: 1, lastHash: "ab".repeat(32), lost: 0 };
  const settings = {
    records: recordsSchema.parse({}),
    store: { retentionDays: 90 },
    reports: reportsSchema.parse({ folder }),
  };
  const service = ReportsService.start(settings, { data, clock: new FakeClock(), log: silentLog });
  const scope = { teams: ["lyon"], trunks: [], sites: ["Lyon"], departments: [] };
  const made = async (team: boolean): Promise<string> => {
    const order = { name: "iso27001", range: PERIOD, format: "csv" } as const;
    return new TextDecoder().decode((await service.make(team ? { ...order, scope } : order)).content);
  };
  const [own, all] = [await made(true), await made(false)];
  assert.match(own, /each of the 14 days|1 records?;|,1,/);
  assert.ok(!own.includes("verifies") && own.includes("Of the team lyon alone"), own);
  assert.ok(all.includes("verifies") && all.includes(`1:${"ab".repeat(32)}`) && !all.includes("Of the team"), all);
  await service.close();
});

test("whoever asks for reports all the time does not keep out those by schedule", async () => {
  const { folder, data, service, look } = place();
  let letGo = (): void => undefined;
  const gate = new Promise<void>((resolve) => (letGo = resolve));
  const calls = data.calls.bind(data);
  let waiting = 0;
  data.calls = async function* (range) {
    if (++waiting <= 2) await gate;
    yield* calls(range);
  };
  const day = new Date(PERIOD.from).toISOString().slice(0, 10);
  const range = service.daysOf(day, day);
  assert.ok(range !== undefined);
  const order = { name: "daily", range, format: "csv" } as const;
  const both = [service.make(order), service.make(order)];
  await until("both to be under way", () => waiting === 2);
  await assert.rejects(service.make(order), { code: "report.busy" });
  await look();
  assert.equal(whole(folder).length, 2);
  letGo();
  await Promise.all(both);
  await service.close();
});
