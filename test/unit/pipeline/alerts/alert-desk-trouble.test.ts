import assert from "node:assert/strict";
import { test } from "node:test";
import type { UnixMs } from "../../../../detection/index.js";
import { GatewayError } from "../../../../gateway/core/errors.js";
import { silentLog, type LogFields } from "../../../../gateway/core/log.js";
import { monoMs } from "../../../../gateway/core/time.js";
import { RAISED_ROUTE } from "../../../../gateway/pipeline/alerts/alert-intake.js";
import { AlertDeskScene, raise, restarted, withRaised } from "../../../support/alert-desk-scene.js";
import { sampleAlert } from "../../../support/records.js";

const DAY = 24 * 60 * 60_000;

function logged() {
  const lines: { readonly event: string; readonly fields: LogFields | undefined }[] = [];
  const note = (event: string, fields?: LogFields): void => void lines.push({ event, fields });
  const of = (event: string) => lines.flatMap((line) => (line.event === event ? [line.fields] : []));
  return { log: { ...silentLog, warn: note, error: note }, of };
}

test("a look after cases that is slow and fails keeps no delivery and no alert, and is not quiet about it", async () => {
  const { log, of } = logged();
  const scene = new AlertDeskScene({}, undefined, { log });
  const { alertCases } = scene.store;
  const over = alertCases.overCases.bind(alertCases);
  alertCases.overCases = () =>
    new Promise((_resolve, reject) => {
      const late = new GatewayError("store.unavailable", "57014: statement timeout");
      scene.clock.callAt(monoMs(scene.clock.mono() + 10_000), () => reject(late));
    });
  await raise(scene);
  await scene.pass(3_000);
  assert.deepEqual(scene.told, ["hook opened"]);
  await raise(scene, 2);
  await scene.pass(27_000);
  assert.equal(scene.told.length, 2);
  assert.deepEqual(of("alerts.desk-failed"), [{ step: "over", reason: "store.unavailable" }]);
  assert.deepEqual(scene.desk.failingSteps, ["over"]);
  alertCases.overCases = over;
  await scene.pass(30_000);
  assert.deepEqual(scene.desk.failingSteps, []);
});

test("what is done once an hour, and failed, is done again seconds after the database is back: nobody is told of trouble that is over", async () => {
  const scene = new AlertDeskScene();
  scene.desk.reconfigure({ ...scene.options(), keepMs: DAY });
  const { alertCases } = scene.store;
  const grownFindings = alertCases.grownFindings.bind(alertCases);
  const pruneAlerts = alertCases.pruneAlerts.bind(alertCases);
  const down = () => Promise.reject(new GatewayError("store.unavailable", "connection refused"));
  Object.assign(alertCases, { grownFindings: down, pruneAlerts: down });
  await scene.pass(30_000);
  assert.deepEqual(scene.desk.failingSteps, ["findings", "prune"]);
  let pruned = 0;
  Object.assign(alertCases, {
    grownFindings,
    pruneAlerts: (before: UnixMs) => (pruned++, pruneAlerts(before)),
  });
  await scene.pass(10_000);
  assert.deepEqual([scene.desk.failingSteps, pruned], [[], 1]);
  await scene.pass(60_000);
  assert.equal(pruned, 1, "as seldom as before");
});

test("alerts that cannot be sorted keep no delivery", async () => {
  const scene = new AlertDeskScene();
  scene.reply = () => ({ kind: "failed", why: "status 503" });
  await raise(scene);
  await scene.pass();
  scene.store.alertCases.takeIn = () => Promise.reject(new GatewayError("store.rejected", "a bad row"));
  scene.reply = () => ({ kind: "sent" });
  await raise(scene, 2);
  await scene.pass(5_000);
  assert.deepEqual(scene.told, ["hook opened", "hook opened"]);
  assert.deepEqual(scene.desk.failingSteps, ["intake"]);
});

test("a full queue is told by the log, the counter and the health, once for all that came at once", async () => {
  const { log, of } = logged();
  const scene = new AlertDeskScene({}, undefined, { log });
  scene.desk.reconfigure(scene.options({}, [scene.route("hook", { maxQueue: 1 })]));
  scene.reply = () => new Promise(() => undefined);
  for (const index of [1, 2, 3]) await raise(scene, index);
  await scene.pass(2_000);
  assert.equal((await scene.store.alertCases.deliveries({ limit: 9, state: "dead" })).length, 2);
  assert.deepEqual(of("alerts.queue-full"), [{ route: "hook", deliveries: 2 }]);
  assert.deepEqual(scene.desk.failing, ["hook"]);
});

