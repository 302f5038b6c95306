import assert from "node:assert/strict";
import { test } from "node:test";
import type { Speaker, TranscriptLine } from "../../../detection/index.js";
import { DialogueKeeper } from "../../../gateway/pipeline/dialogue-keeper.js";
import { WordJudge } from "../../support/fake-speech.js";

const line = (segment: number, speaker: Speaker, text: string): TranscriptLine => ({
  kind: "transcript.line",
  callId: "call-1",
  segment,
  speaker,
  text,
  startMs: segment * 1_000,
  endMs: segment * 1_000 + 900,
  final: true,
});
function scene(before: ConstructorParameters<typeof DialogueKeeper>[1] = []) {
  const judges = new WordJudge();
  const keeper = new DialogueKeeper(judges.open({}), before);
  const texts = (): string[] => keeper.turns.map(({ speaker, text }) => `${speaker}: ${text}`);
  return { judges, keeper, texts, judged: () => judges.dialogues[0]?.map(({ text }) => text) };
}

test("what one says until the other does is one turn, judged again with each line", () => {
  const { keeper, texts, judged } = scene();
  keeper.add(line(0, "caller", "good morning"));
  keeper.add(line(1, "caller", "this is a scam"));
  keeper.add(line(2, "callee", "oh"));
  const verdict = keeper.add(line(3, "caller", "really a scam"));
  assert.deepEqual(texts(), ["caller: good morning this is a scam", "callee: oh", "caller: really a scam"]);
  assert.deepEqual(judged(), ["good morning this is a scam", "oh", "really a scam"]);
  assert.deepEqual([verdict.index, verdict.state, keeper.turns[0]?.atMs], [2, "scam", 0]);
});

test("a turn does not grow for ever", () => {
  const { keeper } = scene();
  for (let i = 0; i < 30; i++) keeper.add(line(i, "caller", "x".repeat(99)));
  assert.deepEqual(
    keeper.turns.map(({ text }) => text.length),
    [999, 999, 999],
  );
});

test("turns that are handed on are the last 200; those before are still counted", () => {
  const { keeper, judges } = scene();
  for (let i = 0; i < 450; i++) keeper.add(line(i, i % 2 === 0 ? "caller" : "callee", `line ${i}`));
  assert.equal(keeper.turns.length, 200);
  assert.equal(keeper.turns[0]?.text, "line 250");
  assert.ok(keeper.revise(449, "the last") !== undefined);
  assert.equal(judges.dialogues[0]?.[449]?.text, "the last");
  assert.equal(keeper.revise(3, "forgotten"), undefined);
});

test("a line that reads otherwise changes its turn alone, whichever it is", () => {
  const { keeper, texts, judged } = scene();
  for (const [i, text] of ["my number", "is 4539", "go on"].entries())
    keeper.add(line(i, i < 2 ? "caller" : "callee", text));
  keeper.revise(1, "is [card]");
  assert.deepEqual(texts(), ["caller: my number is [card]", "callee: go on"]);
  assert.deepEqual(judged(), ["my number is [card]", "go on"]);
});

test("a dialogue that was heard before goes on", () => {
  const before = [{ speaker: "caller", text: "a scam", atMs: 0 }] as const;
  const { keeper, texts, judged } = scene(before);
  assert.equal(keeper.verdict?.state, "suspicious");
  keeper.add(line(5, "caller", "again a scam"));
  assert.deepEqual(texts(), ["caller: a scam again a scam"]);
  assert.deepEqual(judged(), ["a scam again a scam"]);
});
