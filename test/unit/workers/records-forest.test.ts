import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import {
  CdrDetection,
  DEFAULT_CDR_DETECTION,
  unixMs,
  type CallRecord,
  type CdrDetectionOptions,
} from "../../../detection/index.js";
import { silentLog } from "../../../gateway/core/log.js";
import { noMetrics } from "../../../gateway/core/metrics.js";
import { RecordsService } from "../../../gateway/workers/records-service.js";
import { SITE_OPTIONS } from "../../../scripts/cdr-traffic/population.js";
import { traffic } from "../../../scripts/cdr-traffic/traffic.js";
import { FakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/processes.js";

const DAY_MS = 86_400_000;
const DAYS = 16;
const OPTIONS: CdrDetectionOptions = {
  ...DEFAULT_CDR_DETECTION,
  sites: SITE_OPTIONS,
  thresholds: { ...DEFAULT_CDR_DETECTION.thresholds, forestRows: 50 },
};

const clock = new FakeClock();
const people = { users: 60, seed: 12, from: unixMs(Math.floor(clock.unix() / DAY_MS - DAYS) * DAY_MS) };
const records: readonly CallRecord[] = [
  ...traffic({ ...people, days: DAYS, honestDays: DAYS, fraudsPerDay: 0 }),
].flatMap((item) => (item.kind === "call" ? [item.record] : []));

const GROW = Object.getOwnPropertyDescriptor(CdrDetection.prototype, "grow")?.value as (this: CdrDetection) => void;

/** What happened on the thread: a step of growing, or a turn of the event loop. */
function watchThread(t: TestContext): { readonly happened: ("step" | "turn")[]; readonly end: () => void } {
  const happened: ("step" | "turn")[] = [];
  t.mock.method(CdrDetection.prototype, "grow", function (this: CdrDetection) {
    happened.push("step");
    GROW.call(this);
  });
  let isOver = false;
  const turn = (): void => {
    happened.push("turn");
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  return { happened, end: () => (isOver = true) };
}

function start(t: TestContext, kept: readonly CallRecord[]): RecordsService {
  const folder = temporaryFolder("records-forest");
  t.after(() => folder.remove());
  return RecordsService.start(
    { normaliser: { sites: {}, ownNumbers: [] }, detection: OPTIONS, liveCalls: false, folder: folder.path },
    {
      store: {
        async *recordsFrom(_since, which) {
          if (which?.judged === false) return;
          for (let at = 0; at < kept.length; at += 2_000) yield await Promise.resolve(kept.slice(at, at + 2_000));
        },
        records: () => Promise.resolve([]),
        findings: () => Promise.resolve([]),
        finding: () => Promise.resolve(undefined),
        linked: () => Promise.resolve([]),
        settingChanges: () => Promise.resolve([]),
        position: () => Promise.resolve(undefined),
      },
      sink: { write: () => undefined, writeTogether: () => Promise.resolve() },
      onAlert: () => undefined,
      clock,
      log: silentLog,
      metrics: noMetrics,
    },
  );
}

const STEPS_OF_A_FOREST = 200;

/** Forests were grown, and never two steps without a turn of the event loop between them. */
function assertInTurns(happened: readonly ("step" | "turn")[]): void {
  assert.ok(happened.filter((each) => each === "step").length >= STEPS_OF_A_FOREST, "no forest was grown");
  const held = happened.findIndex((each, at) => each === "step" && happened[at + 1] === "step");
  assert.equal(held, -1, "two steps in one turn");
}

test("while the past is read forests grow a tree a turn of the event loop", async (t) => {
  const { happened, end } = watchThread(t);
  const service = start(t, records);
  await service.ready;
  end();
  assertInTurns(happened);
  await service.close();
});

test("when records arrive a forest grows a tree a turn of the event loop, also when the end comes meanwhile", async (t) => {
  const service = start(t, []);
  await service.ready;
  const { happened, end } = watchThread(t);
  const step = (): boolean => happened.includes("step");
  // A few at a time, as calls end, until the first forest is under way.
  for (let at = 0; at < records.length && !step(); at += 20) {
    service.records(records.slice(at, at + 20));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await service.close();
  end();
  assertInTurns(happened);
});
