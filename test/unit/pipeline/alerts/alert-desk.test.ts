import assert from "node:assert/strict";
import { test } from "node:test";
import { unixMs, type CdrFinding } from "../../../../detection/index.js";
import { GatewayError } from "../../../../gateway/core/errors.js";
import { silentLog, type LogFields } from "../../../../gateway/core/log.js";
import { RAISED_ROUTE } from "../../../../gateway/pipeline/alerts/alert-intake.js";
import { alertOfFinding } from "../../../../gateway/pipeline/records/finding-alert.js";
import { AlertDeskScene, raise, restarted, settled, withRaised } from "../../../support/alert-desk-scene.js";
import { sampleAlert } from "../../../support/records.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const toBoss = { escalation: [{ afterMs: 10 * MINUTE, routes: ["boss"], minSeverity: "low" }] } as const;
const hookAndBoss = (scene: AlertDeskScene) => [scene.route("hook"), scene.route("boss", { events: [] })];

test("an escalation comes at its time though the process was killed meanwhile, and once", async () => {
  const first = new AlertDeskScene(toBoss);
  first.desk.reconfigure(first.options(toBoss, hookAndBoss(first)));
  await raise(first);
  await first.pass();
  assert.deepEqual(first.told, ["hook opened"]);
  await first.pass(2 * MINUTE);
  const second = await restarted(first);
  second.desk.reconfigure(second.options(toBoss, hookAndBoss(second)));
  await second.pass(8 * MINUTE - 1_000);
  assert.deepEqual(second.told, []);
  await second.pass(2_000);
  assert.deepEqual(second.told, ["boss escalated"]);
  const third = await restarted(second);
  third.desk.reconfigure(third.options(toBoss, hookAndBoss(third)));
  await third.pass(MINUTE);
  assert.deepEqual(third.told, [], "it was done");
});

test("the clock was ten hours ahead and is set right: what backs off and what is to escalate does not wait for ten hours", async () => {
  const scene = new AlertDeskScene(toBoss);
  scene.desk.reconfigure(scene.options(toBoss, hookAndBoss(scene)));
  const right = scene.clock.unix;
  scene.clock.unix = () => unixMs(right() + 10 * HOUR);
  scene.reply = () => ({ kind: "failed", why: "status 503" });
  await raise(scene);
  await scene.pass();
  assert.deepEqual(scene.told, ["hook opened"]);
  scene.clock.unix = right;
  scene.reply = () => ({ kind: "sent" });
  await scene.pass(5_000);
  assert.deepEqual(scene.told, ["hook opened", "hook opened"]);
  await scene.pass(9 * MINUTE);
  assert.equal(scene.told.length, 2);
  await scene.pass(MINUTE);
  assert.deepEqual(scene.told.slice(2), ["boss escalated"]);
});

test("an escalation that was due while nothing ran comes at the start", async () => {
  const first = new AlertDeskScene(toBoss);
  first.desk.reconfigure(first.options(toBoss, hookAndBoss(first)));
  await raise(first);
  await first.pass();
  await first.desk.close();
  first.clock.advance(HOUR);
  const second = await restarted(first);
  second.desk.reconfigure(second.options(toBoss, hookAndBoss(second)));
  await second.pass(1_000);
  assert.deepEqual(second.told, ["boss escalated"]);
});

const SUBJECT = "ana@example.com";
const finding = (scene: AlertDeskScene, agoMs: number, change: Partial<CdrFinding> = {}): CdrFinding => {
  const at = unixMs(scene.clock.unix() - agoMs);
  return {
    ...{ id: "f-1", change: "opened", rule: "mass-dialling", mode: "enforce", severity: "medium", score: 0.7 },
    ...{ subject: SUBJECT, firstAt: at, at, evidence: { calls: 30 }, detail: {}, records: ["r"], recordCount: 1 },
    ...change,
  };
};
async function found(scene: AlertDeskScene, of: CdrFinding): Promise<void> {
  await scene.store.write([{ kind: "finding", finding: of }]);
  if (of.change === "opened") await scene.store.write([{ kind: "alert", alert: alertOfFinding(of) }]);
}
const stateOf = async (scene: AlertDeskScene): Promise<readonly string[]> =>
  (await scene.store.alertCases.cases({ limit: 9 })).map(({ state, closedWhy }) =>
    `${state} ${closedWhy ?? ""}`.trim(),
  );

