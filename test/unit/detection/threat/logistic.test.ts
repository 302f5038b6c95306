import assert from "node:assert/strict";
import { test } from "node:test";
import { meanModel, sumOf, trainLogistic } from "../../../../detection/threat/training/logistic.js";
import type { Beginning, Sample } from "../../../../detection/threat/training/samples.js";

const showing = (...features: number[]): Beginning => ({
  features: Int32Array.from(features),
  suspectWords: Int32Array.from(features),
  otherWords: new Int32Array(0),
});
const sample = (label: 0 | 1, beginnings: readonly Beginning[], early = beginnings.length): Sample => ({
  beginnings,
  chosen: [beginnings.length - 1],
  early,
  label,
  weight: 1,
  family: "x",
  kind: label === 1 ? "tax" : "none",
});
/** Feature 0 speaks for a fraud before it asks, 1 for its demand, 2 for an honest call's worst moment, 3 for its end. */
const samples = Array.from({ length: 20 }, () => [
  sample(1, [showing(0), showing(1)], 1),
  sample(0, [showing(2), showing(3)]),
]).flat();
const options = {
  epochs: 9,
  rate: 0.15,
  l2: 0,
  l1: 0,
  wordL2: 0,
  signs: new Int8Array(4),
  wordBuckets: 0,
  seed: 5,
};

test("the most suspicious beginning is learned from though it was not chosen: of a fraud before it asks", () => {
  const plain = trainLogistic(samples, 4, { ...options, mostSuspicious: 0 });
  assert.deepEqual([plain.weights[0], plain.weights[2]], [0, 0]);
  const early = trainLogistic(samples, 4, { ...options, mostSuspicious: 0.7 });
  assert.ok((early.weights[0] ?? 0) > 0.1);
  assert.ok((early.weights[2] ?? 0) < -0.1);
  assert.ok((early.weights[1] ?? 0) > 0.1, "the demand still counts");
});

test("a weight whose sign is given does not cross 0", () => {
  const { weights } = trainLogistic(samples, 4, { ...options, mostSuspicious: 0, signs: Int8Array.of(0, -1, 0, 1) });
  assert.deepEqual([weights[1], weights[3]], [0, 0]);
});

test("words beyond the table's size share its buckets", () => {
  const model = trainLogistic(samples, 4, { ...options, mostSuspicious: 0, wordBuckets: 2 });
  assert.equal(model.suspectWords.length, 2);
  assert.equal(sumOf(model, showing(1)) - (model.weights[1] ?? 0), sumOf(model, showing(3)) - (model.weights[3] ?? 0));
});

test("the mean of models scores as they do on average", () => {
  const seeds = [1, 2, 3].map((seed) =>
    trainLogistic(samples, 4, { ...options, mostSuspicious: 0.7, wordBuckets: 4, seed }),
  );
  const [beginning] = [showing(0, 3)];
  const mean = seeds.reduce((sum, model) => sum + sumOf(model, beginning), 0) / seeds.length;
  assert.ok(Math.abs(sumOf(meanModel(seeds), beginning) - mean) < 1e-9);
});

test("a dialogue without turns is named", () => {
  assert.throws(() => trainLogistic([sample(0, [])], 4, { ...options, mostSuspicious: 0.5 }), /x/);
});
