import assert from "node:assert/strict";
import { test } from "node:test";
import { FaultBudget } from "../../../gateway/core/fault-budget.js";
import { monoMs } from "../../../gateway/core/time.js";

const cases = [
  { name: "as many as allowed are lived with", at: [0, 1, 2], within: [true, true, true] },
  { name: "one more within the window is too many", at: [0, 1, 2, 999], within: [true, true, true, false] },
  {
    name: "a fault that is exactly windowMs old no longer counts",
    at: [0, 1, 2, 1000],
    within: [true, true, true, true],
  },
  {
    name: "they go on being too many while they keep coming",
    at: [0, 1, 2, 3, 4],
    within: [true, true, true, false, false],
  },
  { name: "slow ones never are", at: [0, 500, 1000, 1500, 2000], within: [true, true, true, true, true] },
];
for (const { name, at, within } of cases) {
  test(`fault budget: ${name}`, () => {
    const budget = new FaultBudget({ most: 3, windowMs: 1000 });
    assert.deepEqual(
      at.map((ms) => budget.spend(monoMs(ms))),
      within,
    );
  });
}

test("fault budget: with none allowed the first is too many", () => {
  assert.equal(new FaultBudget({ most: 0, windowMs: 1000 }).spend(monoMs(0)), false);
});