for (const acknowledged of [false, true]) {
  test(`a case of call records that is ${acknowledged ? "acknowledged" : "open"} closes by itself when it has been quiet`, async () => {
    const scene = new AlertDeskScene();
    const of = finding(scene, 0);
    await found(scene, of);
    await scene.pass();
    if (acknowledged) await scene.desk.acknowledge("f-1", "ana");
    await scene.leap(6 * HOUR);
    await found(scene, { ...of, at: unixMs(of.at + 3 * HOUR), recordCount: 9, change: "closed" });
    await scene.leap(20 * HOUR);
    const before = acknowledged ? ["acknowledged"] : ["open"];
    assert.deepEqual(await stateOf(scene), before, "24 h after it opened, and 23 h after its last record");
    await scene.leap(2 * HOUR);
    assert.deepEqual(await stateOf(scene), before, "people know of its growth for less than a day");
    const second = await restarted(scene);
    await second.leap(24 * HOUR);
    assert.deepEqual(await stateOf(second), ["closed quiet"]);
    const [last] = second.sent;
    assert.deepEqual([last?.notice.event, last?.notice.closedWhy], ["closed", "quiet"]);
    assert.equal(last?.notice.updatedAt, of.at + 3 * HOUR, "quiet since its last record");
    await second.leap(DAY);
    assert.equal(second.sent.length, 1, "told once");
  });
}

test("records that come days late: people have a whole quiet time to see the case", async () => {
  const scene = new AlertDeskScene();
  await found(scene, finding(scene, 3 * DAY));
  await scene.store.write([{ kind: "finding", finding: finding(scene, 3 * DAY, { change: "closed" }) }]);
  await scene.pass(2 * MINUTE);
  assert.deepEqual(await stateOf(scene), ["open"]);
  await scene.leap(DAY);
  assert.deepEqual(await stateOf(scene), ["closed quiet"]);
});

test("a finding that grows is told where it gets worse; one that goes on opens its closed case again", async () => {
  const scene = new AlertDeskScene();
  const of = finding(scene, 0);
  await found(scene, of);
  await scene.pass();
  await scene.leap(MINUTE);
  await found(scene, { ...of, at: scene.clock.unix(), severity: "high", recordCount: 2, change: "updated" });
  await scene.leap(MINUTE);
  assert.deepEqual(scene.told, ["hook opened", "hook updated"]);
  assert.equal(scene.sent[1]?.notice.severity, "high");
  await scene.desk.closeCase("f-1", "ana");
  await scene.leap(MINUTE);
  await scene.leap(MINUTE);
  assert.deepEqual(await stateOf(scene), ["closed by-hand"]);
  await found(scene, { ...of, at: scene.clock.unix(), severity: "high", recordCount: 4, change: "updated" });
  await scene.leap(MINUTE);
  assert.deepEqual(await stateOf(scene), ["open"]);
  assert.deepEqual(scene.told.slice(2), ["hook closed", "hook opened"]);
  await scene.desk.markFalse("f-1", "ana", []);
  await found(scene, {
    ...of,
    at: unixMs(scene.clock.unix() + 1),
    severity: "critical",
    recordCount: 8,
    change: "updated",
  });
  await scene.leap(MINUTE);
  assert.deepEqual(await stateOf(scene), ["false-positive"], "a person's word stands");
});

test("a finding that is lost (its detector is gone) does not keep its case open for ever; 0 closes nothing", async () => {
  const never = new AlertDeskScene({ closeAfterQuietMs: 0 });
  await found(never, finding(never, 0));
  await never.pass();
  await never.leap(300 * DAY);
  assert.deepEqual(await stateOf(never), ["open"]);
  const scene = new AlertDeskScene();
  await found(scene, finding(scene, 0));
  await scene.pass();
  await scene.leap(6 * DAY);
  assert.deepEqual(await stateOf(scene), ["open"]);
  await scene.leap(DAY);
  assert.deepEqual(await stateOf(scene), ["closed quiet"]);
});

test("a process that dies while it marks a case as false has marked it and guarded its numbers, or neither", async () => {
  for (let calls = 0; calls < 6; calls++) {
    const scene = new AlertDeskScene();
    await raise(scene);
    await scene.pass();
    const { alertCases } = scene.store;
    const [of] = await alertCases.cases({ limit: 1 });
    const { id: caseId = "" } = of ?? {};
    let left = calls;
    const dying = new Proxy(alertCases, {
      get: (store, name) => {
        const method: unknown = Reflect.get(store, name);
        if (typeof method !== "function") return method;
        return (...args: unknown[]): unknown =>
          left-- > 0
            ? Reflect.apply(method, store, args)
            : Promise.reject(new GatewayError("store.unavailable", "dead"));
      },
    });
    const desk = scene.deskOn(dying);
    const guard = { side: "called", number: "+12025550101", caseId: "", createdAt: scene.clock.unix() } as const;
    await desk.markFalse(caseId, "ana", [{ ...guard, id: "g1", createdBy: "ana", reason: "" }]).catch(() => undefined);
    left = 0;
    await desk.close();
    const { state } = (await alertCases.case(caseId)) ?? {};
    const guards = await alertCases.guards(scene.clock.unix());
    assert.equal(guards.length, state === "false-positive" ? 1 : 0, `dead after ${calls} calls: ${state ?? ""}`);
  }
});

