import assert from "node:assert/strict";
import { test } from "node:test";
import {
  loadWeights,
  misheard,
  parseSlots,
  parseStories,
  Seeded,
  share,
  tellAll,
  TRAINING_SETTINGS,
  trainWeights,
  type Story,
} from "../../../../detection/index.js";
import { tell } from "../../../../detection/threat/training/stories.js";

const SLOTS = parseSlots("name = Ann|Bob\nyo ~ Hello?|Yes?");
const STORIES = parseStories(
  `= gift-card/boss
B: {yo}
A1: (Hi|Hello) {name}, it's your boss {name}.
?B: Okay.
A4: Buy gift cards and read me the codes [now].
= honest/chat
B: {yo}
A: Hi {name}, see you on sunday?
B: Yes, lovely.`,
  "en",
);
const slotsOf = () => SLOTS;
const small = {
  ...TRAINING_SETTINGS,
  ...{ frauds: 4, honest: 4, held: 2, folds: 2, epochs: 3 },
  early: { ...TRAINING_SETTINGS.early, wordBits: 8 },
  sure: { ...TRAINING_SETTINGS.sure, wordBits: 7 },
};
const authorOf = ({ family }: Story) => (family === "honest/chat" ? "z" : undefined);
const input = { stories: STORIES, slotsOf, authorOf, inputs: "test", settings: small, log: () => undefined };

test("a story is told the same way for the same seed, one choice of a fixed slot for the whole dialogue", () => {
  const [boss] = STORIES;
  assert.ok(boss !== undefined);
  const first = tell(boss, SLOTS, new Seeded(5));
  assert.deepEqual(first, tell(boss, SLOTS, new Seeded(5)));
  const contact = first.turns.find(({ text }) => text.includes("boss"))?.text ?? "";
  const names = contact.match(/Ann|Bob/g) ?? [];
  assert.equal(names.length, 2);
  assert.equal(names[0], names[1]);
  assert.equal(first.stages[first.requestTurn ?? -1], "request");
});

for (const wrong of ["A: before any story", "= gift-card/x\nC: who", "= burglary/x\nA: hi"]) {
  test(`a broken story file is refused: ${JSON.stringify(wrong)}`, () => {
    assert.throws(() => parseStories(wrong, "en"));
  });
}

test("about so many words are misheard as asked for, and the request turn is still the request", () => {
  const [dialogue] = tellAll(STORIES.slice(0, 1), { slotsOf, perStory: 1, wordErrorRates: [0], chained: 0, seed: 3 });
  assert.ok(dialogue !== undefined);
  let words = 0;
  let same = 0;
  const random = new Seeded(9);
  for (let i = 0; i < 300; i++) {
    const heard = misheard(dialogue, { wordErrorRate: 0.2, splitRate: 0, bare: true }, random);
    assert.equal(heard.stages[heard.requestTurn ?? -1], "request");
    words += dialogue.turns.reduce((sum, { text }) => sum + text.split(" ").length, 0);
    same += heard.turns.reduce((sum, { text }) => sum + text.split(" ").length, 0);
  }
  assert.ok(Math.abs(same / words - 1) < 0.15);
});

test("the same stories give the same weights, byte for byte", () => {
  assert.equal(JSON.stringify(trainWeights(input)), JSON.stringify(trainWeights(input)));
});

test("weights have two heads that can be loaded, and every story is judged by weights that had not seen it", () => {
  const { weights, held } = trainWeights(input);
  assert.ok(loadWeights(JSON.parse(JSON.stringify(weights))).ok);
  assert.equal(weights.words?.bits, 7);
  assert.equal(weights.warning?.words?.bits, 8);
  assert.deepEqual([...new Set(held.map(({ author }) => author))], ["z"]);
  const everybody = trainWeights({ ...input, authorOf: () => undefined }).held;
  assert.equal(everybody.length, STORIES.length * small.held);
  for (const { turns } of everybody) for (const { early, sure } of turns) assert.ok(Number.isFinite(early + sure));
});

test("another seed gives others: the test above can fail", () => {
  const other = trainWeights({ ...input, settings: { ...small, seed: 1 } });
  assert.notEqual(JSON.stringify(other), JSON.stringify(trainWeights(input)));
});

test("Wilson's interval holds what the textbook says", () => {
  assert.deepEqual(share(0, 100), { share: 0, of: 100, low: 0, high: 0.03699 });
  const half = share(50, 100);
  assert.ok(Math.abs(half.low - 0.4038) < 0.001 && Math.abs(half.high - 0.5962) < 0.001);
});
