import assert from "node:assert/strict";
import { test } from "node:test";
import { tokens } from "../../../../detection/threat/text/tokens.js";

const cases = [
  {
    name: "case, accents and apostrophes do not matter",
    text: "Don't TELL José’s mother",
    words: "dont tell joses mother",
  },
  { name: "a hyphen parts words", text: "one-time code", words: "one time code" },
  { name: "a thousands comma does not", text: "pay $1,250.50 now", words: "pay usd 125050 now" },
  { name: "combining accents fold too", text: "a\u0301rbol", words: "arbol" },
  { name: "nothing but marks is nothing", text: " …?! ", words: "" },
];
for (const { name, text, words } of cases) {
  test(`tokens: ${name}`, () => {
    const found = tokens(text);
    assert.equal(found.map(({ word }) => word).join(" "), words);
    for (const { start, end } of found) assert.ok(start < end && end <= text.length);
  });
}

test("tokens: a full stop breaks more than a comma", () => {
  const breaks = tokens("no. stop, go on").map(({ breakBefore }) => breakBefore);
  assert.deepEqual(breaks, [0, 2, 1, 0]);
});
