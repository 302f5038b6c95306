import assert from "node:assert/strict";
import { test } from "node:test";
import { IsolationForest } from "../../../detection/cdr/isolation-forest.js";
import { SeededRandom } from "../../support/seeded-random.js";
import { rocAuc, sklearnMissing, sklearnScores } from "../../support/sklearn-forest.js";

interface Labelled {
  readonly rows: number[][];
  readonly anomalous: boolean[];
}

/** Three clusters of habits in six features, of different spread, and `share` anomalies between and beyond them. */
function habits(seed: number, count: number, share: number): Labelled {
  const random = new SeededRandom(seed);
  const normal = (): number => Array.from({ length: 12 }, () => random.next()).reduce((sum, x) => sum + x, -6);
  const centres = [0, 1, 2].map((cluster) => Array.from({ length: 6 }, (_, at) => ((cluster * 7 + at * 3) % 5) * 2));
  const rows: number[][] = [];
  const anomalous: boolean[] = [];
  for (let i = 0; i < count; i++) {
    const isOdd = random.next() < share;
    const centre = centres[i % 3] ?? [];
    const spread = 0.5 + (i % 3) * 0.4;
    rows.push(centre.map((middle) => (isOdd ? middle + normal() * 2.2 : middle + normal() * spread)));
    anomalous.push(isOdd);
  }
  return { rows, anomalous };
}

const cases = [
  { name: "2 % anomalies in training", seed: 11, share: 0.02 },
  { name: "10 % anomalies in training", seed: 12, share: 0.1 },
];
for (const { name, seed, share } of cases) {
  test(
    `isolation forest: ROC-AUC within 0.01 of scikit-learn's on the same data, ${name}`,
    { skip: sklearnMissing() ?? false },
    () => {
      const train = habits(seed, 4_000, share);
      const { rows, anomalous } = habits(seed + 1_000, 4_000, 0.05);
      // A single forest's AUC varies with its seed by more than the two differ: both sides get the mean of five.
      const seeds = [1, 2, 3, 4, 5];
      const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
      const ours = mean(
        seeds.map((each) => {
          const forest = IsolationForest.train(["a", "b", "c", "d", "e", "f"], train.rows, {
            trees: 100,
            sample: 256,
            seed: each,
          });
          return rocAuc(
            rows.map((row) => forest.score(row)),
            anomalous,
          );
        }),
      );
      const scores = sklearnScores({ trees: 100, sample: 256, seeds, train: train.rows, test: rows });
      const theirs = mean(scores.map((each) => rocAuc(each, anomalous)));
      assert.ok(theirs > 0.8 && theirs < 0.999, `the data says nothing: ${theirs}`);
      assert.ok(Math.abs(ours - theirs) <= 0.01, `ours ${ours.toFixed(4)}, scikit-learn ${theirs.toFixed(4)}`);
    },
  );
}

test("ROC-AUC by hand: one pair of four in the wrong order is 0.75, ties count half", () => {
  assert.equal(rocAuc([0.1, 0.4, 0.35, 0.8], [false, false, true, true]), 0.75);
  assert.equal(rocAuc([1, 1, 1, 1], [false, true, false, true]), 0.5);
});
