import assert from "node:assert/strict";
import { test } from "node:test";
import { unixMs, type Incident } from "../../../../detection/index.js";
import { AlertDeskScene, raise } from "../../../support/alert-desk-scene.js";
import { sampleAlert, sampleIncident } from "../../../support/records.js";

const MINUTE = 60_000;

/** The attack of `raise` has gone so far. */
async function grow(scene: AlertDeskScene, count: number, change: Partial<Incident> = {}, index = 1): Promise<void> {
  const { incidentId: id } = sampleAlert(index);
  const counts = { callCount: count, callerCount: count, updatedAt: scene.clock.unix() };
  const incident = sampleIncident(index, { id, state: "open", ...counts, ...change });
  await scene.store.write([{ kind: "incident", incident }]);
}
const over = (scene: AlertDeskScene): Partial<Incident> => ({ state: "closed", closedAt: scene.clock.unix() });
const counts = async ({ store }: AlertDeskScene): Promise<readonly (readonly [number, number, string])[]> =>
  (await store.alertCases.cases({ limit: 9 })).map(
    ({ latest, state }) => [latest.callCount, latest.callerCount, state] as const,
  );
const told = ({ sent }: AlertDeskScene): readonly string[] =>
  sent.map(({ notice }) => `${notice.event} ${notice.callCount}`);

test("a case has the counts of its attack within seconds, and its end has the final ones", async () => {
  const scene = new AlertDeskScene();
  await raise(scene);
  await scene.pass();
  await grow(scene, 8);
  await scene.pass(6_000);
  assert.deepEqual(await counts(scene), [[8, 8, "open"]]);
  // What came since the last look is in the last state of the incident only.
  await grow(scene, 11, over(scene));
  await scene.pass(6_000);
  assert.deepEqual(await counts(scene), [[11, 11, "closed"]]);
  assert.deepEqual(told(scene), ["opened 2", "closed 11"]);
});

test("an attack that grows all the time is told of once in updateEveryMs", async () => {
  const scene = new AlertDeskScene({ updateEveryMs: MINUTE });
  await raise(scene);
  await scene.pass();
  for (let count = 3; count < 153; count++) {
    await grow(scene, count);
    await scene.pass(1_000);
  }
  const events = told(scene).map((each) => each.replace(/ .*/, ""));
  assert.deepEqual(events, ["opened", "updated", "updated"]);
});

test("what people do is told with the counts of then", async () => {
  const scene = new AlertDeskScene();
  await raise(scene);
  await raise(scene, 2);
  await scene.pass(6_000);
  await grow(scene, 8);
  await scene.desk.acknowledge(sampleAlert(1).id, "ana");
  await grow(scene, 9);
  await scene.desk.closeCase(sampleAlert(1).id, "ana");
  await grow(scene, 7, {}, 2);
  await scene.desk.markFalse(sampleAlert(2).id, "ana", []);
  await scene.pass(100);
  assert.deepEqual(told(scene).slice(2).sort(), ["acknowledged 8", "closed 9", "false-positive 7"]);
  await scene.desk.acknowledge(sampleAlert(1).id, "ana");
  await scene.pass(100);
  assert.equal(scene.sent.length, 5, "it is over");
});

test("an attack whose case was closed by hand: it opens again when it goes on, and counts to its end when it does not", async () => {
  const scene = new AlertDeskScene();
  await raise(scene);
  await raise(scene, 2);
  await scene.pass(6_000);
  for (const index of [1, 2]) await scene.desk.closeCase(sampleAlert(index).id, "ana");
  await scene.pass(1_000);
  await grow(scene, 20);
  const { updatedAt } = sampleIncident(2, { updatedAt: unixMs(scene.clock.unix() - 5_000) });
  await grow(scene, 30, { ...over(scene), updatedAt }, 2);
  await scene.pass(6_000);
  assert.deepEqual([...(await counts(scene))].sort(), [
    [20, 20, "open"],
    [30, 30, "closed"],
  ]);
  assert.deepEqual(told(scene).slice(4), ["opened 20"]);
});

test("of many attacks that grow each has its turn, a hundred at a time; nothing is asked of what stands still", async () => {
  const scene = new AlertDeskScene();
  const ids = Array.from({ length: 130 }, (_, index) => index + 1);
  for (const index of ids) {
    const alert = sampleAlert(index, { called: `+1202555${1_000 + index}` as never });
    await scene.store.write([{ kind: "alert", alert }]);
  }
  await scene.pass(30_000);
  let changes = 0;
  const { alertCases } = scene.store;
  const change = alertCases.change.bind(alertCases);
  alertCases.change = (...args) => {
    changes++;
    return change(...args);
  };
  for (const index of ids) await grow(scene, 7, {}, index);
  await scene.pass(5_000);
  assert.equal(changes, 100);
  await scene.pass(5_000);
  assert.equal(changes, 130);
  await scene.pass(30_000);
  assert.equal(changes, 130);
});
