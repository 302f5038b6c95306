import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** Debian's own interpreter: that is the one which python3-sklearn is installed for. */
const PYTHON = "/usr/bin/python3";

const SCRIPT = `
import json, sys
from sklearn.ensemble import IsolationForest
asked = json.load(sys.stdin)
def scores(seed):
    forest = IsolationForest(n_estimators=asked["trees"], max_samples=asked["sample"], random_state=seed)
    return [-s for s in forest.fit(asked["train"]).score_samples(asked["test"])]
json.dump([scores(seed) for seed in asked["seeds"]], sys.stdout)
`;

let reason: string | undefined | null = null;

/** @returns Why scikit-learn cannot be asked; undefined: it can. */
export function sklearnMissing(): string | undefined {
  if (reason !== null) return reason;
  const has = existsSync(PYTHON) && spawnSync(PYTHON, ["-c", "import sklearn"]).status === 0;
  reason = has ? undefined : "scikit-learn is not installed (Debian: python3-sklearn)";
  return reason;
}

export interface SklearnOrder {
  readonly trees: number;
  readonly sample: number;
  readonly seeds: readonly number[];
  readonly train: readonly (readonly number[])[];
  readonly test: readonly (readonly number[])[];
}

/** What scikit-learn's IsolationForest says of the rows of `test`, for each seed: higher is more unusual. */
export function sklearnScores(order: SklearnOrder): readonly (readonly number[])[] {
  const { status, stdout, stderr } = spawnSync(PYTHON, ["-c", SCRIPT], {
    input: JSON.stringify(order),
    maxBuffer: 268_435_456,
    timeout: 120_000,
  });
  if (status !== 0) throw new Error(`scikit-learn failed: ${stderr.toString().slice(-500)}`);
  return JSON.parse(stdout.toString()) as number[][];
}

/** Area under the ROC curve: the chance that an anomaly scores above a row that is none; ties count half. */
export function rocAuc(scores: readonly number[], anomalous: readonly boolean[]): number {
  const order = scores
    .map((score, at) => ({ score, positive: anomalous[at] === true }))
    .sort((a, b) => a.score - b.score);
  let rankSum = 0;
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to < order.length && order[to]?.score === order[from]?.score) to++;
    const rank = (from + 1 + to) / 2;
    for (let i = from; i < to; i++) if (order[i]?.positive === true) rankSum += rank;
    from = to;
  }
  const positives = order.filter(({ positive }) => positive).length;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * (order.length - positives));
}
