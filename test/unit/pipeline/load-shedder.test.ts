import assert from "node:assert/strict";
import { test } from "node:test";
import { monoMs } from "../../../gateway/core/time.js";
import { LoadShedder, type LoadView } from "../../../gateway/pipeline/load-shedder.js";

const OPTIONS = { lagLimitMs: 2_000, recoverLagMs: 700, recoverAfterMs: 3_000 };

/** Calls that do what the shedder says, half a second at a time. Of each, so much waits. */
function scene(risks: readonly number[], backlogMs = 1_000) {
  const shedder = new LoadShedder(OPTIONS);
  const calls = risks.map((risk, i) => ({
    callId: `c${i}`,
    risk,
    openedAt: monoMs(i),
    shed: false,
    active: true,
    backlogMs,
  }));
  let now = 0;
  const step = (lagMs: number, load: Partial<LoadView> = {}): string => {
    now += 500;
    const { shed, restore } = shedder.decide(
      monoMs(now),
      { lagMs, talkers: 0, capacityTalkers: undefined, ...load },
      calls,
    );
    for (const call of calls) {
      if (shed.includes(call.callId)) call.shed = true;
      if (restore.includes(call.callId)) call.shed = false;
    }
    return [...shed.map((id) => `-${id}`), ...restore.map((id) => `+${id}`)].join(" ");
  };
  return { shedder, calls, step, shed: () => calls.filter((call) => call.shed).map(({ callId }) => callId) };
}

test("in time: nobody loses anything", () => {
  const { step } = scene([0, 0.5]);
  for (let i = 0; i < 20; i++) assert.equal(step(1_900), "");
});

test("late: the lowest risk first, of equal ones the youngest, as many as it takes", () => {
  const { step } = scene([0.1, 0.9, 0.1, 0.5, 0.3, 0.3]);
  // Six seconds of work wait; one may be left.
  assert.equal(step(2_500), "-c2 -c0 -c5 -c4 -c3");
});

test("late, but what waits can be done soon: nobody has to go", () => {
  const { step } = scene([0.1, 0.9], 400);
  assert.equal(step(2_500), "");
});

test("a call in which nobody has spoken lately is left alone", () => {
  const { calls, step } = scene([0, 0.3, 0.5]);
  const [silent] = calls;
  assert.ok(silent !== undefined);
  Object.assign(silent, { active: false, backlogMs: 0 });
  assert.equal(step(2_500), "-c1");
});

test("it decides twice a second at most", () => {
  const { shedder, calls } = scene([0]);
  const load = { lagMs: 9_000, talkers: 0, capacityTalkers: undefined };
  const late = calls.map((call) => ({ ...call, backlogMs: 5_000 }));
  assert.deepEqual(shedder.decide(monoMs(10), load, late).shed, ["c0"]);
  assert.deepEqual(shedder.decide(monoMs(400), load, late).shed, []);
});

test("between the two limits nothing changes", () => {
  const { step, shed } = scene([0, 0.2]);
  step(2_500);
  for (let i = 0; i < 60; i++) assert.equal(step(1_200), "");
  assert.deepEqual(shed(), ["c0"]);
});

test("in time again for three seconds: the most dangerous comes back, three later two more, then four", () => {
  const { step, shed } = scene([0, 0.1, 0.2, 0.3, 0.4, 0.9], 2_000);
  step(2_500);
  assert.deepEqual(shed(), ["c0", "c1", "c2", "c3", "c4", "c5"]);
  const told = Array.from({ length: 22 }, () => step(100)).filter((line) => line !== "");
  assert.deepEqual(told, ["+c5", "+c4 +c3", "+c2 +c1 +c0"]);
});

test("what goes wrong at once is tried again later each time", () => {
  const { step } = scene([0, 0.5]);
  const waits: number[] = [];
  step(2_500);
  for (let round = 0; round < 4; round++) {
    let steps = 1;
    while (step(100) === "") steps++;
    waits.push(steps);
    step(2_500);
  }
  assert.deepEqual(waits, [7, 13, 25, 49]);
});

test("nothing comes back while as many talk as the recogniser can follow", () => {
  const { step } = scene([0, 0.5]);
  step(2_500);
  for (let i = 0; i < 30; i++) assert.equal(step(100, { talkers: 4, capacityTalkers: 4 }), "");
  assert.equal(step(100, { talkers: 3, capacityTalkers: 4 }), "+c0");
});

test("a call that becomes dangerous takes the place of one that is not", () => {
  const { calls, step } = scene([0, 0.3]);
  step(2_500);
  const [first] = calls;
  assert.ok(first !== undefined && first.shed);
  first.risk = 0.35;
  assert.equal(step(1_500), "");
  first.risk = 0.6;
  assert.equal(step(1_500), "-c1 +c0");
});