test("webhook.alertUrl is told of each alert whole, under the alert's id, and of nothing else; a kill loses none", async () => {
  const first = new AlertDeskScene();
  first.desk.reconfigure(first.options({}, withRaised(first)));
  first.reply = () => ({ kind: "failed", why: "status 503" });
  await raise(first);
  await raise(first, 2);
  await first.pass();
  const second = await restarted(first);
  second.desk.reconfigure(second.options({}, withRaised(second)));
  await second.pass(MINUTE);
  const raised = second.sent.filter(({ route }) => route === RAISED_ROUTE);
  assert.deepEqual(
    raised.map(({ id, notice }) => [id, notice.raised?.alert.id, notice.raised?.incident?.id]).sort(),
    [1, 2].map((index) => [sampleAlert(index).id, sampleAlert(index).id, sampleAlert(index).incidentId]),
  );
  await second.desk.acknowledge(sampleAlert(1).id, "ana");
  await second.pass(MINUTE);
  assert.equal(second.sent.filter(({ route }) => route === RAISED_ROUTE).length, 2);
});

test("imported history is a case that nobody is told of, however it grew, and told as soon as it goes on", async () => {
  const scene = new AlertDeskScene();
  scene.desk.reconfigure(scene.options({}, withRaised(scene)));
  const old = finding(scene, 30 * DAY, { isPast: true });
  await found(scene, old);
  await found(scene, { ...old, at: unixMs(old.at + HOUR), recordCount: 9, change: "closed" });
  await scene.pass(5 * MINUTE);
  assert.deepEqual([scene.told, await stateOf(scene)], [[], ["open"]]);
  const { isPast: _isPast, ...now } = { ...old, at: scene.clock.unix(), recordCount: 10, change: "updated" as const };
  await found(scene, now);
  await scene.pass(5 * MINUTE);
  assert.deepEqual(scene.told, ["hook opened"]);
});

test("while the database is down alerts are told from memory, and not again when it is back", async () => {
  const scene = new AlertDeskScene();
  scene.desk.reconfigure(scene.options({}, withRaised(scene)));
  await scene.pass();
  scene.store.failure = new GatewayError("store.unavailable", "down");
  await raise(scene);
  await scene.pass(4_000);
  assert.deepEqual(scene.told, []);
  scene.reply = () => ({ kind: "failed", why: "status 503" });
  await scene.pass(2_000);
  scene.reply = () => ({ kind: "sent" });
  await scene.pass(6_000);
  const [tried, sent, ...more] = scene.sent;
  assert.deepEqual([tried?.id, sent?.id, more.length], [sampleAlert(1).id, sampleAlert(1).id, 0]);
  scene.store.failure = undefined;
  await raise(scene);
  await scene.pass(10_000);
  assert.deepEqual(scene.told.slice(2), ["hook opened"]);
});

test("other routes by a reload: what is queued goes out by the new ones, what is under way ends as it was", async () => {
  const lines: (readonly [string, LogFields | undefined])[] = [];
  const log = { ...silentLog, warn: (event: string, fields?: LogFields) => void lines.push([event, fields]) };
  const scene = new AlertDeskScene({}, undefined, { log });
  scene.desk.reconfigure(scene.options({}, [scene.route("hook"), scene.route("gone")]));
  await settled();
  const answers: (() => void)[] = [];
  scene.reply = (route) =>
    route === "hook"
      ? new Promise((resolve) => answers.push(() => resolve({ kind: "sent" })))
      : { kind: "failed", why: "503" };
  await raise(scene);
  await raise(scene, 2);
  await scene.pass(100);
  assert.equal(scene.told.filter((each) => each === "hook opened").length, 1, "the second one waits behind the first");

  const renamed = { ...toBoss, escalation: [{ ...toBoss.escalation[0], routes: ["boss"] }] };
  scene.desk.reconfigure(scene.options(renamed, hookAndBoss(scene)));
  scene.closedRoutes.length = 0;
  await scene.pass(100);
  assert.deepEqual(scene.closedRoutes, ["gone"], "the old hook has not been answered yet");
  for (const answer of answers) answer();
  scene.reply = () => ({ kind: "sent" });
  await scene.pass(20_000);
  assert.deepEqual(scene.closedRoutes, ["gone", "hook"]);
  const opened = scene.sent.filter(({ route }) => route === "hook").map(({ id, attempt }) => `${id} ${attempt}`);
  assert.deepEqual([opened.length, new Set(opened).size], [2, 2], "each once");
  const waiting = lines.filter(([event]) => event === "alerts.route-gone").map(([, fields]) => fields?.["route"]);
  assert.deepEqual([...new Set(waiting)], ["gone"]);
  await scene.pass(10 * MINUTE);
  assert.equal(scene.told.filter((each) => each === "boss escalated").length, 2, "the new steps are in force");

  scene.desk.reconfigure(scene.options({}, [scene.route("gone")]));
  await scene.pass(30_000);
  assert.equal(scene.told.filter((each) => each === "gone opened").length > 2, true, "what waited for it is there yet");
  assert.deepEqual(await scene.store.alertCases.deliveries({ limit: 9, state: "waiting" }), []);
});

/** Of a desk that logs: what it said, by event. */
