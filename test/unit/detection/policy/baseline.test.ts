import assert from "node:assert/strict";
import { test } from "node:test";
import { effectiveThreshold } from "../../../../detection/index.js";
import { BaselineLearner, quantileOf } from "../../../../detection/policy/baseline.js";
import { detectionOptions, DetectionScene, START, to, verdicts, VICTIM } from "../../../support/detection-scene.js";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const options = detectionOptions().baseline;

/** One peak an hour, then the hour that closes the last. */
function learn(peaks: readonly number[], everyMs = HOUR, changes = options): BaselineLearner {
  const learner = new BaselineLearner();
  peaks.forEach((peak, i) => learner.note(START + i * everyMs, peak, 3, changes));
  learner.roll(START + peaks.length * everyMs, 3, changes);
  return learner;
}

test("twelve busy hours on three days are learned; eleven, or all on two days, are not", () => {
  const every6Hours = 6 * HOUR;
  assert.equal(learn(new Array<number>(12).fill(6), every6Hours).normal, 6);
  assert.equal(learn(new Array<number>(11).fill(6), every6Hours).normal, 0);
  assert.equal(learn(new Array<number>(48).fill(6), HOUR).normal, 6);
  assert.equal(learn(new Array<number>(36).fill(6), HOUR).normal, 0, "half a day, then a whole one");
});

test("hours without enough callers teach nothing", () => {
  assert.equal(learn(new Array<number>(200).fill(2)).normal, 0);
});

test("an attack within some hours does not move what is learned: a quantile is taken", () => {
  const peaks = Array.from({ length: 100 }, (_, i) => (i % 10 === 0 ? 500 : 6));
  assert.equal(learn(peaks).normal, 6);
});

test("an attack cannot teach in seconds: a burst of 200 callers changes nothing in a quiet number", () => {
  const scene = new DetectionScene({ shadow: true });
  scene.burst(0, 0, 200, 10);
  scene.passTo(DAY);
  assert.equal(scene.detection.stats().busyNumbers, 0);
  scene.detection.reconfigure(detectionOptions());
  assert.equal(verdicts(scene.burst(DAY + 1_000, 500, 5)), "aaaar");
});

test("an attack every hour of many days is not learned while it is enforced against", () => {
  const scene = new DetectionScene();
  for (let h = 0; h < 6 * 24; h++) scene.burst(h * HOUR, h * 10, 8, 50);
  scene.passTo(7 * DAY);
  assert.equal(scene.detection.stats().busyNumbers, 0);
});

test("what is learned at most doubles a day, and never exceeds the cap", () => {
  const learner = learn(new Array<number>(72).fill(4));
  assert.equal(learner.normal, 4);
  for (let i = 72; i < 600; i++) learner.note(START + i * HOUR, 900, 3, { ...options, cap: 20 });
  assert.equal(learner.row(VICTIM)?.callersPerWindow, 20, "the cap");
  const slow = learn([...new Array<number>(72).fill(4), ...new Array<number>(50).fill(900)], HOUR, {
    ...options,
    quantile: 1,
  });
  assert.ok(slow.normal <= 4 * 2 ** 4, `${slow.normal}`);
});

test("what a person said is not lowered by learning", () => {
  const learner = new BaselineLearner();
  learner.set(50, "imported", 1_000);
  for (let i = 0; i < 100; i++) learner.note(START + i * HOUR, 5, 3, options);
  assert.deepEqual([learner.normal, learner.origin], [50, "imported"]);
});

test("learning goes on after a restart with what was exported", () => {
  const before = new DetectionScene({ shadow: true });
  for (let h = 0; h < 48; h += 6) before.burst(h * HOUR, h * 10, 8, 50);
  before.passTo(2 * DAY);
  const rows = before.detection.exportBaseline();
  assert.deepEqual([rows.length, rows[0]?.callersPerWindow, rows[0]?.hours?.length], [1, 0, 8]);
  const after = new DetectionScene({ shadow: true });
  after.detection.importBaseline(JSON.parse(JSON.stringify(rows)) as typeof rows);
  for (let h = 48; h < 96; h += 6) after.burst(h * HOUR, h * 10, 8, 50);
  after.passTo(4 * DAY);
  assert.equal(after.detection.exportBaseline()[0]?.callersPerWindow, 8);
});

test("an incident in shadow closes once its number is known to be that busy", () => {
  const scene = new DetectionScene({ shadow: true });
  let n = 0;
  for (let at = 0; at < 60_000; at += 800) scene.call(at, n++);
  assert.equal(scene.detection.stats().openIncidents, 1);
  scene.detection.importBaseline([{ called: VICTIM, callersPerWindow: 8 }]);
  scene.call(60_800, n++);
  scene.call(62_400, n++);
  assert.equal(scene.detection.stats().openIncidents, 0);
});

test("import: bad rows are left out, 0 forgets, the cap holds", () => {
  const { detection } = new DetectionScene({ baseline: { cap: 100 } });
  const rows = [
    { called: VICTIM, callersPerWindow: 1e9 },
    { called: "+12025550101", callersPerWindow: Number.NaN },
    { called: "+12025550102", callersPerWindow: -1 },
    { called: "", callersPerWindow: 5 },
  ];
  assert.equal(detection.importBaseline(rows), 1);
  assert.equal(detection.exportBaseline()[0]?.callersPerWindow, 100);
  detection.importBaseline([{ called: VICTIM, callersPerWindow: 0 }]);
  assert.equal(detection.stats().busyNumbers, 0);
});

test("a baseline raises the threshold of its own number only", () => {
  const scene = new DetectionScene();
  scene.detection.importBaseline([{ called: VICTIM, callersPerWindow: 10 }]);
  assert.equal(verdicts(scene.burst(0, 0, 5, 100, to("+12025550101"))), "aaaar");
  assert.equal(verdicts(scene.burst(0, 0, 20, 100)), "a".repeat(20));
});

test("the threshold of a busy number: never below the plain one, twice its usual peak and some more", () => {
  const thresholds = [0, 1, 2, 3, 5, 30, 100].map((normal) => effectiveThreshold(5, normal, 2));
  assert.deepEqual(thresholds, [5, 5, 7, 10, 15, 71, 220]);
});

test("quantiles", () => {
  assert.equal(quantileOf([], 0.8), 0);
  assert.equal(quantileOf([5], 0), 5);
  assert.equal(quantileOf([1, 2, 3, 4, 5], 0.8), 4);
  assert.equal(quantileOf([1, 2, 3, 4, 5], 1), 5);
});
