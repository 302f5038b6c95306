import assert from "node:assert/strict";
import { test } from "node:test";
import type { RedactionSpan, Speaker, Turn, TurnVerdict } from "../../../detection/index.js";
import { DialogueKeeper, type SaidTurn } from "../../../gateway/pipeline/dialogue-keeper.js";
import { WordJudge } from "../../support/fake-speech.js";

const line = (segment: number, speaker: Speaker, text: string, spans: readonly RedactionSpan[] = []): SaidTurn => ({
  segment,
  speaker,
  text,
  spans,
  startMs: segment * 1_000,
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
  const { keeper } = scene();
  for (let i = 0; i < 450; i++) keeper.add(line(i, i % 2 === 0 ? "caller" : "callee", `line ${i}`));
  assert.equal(keeper.turns.length, 200);
  assert.equal(keeper.turns[0]?.text, "line 250");
  assert.ok(keeper.revise(449, [{ start: 5, end: 8, kind: "code" }]) !== undefined);
  assert.equal(keeper.turns.at(-1)?.text, "line [code]");
  assert.equal(keeper.revise(3, []), undefined);
});

test("what is redacted is not shown, the judge sees it; a line that is revised changes its turn alone", () => {
  const { keeper, texts, judged } = scene();
  keeper.add(line(0, "caller", "my code 12345", [{ start: 8, end: 13, kind: "code" }]));
  for (const [i, text] of ["is 4539", "go on"].entries()) keeper.add(line(i + 1, i < 1 ? "caller" : "callee", text));
  assert.deepEqual(texts(), ["caller: my code [code] is 4539", "callee: go on"]);
  keeper.revise(1, [{ start: 3, end: 7, kind: "card" }]);
  assert.deepEqual(texts(), ["caller: my code [code] is [card]", "callee: go on"]);
  assert.deepEqual(judged(), ["my code 12345 is 4539", "go on"]);
});

const EVIDENCE = [
  { name: "before a span", said: "the code is 12345 now", found: "the code", shown: "the code" },
  { name: "behind one", said: "the code is 12345 now", found: "now", shown: "now" },
  { name: "that takes one in", said: "the code is 12345 now", found: "is 12345 now", shown: "is [code] now" },
  { name: "within one", said: "the code is 12345 now", found: "234", shown: "[code]" },
  { name: "that ends with one", said: "the code is 12345 now", found: "code is 12345", shown: "code is [code]" },
];
for (const { name, said, found, shown } of EVIDENCE) {
  test(`evidence ${name} is cut out of the redacted turn`, () => {
    const evidenceOf = (turn: Turn, index: number): TurnVerdict => {
      const start = turn.text.lastIndexOf(found);
      const evidence = [{ turn: index, start, end: start + found.length, text: found, cue: "request.code", weight: 1 }];
      return { index, state: "scam", score: 1, kind: "none", stage: "request", evidence };
    };
    const keeper = new DialogueKeeper({
      add: (turn) => evidenceOf(turn, 0),
      replaceLast: (turn) => evidenceOf(turn, 0),
    });
    keeper.add(line(0, "callee", "0000", [{ start: 0, end: 4, kind: "id" }]));
    const at = said.indexOf("12345");
    const { evidence } = keeper.add(line(1, "callee", said, [{ start: at, end: at + 5, kind: "code" }]));
    assert.equal(evidence[0]?.text, shown);
    assert.equal(keeper.turns[0]?.text.slice(evidence[0].start, evidence[0].end), shown);
  });
}

test("a dialogue that was heard before goes on", () => {
  const before = [{ speaker: "caller", text: "a scam", atMs: 0 }] as const;
  const { keeper, texts, judged } = scene(before);
  assert.equal(keeper.verdict?.state, "suspicious");
  keeper.add(line(5, "caller", "again a scam"));
  assert.deepEqual(texts(), ["caller: a scam again a scam"]);
  assert.deepEqual(judged(), ["a scam again a scam"]);
});
