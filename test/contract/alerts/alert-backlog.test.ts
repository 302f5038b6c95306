import assert from "node:assert/strict";
import { test } from "node:test";
import { unixMs, type Alert, type Severity } from "../../../detection/index.js";
import { SystemClock } from "../../../gateway/adapters/system/system-clock.js";
import { silentLog } from "../../../gateway/core/log.js";
import { noMetrics } from "../../../gateway/core/metrics.js";
import { AlertDesk } from "../../../gateway/pipeline/alerts/alert-desk.js";
import { ALERT_SETTINGS, AlertDeskScene } from "../../support/alert-desk-scene.js";
import { openFreshStore } from "../../support/fresh-store.js";
import { until } from "../../support/processes.js";
import { sampleAlert } from "../../support/records.js";
import { turnsOf } from "../../support/event-loop.js";

/** So many wait: an import with detection, a spool after a night without the database. */
const BACKLOG = 30;

async function backlog() {
  const store = await openFreshStore();
  const clock = new SystemClock();
  const alert = (index: number, severity: Severity): Alert =>
    sampleAlert(index, {
      ...{ severity, called: `+1202${5550000 + index}` as never },
      detectedAt: unixMs(clock.unix() - 3_600_000 + index),
    });
  const all = [...Array.from({ length: BACKLOG }, (_, index) => alert(index, "low")), alert(BACKLOG, "critical")];
  await store.write(all.map((each) => ({ kind: "alert", alert: each })));
  return { store, clock };
}

test("a backlog of alerts: other work of the thread goes on, routes are told meanwhile, the most severe first", async (t) => {
  const { store, clock } = await backlog();
  const scene = new AlertDeskScene();
  const told: Severity[] = [];
  let takenAtFirst = 0;
  const soc = {
    ...scene.route("soc", { maxQueue: 1_000 }),
    route: {
      send: async (notice: { readonly severity: Severity }) => {
        told.push(notice.severity);
        takenAtFirst ||= (await store.alertCases.cases({ limit: 1_000 })).length;
        return { kind: "sent" } as const;
      },
      close: () => Promise.resolve(),
    },
  };
  let ids = 0;
  const random = { token: () => `id-${++ids}`, next: () => 1 };
  const options = { settings: ALERT_SETTINGS, routes: [soc], keepMs: 0 };
  const deps = { store: store.alertCases, clock, random, metrics: noMetrics, log: silentLog };
  const desk = new AlertDesk(options, deps);
  t.after(() => desk.close());
  const turns = await turnsOf(async () => {
    desk.wake();
    await until("all routes to be told", () => told.length === BACKLOG + 1, 60_000);
  });
  assert.equal(told[0], "critical");
  assert.ok(takenAtFirst <= BACKLOG / 2, `${takenAtFirst} of ${BACKLOG + 1} were sorted before anybody was told`);
  assert.ok(turns >= BACKLOG, `${turns} turns for ${BACKLOG + 1} alerts`);
});

test("alerts are taken in, and cases looked after, with a turn of the event loop after each", async () => {
  const { store, clock } = await backlog();
  const now = clock.unix();
  const turns = await turnsOf(async () => {
    await store.alertCases.takeIn(BACKLOG, now, ({ id, ...alert }) => ({
      after: {
        ...{ id, key: id, rule: alert.rule, called: alert.called, state: "open", severity: alert.severity },
        ...{ openedAt: now, updatedAt: now, incidentIds: [], trunks: [], alertCount: 1, escalated: [], sequence: 0 },
        latest: { ...alert, id },
      },
      deliveries: [],
    }));
  });
  assert.ok(turns >= BACKLOG, `${turns} turns for ${BACKLOG} alerts`);
  const cases = await store.alertCases.cases({ limit: 1_000 });
  const more = await turnsOf(async () => {
    for (const { id } of cases) await store.alertCases.change(id, now, (of) => ({ after: of, deliveries: [] }));
  });
  assert.ok(more >= cases.length, `${more} turns for ${cases.length} cases`);
});
