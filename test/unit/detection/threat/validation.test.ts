import assert from "node:assert/strict";
import { test } from "node:test";
import { validate, validationOf } from "../../../../detection/index.js";

const heard = (fraud: boolean, highest: number, author?: string) => ({
  author,
  language: "en",
  fraud,
  turns: [-9, highest, 99].map((early) => ({ early, sure: 0, damning: false })).slice(0, fraud ? 3 : 2),
  requestTurn: fraud ? 2 : undefined,
});
const honest = Array.from({ length: 20 }, (_, i) => heard(false, i));

const cases = [
  { name: "frauds above every honest call", frauds: [30, 31], shares: [1, 1, 1, 1, 1, 1] },
  {
    name: "frauds below every honest call, whatever they are once they ask",
    frauds: [-1, -2],
    shares: [0, 0, 0, 0, 0, 0],
  },
  // The bar is the honest score that 1, 2, 3 … 6 of the 20 lie above: 18, 17, 16 … 13.
  { name: "a fraud among the highest honest calls", frauds: [16, 30], shares: [0.5, 0.5, 1, 1, 1, 1] },
];
for (const { name, frauds, shares } of cases) {
  test(`frauds caught at a share of honest calls: ${name}`, () => {
    const { warnedBefore, honest: count } = validationOf("x", [...honest, ...frauds.map((sum) => heard(true, sum))]);
    assert.equal(count, 20);
    assert.deepEqual(
      warnedBefore.map(({ share }) => share),
      shares,
    );
  });
}

test("no frauds give no share", () => {
  assert.deepEqual([...new Set(validationOf("x", honest).warnedBefore.map(({ share }) => share))], [0]);
});

test("authors are judged apart, at the score that all their honest calls set; our own stories are left aside", () => {
  const theirs = [heard(false, 1, "b"), heard(true, 2, "b"), heard(true, 0, "a")];
  const sets = validate([...honest, heard(true, 99), ...theirs]);
  assert.deepEqual(
    sets.map(({ set, honest: count, frauds }) => [set, count, frauds]),
    [
      ["other authors", 1, 2],
      ["English", 1, 2],
      ["Spanish", 0, 0],
      ["author a, at the others' score", 1, 1],
      ["author b, at the others' score", 1, 1],
    ],
  );
  assert.equal(sets[3]?.warnedBefore[0]?.share, 0);
  assert.equal(sets[4]?.warnedBefore[0]?.share, 1);
});
