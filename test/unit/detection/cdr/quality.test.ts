import assert from "node:assert/strict";
import { test } from "node:test";
import { median, merged, type CdrQuality, type FraudRow } from "../../../support/cdr/evaluate.js";

const row = (minutes: readonly number[], incidents: number): FraudRow => ({
  ...{ kind: "wangiri", strength: "weak", incidents, found: minutes.length, minutes, calls: [], rules: ["wangiri"] },
});
const quality = (change: Partial<CdrQuality>): CdrQuality => ({
  ...{ records: 1, userDays: 1_000, incidents: 4, recall: 1, precision: 1, rightAlerts: 4, falseAlerts: 0 },
  ...{ falsePer1000UserDays: 0, rightByRule: { wangiri: 4 }, falseByRule: {}, frauds: [row([1, 2, 3, 100], 4)] },
  ...change,
});

test("figures of several populations: each incident counts as much as another, however many records its population has", () => {
  const large = quality({ records: 1_000_000 });
  const small = quality({
    ...{ rightAlerts: 1, falseAlerts: 5, precision: 0.1667, incidents: 6, rightByRule: { wangiri: 1 } },
    ...{ falseByRule: { wangiri: 5 }, frauds: [row([4], 6)], falsePer1000UserDays: 5 },
  });
  const both = merged([large, small]);
  assert.equal(both.precision, 0.5);
  assert.equal(both.recall, 0.5);
  assert.equal(both.falsePer1000UserDays, 2.5);
  assert.deepEqual([both.rightByRule, both.falseByRule], [{ wangiri: 5 }, { wangiri: 5 }]);
  assert.deepEqual(
    both.frauds.map(({ incidents, found, minutes }) => [incidents, found, median(minutes)]),
    [[10, 5, 3]],
  );
});
