import assert from "node:assert/strict";
import { test } from "node:test";
import { JsonSlices } from "../../../../gateway/adapters/asterisk-ari/json-slices.js";
import { SeededRandom } from "../../../support/seeded-random.js";

const read = (pieces: readonly string[]): unknown => {
  const slices = new JsonSlices();
  for (const piece of pieces) slices.push(piece);
  return slices.end();
};

const VALUES: readonly unknown[] = [
  [],
  [1],
  [{ id: "1.1", name: 'a "quoted" ], } \\ name', nested: [[{ a: [] }]] }, null, "text, with ] comma", -1.5e3, true],
  [[[]], [{}], "\\", "\\\\", '\\"'],
  { no: "array", list: [1, 2] },
  "text",
  12,
  null,
];

for (const value of VALUES) {
  const text = JSON.stringify(value);
  test(`${text.slice(0, 40)} is read as JSON.parse reads it, wherever it is cut`, () => {
    assert.deepEqual(read([text]), value);
    assert.deepEqual(read(Array.from(text)), value);
    for (let at = 0; at <= text.length; at++) assert.deepEqual(read([text.slice(0, at), text.slice(at)]), value);
    assert.deepEqual(read([` \r\n${JSON.stringify(value, undefined, 2)}\n `]), value);
  });
}

test("no text is no value", () => {
  assert.equal(read([]), undefined);
  assert.equal(read([" \n"]), undefined);
});

for (const text of ["[", "[1", "[1,", "[1,]", "[,1]", "[1]]", "[1] 2", '["a', "[{]", "[1 2]", "{", "nonsense", "[1}"]) {
  test(`${text} is no JSON`, () => {
    assert.throws(() => read([text]), SyntaxError);
    assert.throws(() => read(Array.from(text)), SyntaxError);
  });
}

test("whatever JSON.parse makes of bytes, the slices make of them too", () => {
  const random = new SeededRandom(20_261_130);
  const alphabet = '[]{}",:\\ 01a';
  for (let round = 0; round < 3_000; round++) {
    const text = `[${Array.from({ length: Math.floor(random.next() * 12) }, () => alphabet[Math.floor(random.next() * alphabet.length)] ?? "").join("")}`;
    let expected: unknown = SyntaxError;
    try {
      expected = JSON.parse(text);
    } catch {
      expected = SyntaxError;
    }
    let got: unknown;
    try {
      got = read([text]);
    } catch {
      got = SyntaxError;
    }
    assert.deepEqual(got, expected, text);
  }
});
