import assert from "node:assert/strict";
import { test } from "node:test";
import { monoMs } from "../../../gateway/core/time.js";
import { LoadShedder, type LoadView, type SheddableCall } from "../../../gateway/pipeline/load-shedder.js";

const OPTIONS = { lagLimitMs: 2_000, recoverLagMs: 700, recoverAfterMs: 3_000 };

/** Calls that do what the shedder says, half a second at a time. */
function scene(risks: readonly number[]) {
  const shedder = new LoadShedder(OPTIONS);
  const calls = risks.map((risk, i) => ({ callId: `c${i}`, risk, openedAt: monoMs(i), shed: false }));
  let now = 0;
  const step = (lagMs: number, load: Partial<LoadView> = {}): string => {
    now += 500;
    const view = { lagMs, talkers: 0, capacityTalkers: undefined, ...load };
    const { shed, restore } = shedder.decide(monoMs(now), view, calls satisfies readonly SheddableCall[]);
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

test("late: the calls with the lowest risk go first, of equal ones the youngest, a tenth at a time", () => {
  const { step } = scene([0.1, 0.9, 0.1, 0.5, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3]);
  assert.equal(step(2_500), "-c2 -c0");
  assert.equal(step(2_500), "-c11");
  assert.equal(step(2_500), "-c10");
});

test("it decides twice a second at most", () => {
  const { shedder } = scene([0]);
  const calls = [{ callId: "a", risk: 0, openedAt: monoMs(0), shed: false }];
  const load = { lagMs: 9_000, talkers: 0, capacityTalkers: undefined };
  assert.deepEqual(shedder.decide(monoMs(10), load, calls).shed, ["a"]);
  assert.deepEqual(shedder.decide(monoMs(400), load, calls).shed, []);
});

test("between the two limits nothing changes", () => {
  const { step, shed } = scene([0, 0.2, 0.4]);
  step(2_500);
  for (let i = 0; i < 60; i++) assert.equal(step(1_200), "");
  assert.deepEqual(shed(), ["c0"]);
});

test("in time again for three seconds: the most dangerous comes back first, one each half second", () => {
  const { step } = scene([0, 0.2, 0.4]);
  for (let i = 0; i < 3; i++) step(2_500);
  const told = Array.from({ length: 12 }, () => step(100));
  assert.deepEqual(told.slice(0, 6), ["", "", "", "", "", ""]);
  assert.deepEqual(
    told.filter((line) => line !== ""),
    ["+c2", "+c1", "+c0"],
  );
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
  const { calls, step } = scene([0, 0.3, 0.4]);
  step(2_500);
  const [first] = calls;
  assert.ok(first !== undefined && first.shed);
  first.risk = 0.35;
  assert.equal(step(1_500), "");
  first.risk = 0.6;
  assert.equal(step(1_500), "-c1 +c0");
});
