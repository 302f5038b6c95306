import assert from "node:assert/strict";
import { test } from "node:test";
import { builtInWeights, judgeAll, quality, ThreatClassifier } from "../../../../detection/index.js";
import { heldOutDialogues } from "../../../support/held-out-dialogues.js";
import { outsideSets } from "../../../support/outside-dialogues.js";

/**
 * What docs/guides/threat.md tells may get better, not worse: the bar of frauds warned of before they ask, and floors somewhat under
 * what is seen else. The bar of honest calls cut (0.1 %) is met by the bench's 3,036 calls; of these 1,012 two are cut.
 */
const FLOOR = {
  warnedBefore: 0.9,
  warnedByRequest: 0.93,
  honestWarned: 0.28,
  honestCut: 0.002,
  noisyWarnedBefore: 0.88,
};
const OUTSIDE_FLOOR = { fraudWarned: 0.8, honestWarned: 0.15 };

const weights = builtInWeights();
const classifier = new ThreatClassifier(weights);
const held = (wordErrorRate: number) => {
  const dialogues = heldOutDialogues({ honest: 1000, frauds: 400, wordErrorRate, seed: 77 });
  return quality(judgeAll(classifier, dialogues), weights.thresholds.end);
};

test("held-out dialogues by another author: frauds are warned of, honest calls are not cut", () => {
  const { warnedBefore, warnedByRequest, honestReach, honestCut } = held(0);
  assert.ok(warnedBefore.share >= FLOOR.warnedBefore, `warned before ${warnedBefore.share}`);
  assert.ok(warnedByRequest.share >= FLOOR.warnedByRequest, `warned by the request ${warnedByRequest.share}`);
  assert.ok(honestReach.suspicious.share <= FLOOR.honestWarned, `honest warned ${honestReach.suspicious.share}`);
  assert.ok(honestCut.share <= FLOOR.honestCut, `honest cut ${honestCut.share}`);
});

test("with one word in ten misheard", () => {
  const { warnedBefore, honestCut } = held(0.1);
  assert.ok(warnedBefore.share >= FLOOR.noisyWarnedBefore, `warned before ${warnedBefore.share}`);
  assert.equal(honestCut.share, 0);
});

const { present, absent } = outsideSets();
for (const { name, read } of present) {
  test(`dialogues from outside: ${name}`, () => {
    const { honest, frauds, honestReach, honestCut, fraudReach } = quality(
      judgeAll(classifier, read()),
      weights.thresholds.end,
    );
    assert.ok(honest + frauds > 0);
    assert.ok(honestReach.suspicious.share <= OUTSIDE_FLOOR.honestWarned, `honest ${honestReach.suspicious.share}`);
    assert.equal(honestCut.share, 0);
    if (frauds > 0)
      assert.ok(fraudReach.suspicious.share >= OUTSIDE_FLOOR.fraudWarned, `${fraudReach.suspicious.share}`);
  });
}
for (const name of absent)
  test(`dialogues from outside: ${name}`, { skip: `shared/cases: ${name} is not here` }, () => undefined);
