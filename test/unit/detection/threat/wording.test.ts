import assert from "node:assert/strict";
import { test } from "node:test";
import { builtInWeights, ThreatClassifier, type Speaker } from "../../../../detection/index.js";
import { strongestRun } from "../../../../detection/threat/wording.js";

const runs = [
  { name: "no words", weights: [], best: undefined, net: 0 },
  { name: "nothing that adds", weights: [-1, 0, -2], best: undefined, net: -3 },
  { name: "one word", weights: [2], best: { from: 0, to: 1, adds: 2 }, net: 2 },
  { name: "a dip between is taken along", weights: [3, -1, 4, -9], best: { from: 0, to: 3, adds: 6 }, net: -3 },
  { name: "a deep dip is not", weights: [3, -5, 4], best: { from: 2, to: 3, adds: 4 }, net: 2 },
  { name: "the first of equals", weights: [1, -1, 1], best: { from: 0, to: 1, adds: 1 }, net: 1 },
];
for (const { name, weights, best, net } of runs) {
  test(`the run of words that adds most: ${name}`, () => {
    assert.deepEqual(strongestRun(weights), { best, net });
  });
}

const classifier = new ThreatClassifier(builtInWeights());
const remarks: readonly (readonly (readonly [Speaker, string])[])[] = [
  [["callee", "Oh, hello. What is wrong?"]],
  [
    ["caller", "Hi, it's me."],
    ["callee", "Oh, hello. What is wrong?"],
  ],
  [
    ["callee", "Hello?"],
    ["caller", "Good morning, may I speak to the owner? There is something that you should know."],
    ["callee", "Oh dear, what do I do?"],
  ],
];
for (const lines of remarks) {
  test(`no score rises without something to show: ${lines.at(-1)?.[1] ?? ""}`, () => {
    const dialogue = classifier.open();
    let before = 0;
    lines.forEach(([speaker, text], index) => {
      const { score, evidence } = dialogue.add({ speaker, text, atMs: index * 3000 });
      if (score > Math.max(before, classifier.thresholds.uncertain)) {
        assert.ok(
          evidence.some(({ weight }) => weight > 0),
          `${score} for no reason`,
        );
      }
      for (const { turn, start, end, text: piece } of evidence) {
        assert.equal(lines[turn]?.[1].slice(start, end), piece);
      }
      before = score;
    });
  });
}

test("what the words add is shown as wording, and what is taken back is not", () => {
  const dialogue = classifier.open();
  const story = "Somebody is emptying your savings as we speak and I need you to act on it with me.";
  const told = dialogue.add({ speaker: "caller", text: story, atMs: 0 });
  const wordings = told.evidence.filter(({ cue }) => cue === "wording");
  assert.ok(wordings.length > 0);
  for (const { weight, start, end, text } of wordings) {
    assert.ok(weight > 0);
    assert.equal(story.slice(start, end), text);
  }
  const calm = dialogue.replaceLast({ speaker: "caller", text: "See you at the garden party then.", atMs: 0 });
  for (const { text } of calm.evidence) assert.ok("See you at the garden party then.".includes(text));
});
