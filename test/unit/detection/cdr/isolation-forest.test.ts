import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { IsolationForest, meanDepth, type ForestData } from "../../../../detection/cdr/isolation-forest.js";
import { SeededRandom } from "../../../support/seeded-random.js";

/** A cloud round the origin, and a few rows far from it. */
function cloud(seed: number, count: number): number[][] {
  const random = new SeededRandom(seed);
  const normal = (): number => {
    let sum = 0;
    for (let i = 0; i < 12; i++) sum += random.next();
    return sum - 6;
  };
  return Array.from({ length: count }, () => [normal(), normal()]);
}

test("the mean depth is that of the paper: 0, 1 and 2(ln(n−1)+γ)−2(n−1)/n", () => {
  assert.equal(meanDepth(1), 0);
  assert.equal(meanDepth(2), 1);
  assert.ok(Math.abs(meanDepth(256) - 10.2447) < 1e-3, String(meanDepth(256)));
});

test("rows far from the cloud score higher than every row in it", () => {
  const rows = cloud(3, 2_000);
  const forest = IsolationForest.train(["x", "y"], rows);
  const inside = Math.max(...rows.slice(0, 500).map((row) => forest.score(row.map((value) => value / 2))));
  for (const far of [
    [9, 0],
    [-8, 8],
    [0, -12],
  ])
    assert.ok(forest.score(far) > inside, `${String(far)}: ${forest.score(far)} against ${inside}`);
  assert.ok(forest.score([0, 0]) < 0.5, "the middle is nothing unusual");
});

test("the same rows and seed give the same forest, another seed another one", () => {
  const rows = cloud(5, 400);
  const settings = { trees: 20, sample: 64, seed: 9 };
  assert.deepEqual(
    IsolationForest.train(["x", "y"], rows, settings).save(),
    IsolationForest.train(["x", "y"], rows, settings).save(),
  );
  assert.notDeepEqual(
    IsolationForest.train(["x", "y"], rows, { ...settings, seed: 10 }).save(),
    IsolationForest.train(["x", "y"], rows, settings).save(),
  );
});

/** Of `save()` as JSON and of all scores, as they were when a forest was still grown in one go. */
const GROWN_AT_ONCE = "0006cfaec68b8b3d820b1aa99742d9106229f00fd45c517fd0cfcac24bf029bb";
const SCORED_AT_ONCE = "2a3ea11051b665fe8b30f62c016eb49553a240c737279b098cf169ff272e50a3";
const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");

test("a forest grown a tree at a time, with other work in between, is byte for byte the one grown in one go", () => {
  const rows = cloud(11, 1_500);
  const settings = { trees: 30, sample: 128, seed: 4 };
  const steps = IsolationForest.growing(["x", "y"], rows, settings);
  let taken = 0;
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) {
    taken++;
    IsolationForest.train(["x", "y"], rows.slice(0, 20), { ...settings, trees: 1 });
  }
  assert.equal(taken, settings.trees);
  const grown = step.value;
  assert.equal(sha256(JSON.stringify(grown.save())), GROWN_AT_ONCE);
  assert.deepEqual(grown.save(), IsolationForest.train(["x", "y"], rows, settings).save());

  const scoring = grown.scoring(rows);
  let scored = scoring.next();
  for (taken = 0; scored.done !== true; taken++) scored = scoring.next();
  assert.equal(taken, settings.trees + 1, "one for laying out the rows");
  assert.equal(sha256(new Uint8Array(scored.value.buffer)), SCORED_AT_ONCE);
});

test("a forest that was saved as JSON and loaded scores as before", () => {
  const rows = cloud(7, 300);
  const forest = IsolationForest.train(["x", "y"], rows);
  const loaded = IsolationForest.load(JSON.parse(JSON.stringify(forest.save())) as ForestData);
  assert.ok(loaded.ok);
  for (const row of rows.slice(0, 50)) assert.equal(loaded.value.score(row), forest.score(row));
});

const broken: readonly (readonly [name: string, change: Partial<ForestData>, code: string])[] = [
  ["another version", { version: 2 as never }, "forest.version"],
  ["a tree without nodes", { trees: [[]] }, "forest.shape"],
  ["a child that leads back", { trees: [[[0, 1, 0, 0]]] }, "forest.shape"],
  [
    "a child that is not there",
    {
      trees: [
        [
          [0, 1, 1, 9],
          [-1, 1],
        ],
      ],
    },
    "forest.shape",
  ],
  [
    "a feature that is not there",
    {
      trees: [
        [
          [7, 1, 1, 2],
          [-1, 1],
          [-1, 1],
        ],
      ],
    },
    "forest.shape",
  ],
  [
    "a threshold that is no number",
    {
      trees: [
        [
          [0, Number.NaN, 1, 2],
          [-1, 1],
          [-1, 1],
        ],
      ],
    },
    "forest.shape",
  ],
];
for (const [name, change, code] of broken) {
  test(`a saved forest with ${name} is refused`, () => {
    const data = IsolationForest.train(["x", "y"], cloud(1, 50)).save();
    const loaded = IsolationForest.load({ ...data, ...change });
    assert.equal(loaded.ok ? "loaded" : loaded.error.code, code);
  });
}

test("rows that are all alike, a single row, and values that are no numbers do no harm", () => {
  const alike = IsolationForest.train(
    ["x", "y"],
    Array.from({ length: 100 }, () => [1, 2]),
  );
  assert.ok(alike.score([1, 2]) > 0 && alike.score([1, 2]) <= 1);
  const single = IsolationForest.train(["x"], [[4]]);
  assert.equal(single.score([4]), 0.5);
  const odd = IsolationForest.train(["x", "y"], [...cloud(2, 60), [Number.NaN, Infinity]]);
  assert.ok(Number.isFinite(odd.score([Number.NaN, -Infinity])));
  assert.throws(() => IsolationForest.train(["x"], []), RangeError);
});
