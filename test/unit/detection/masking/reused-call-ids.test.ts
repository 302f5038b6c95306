// A caller chooses his Call-ID: what he does under it decides about no call but the one that it was done to.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallStarted } from "../../../../detection/index.js";
import { caller, DetectionScene, to, verdicts, VICTIM } from "../../../support/detection-scene.js";

const OTHER = "+12025550177";
const named = (callId: string): Partial<CallStarted> => ({ callId, isNew: true });
const parties = (n: number, called: string = VICTIM) => ({ caller: caller(n), ...to(called) });
const IDS = ["one", "two", "three", "four"];

test("attackers who gave up and called again under the same Call-IDs are ended when the fifth comes", () => {
  const scene = new DetectionScene();
  for (const [n, callId] of IDS.entries()) {
    scene.call(n * 10, n, named(callId));
    scene.end(callId, parties(n));
    scene.call(n * 10 + 5, n, named(callId));
  }
  assert.equal(scene.call(100, 4).verdict, "refuse");
  assert.deepEqual(scene.ended(), IDS);
});

test("the same where a switch reports them: a call told of after its end is a new one", () => {
  const scene = new DetectionScene();
  for (const [n, callId] of IDS.entries()) {
    scene.call(n * 10, n, { callId, source: "switch" });
    scene.end(callId);
    scene.call(n * 10 + 5, n, { callId, source: "switch" });
  }
  scene.call(100, 4);
  assert.deepEqual(scene.ended(), IDS);
});

for (const [name, over] of [
  ["given up", true],
  ["only asked about, so that nobody tells their end", false],
] as const)
  test(`callers who came one by one before count when they come at once under the same Call-IDs: ${name}`, () => {
    const scene = new DetectionScene();
    for (let n = 0; n < 20; n++) {
      assert.equal(scene.call(n * 2_000, n, named(`slow-${n}`)).verdict, "allow");
      if (over) scene.end(`slow-${n}`, parties(n));
    }
    const decisions = Array.from({ length: 20 }, (_, n) => scene.call(60_000 + n, n, named(`slow-${n}`)));
    assert.equal(scene.detection.stats().openIncidents, 1);
    assert.equal(decisions.at(-1)?.detected, true, verdicts(decisions));
  });

test("a blocked caller does not get through under the Call-ID of a call that was let through", () => {
  const scene = new DetectionScene({ block: { ttlMs: 600_000 } });
  for (const [n, callId] of IDS.entries()) scene.call(n * 10, n, named(callId));
  scene.call(100, 4);
  for (const [n, callId] of IDS.entries()) scene.end(callId, parties(n));
  scene.passTo(60_000);
  assert.deepEqual(scene.detection.incidents(), []);
  const decision = scene.call(61_000, 0, named("one"));
  assert.deepEqual([decision.verdict, decision.blockId !== undefined], ["refuse", true]);
});

test("the end of a call does not hide an attacker's under the same Call-ID, whichever came first", () => {
  for (const decoyFirst of [true, false]) {
    const scene = new DetectionScene();
    const decoy = (): void => void scene.call(0, 50, { ...named("one"), ...to(OTHER) });
    if (decoyFirst) decoy();
    for (const [n, callId] of IDS.entries()) scene.call(10 + n, n, named(callId));
    if (!decoyFirst) decoy();
    scene.end("one", parties(50, OTHER));
    scene.call(100, 4);
    assert.deepEqual(scene.ended(), IDS, decoyFirst ? "decoy first" : "decoy later");
  }
});

test("an attacker's call that is over takes no other's down that has its Call-ID now", () => {
  const scene = new DetectionScene();
  for (const [n, callId] of IDS.entries()) scene.call(n * 10, n, named(callId));
  scene.end("one", parties(0));
  scene.call(50, 50, { ...named("one"), ...to(OTHER) });
  scene.call(100, 4);
  assert.deepEqual(scene.ended(), IDS.slice(1));
});

test("calls that are over use up no disconnects, whatever their Call-IDs are used for besides", () => {
  const scene = new DetectionScene({ limits: { answeredDisconnectsPerMinute: 3 } });
  for (const [n, callId] of IDS.entries()) {
    scene.call(n * 10, n, named(callId));
    scene.answer(callId, parties(n));
    scene.call(n * 10 + 1, 50, { ...named(callId), ...to(OTHER) });
    if (n === 0) scene.end(callId, parties(n));
  }
  scene.call(100, 4);
  assert.deepEqual([scene.ended(), scene.heldBack()], [IDS.slice(1), []]);
});

test("an order says who carries its calls: a call of the hop and one that a switch reported may have one id", () => {
  const scene = new DetectionScene();
  for (let n = 0; n < 2; n++) scene.call(n * 10, n, named("one"));
  for (let n = 2; n < 4; n++) scene.call(n * 10, n, { callId: "one", source: "switch" });
  scene.call(100, 4);
  const orders = scene.actions.flatMap((action) => (action.kind === "end-calls" ? [action] : []));
  assert.deepEqual(
    orders.map(({ carriedBy, callIds }) => [carriedBy, callIds]),
    [
      ["hop", ["one"]],
      ["elsewhere", ["one"]],
    ],
  );
});