test("a receiver that asks for a pause gets nothing from its route until that is over; others are told", async () => {
  const scene = new AlertDeskScene();
  scene.desk.reconfigure(scene.options({}, [scene.route("hook"), scene.route("other")]));
  scene.reply = (route) => (route === "hook" ? { kind: "failed", why: "429", afterMs: 30_000 } : { kind: "sent" });
  for (const index of [1, 2, 3, 4, 5]) await raise(scene, index);
  await scene.pass(29_000);
  const posts = (route: string): number => scene.told.filter((each) => each.startsWith(`${route} `)).length;
  assert.deepEqual([posts("hook"), posts("other")], [1, 5]);
  scene.reply = () => ({ kind: "sent" });
  await scene.pass(10_000);
  assert.equal(posts("hook"), 6);
});

test("a receiver that fails is tried with one delivery at a time until it takes one", async () => {
  const scene = new AlertDeskScene();
  scene.desk.reconfigure(scene.options({}, [scene.route("hook", { concurrency: 4, retryFirstMs: 60_000 })]));
  let underWay = 0;
  let most = 0;
  scene.reply = async () => {
    most = Math.max(most, ++underWay);
    await new Promise<void>((resolve) => void scene.clock.callAt(monoMs(scene.clock.mono() + 100), resolve));
    underWay--;
    return { kind: "failed", why: "503" };
  };
  await raise(scene);
  await scene.pass(1_000);
  for (const index of [2, 3, 4, 5]) await raise(scene, index);
  await scene.pass(5_000);
  assert.deepEqual([most, scene.told.length], [1, 5]);
});

test("what waits for a route that is gone is a dead letter after `keepMs`, and said to be", async () => {
  const { log, of } = logged();
  const scene = new AlertDeskScene({}, undefined, { log });
  scene.desk.reconfigure({ ...scene.options({}, [scene.route("gone")]), keepMs: 30 * DAY });
  scene.reply = () => ({ kind: "failed", why: "503" });
  await raise(scene);
  await scene.pass();
  scene.desk.reconfigure({ ...scene.options(), keepMs: 30 * DAY });
  await scene.leap(31 * DAY);
  assert.deepEqual(of("alerts.expired"), [{ route: "gone", deliveries: 1 }]);
  await scene.leap(DAY);
  assert.deepEqual(await scene.store.alertCases.deliveries({ limit: 9 }), []);
});

test("recipients of a route that will never take a notice are counted in the log; it was sent to the others", async () => {
  const { log, of } = logged();
  const scene = new AlertDeskScene({}, undefined, { log });
  scene.reply = () => ({ kind: "sent", refused: 2 });
  await raise(scene);
  await scene.pass(5_000);
  assert.deepEqual(
    of("alerts.recipients-refused").map((fields) => [fields?.["route"], fields?.["recipients"]]),
    [["hook", 2]],
  );
  assert.deepEqual([scene.told.length, scene.desk.failing], [1, []]);
});

test("an alert that cannot be sorted is passed over, said to be, and keeps no other; after a restart it is tried again", async () => {
  const { log, of } = logged();
  const scene = new AlertDeskScene({}, undefined, { log });
  const bad = sampleAlert(1).id;
  const { alertCases } = scene.store;
  const right = alertCases.takeIn.bind(alertCases);
  alertCases.takeIn = (limit, now, decide, onFull, except) =>
    right(
      limit,
      now,
      (...args) => {
        const change = decide(...args);
        if (args[0].id === bad) throw new GatewayError("store.rejected", "22P05");
        return change;
      },
      onFull,
      except,
    );
  for (const index of [1, 2, 3]) await raise(scene, index);
  await scene.pass(5_000);
  assert.deepEqual(
    scene.sent.map(({ notice }) => notice.alertId).sort(),
    [2, 3].map((index) => sampleAlert(index).id),
  );
  assert.deepEqual(of("alerts.not-sorted"), [{ alert: bad, reason: "store.rejected" }]);
  assert.deepEqual(scene.desk.failingSteps, ["intake"], "people have to look");
  alertCases.takeIn = right;
  const second = await restarted(scene);
  await second.pass(2_000);
  assert.deepEqual(
    second.sent.map(({ notice }) => notice.alertId),
    [bad],
  );
});

test("an alert whose transaction fails at its end is still told from memory while the database is down", async () => {
  const scene = new AlertDeskScene();
  scene.desk.reconfigure(scene.options({}, withRaised(scene)));
  await scene.pass();
  const { alertCases } = scene.store;
  const right = alertCases.takeIn.bind(alertCases);
  alertCases.takeIn = (...args) => {
    scene.store.failure = new GatewayError("store.unavailable", "gone before the commit");
    const [limit, now, decide] = args;
    const change = decide(sampleAlert(1), undefined, undefined);
    assert.ok(change.deliveries.length > 0 && limit > 0 && now > 0);
    return Promise.reject(scene.store.failure);
  };
  await raise(scene);
  await scene.pass(10_000);
  assert.deepEqual(
    scene.sent.map(({ route, id }) => [route, id]),
    [[RAISED_ROUTE, sampleAlert(1).id]],
  );
  alertCases.takeIn = right;
});
