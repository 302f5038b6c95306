import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelQuestion, ThreatState, ThreatVerdict, Turn, TurnVerdict } from "../../../../detection/index.js";
import { noMetrics } from "../../../../gateway/core/metrics.js";
import { ModelJudge } from "../../../../gateway/pipeline/judge/model-judge.js";
import type { LanguageModel } from "../../../../gateway/ports/language-model.js";

const VALID = '{"fraud":85,"kind":"tax","stage":"request"}';
const unsure = (state: ThreatState = "uncertain"): TurnVerdict => ({
  index: 0,
  state,
  score: 0.4,
  kind: "tax",
  stage: "pretext",
  evidence: [],
});
const turns = (text: string): readonly Turn[] => [{ speaker: "caller", text, atMs: 0 }];
const never = new AbortController().signal;

/** A model that answers what it is given, in turn; the last one for ever. */
function judgeOf(answers: readonly string[], cacheEntries = 2) {
  const asked: ModelQuestion[] = [];
  const model: LanguageModel = {
    name: "fake",
    ok: true,
    detail: "fake",
    complete: (question) => {
      asked.push(question);
      return Promise.resolve(answers[Math.min(asked.length, answers.length) - 1] ?? "");
    },
    close: () => Promise.resolve(),
  };
  return { judge: new ModelJudge(model, { cacheEntries }, noMetrics), asked };
}

test("a valid answer is a verdict", async () => {
  const { judge } = judgeOf([VALID]);
  assert.deepEqual(await judge.judge(turns("pay"), unsure(), never), { score: 0.85, kind: "tax", stage: "request" });
});

test("an answer outside the schema is asked for once more", async () => {
  const { judge, asked } = judgeOf(["rubbish", VALID]);
  assert.equal((await judge.judge(turns("pay"), unsure(), never))?.score, 0.85);
  assert.equal(asked.length, 2);
});

test("two bad answers are no verdict, and that is not remembered", async () => {
  const { judge, asked } = judgeOf(["rubbish", "more", VALID]);
  assert.equal(await judge.judge(turns("pay"), unsure(), never), undefined);
  assert.equal(asked.length, 2);
  assert.equal((await judge.judge(turns("pay"), unsure(), never))?.score, 0.85);
});

for (const state of ["clear", "scam"] as const) {
  test(`what tier one is sure of (${state}) is not asked about`, async () => {
    const { judge, asked } = judgeOf([VALID]);
    assert.equal(await judge.judge(turns("pay"), unsure(state), never), undefined);
    assert.equal(asked.length, 0);
  });
}

test("the same dialogue is judged once; the cache forgets the one used longest ago", async () => {
  const { judge, asked } = judgeOf([VALID]);
  for (const text of ["a", "b", "a", "c", "a", "b"]) await judge.judge(turns(text), unsure(), never);
  assert.equal(asked.length, 4, "a, b, c, and b again");
});

test("words come with who wrote them; none where the model has none", async () => {
  const verdict: ThreatVerdict = {
    callId: "c",
    state: "scam",
    score: 1,
    kind: "tax",
    stage: "request",
    evidence: [],
    parts: {},
  };
  const { judge } = judgeOf(['{"why":"A caller asks for money.","now":"Call the customer back."}']);
  assert.deepEqual(await judge.explain(turns("pay"), verdict, never), {
    text: "A caller asks for money.",
    recommended: "Call the customer back.",
    by: "model",
  });
  assert.equal(await judgeOf(["no"]).judge.explain(turns("pay"), verdict, never), undefined);
});
