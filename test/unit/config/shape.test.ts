import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { shapeProblems } from "../../../gateway/config/shape.js";

const nested = (levels: number): unknown => parse(`sip: ${"[".repeat(levels)}${"]".repeat(levels)}`);

for (const [what, file, says] of [
  ["a list", parse("a: &a [*a]"), ["a.0: a value that contains itself (an alias of a)"]],
  [
    "a section by one of its keys",
    parse("sip: {}\nalerts: &a { routes: [{ x: *a }] }"),
    ["alerts.routes.0.x: a value that contains itself (an alias of alerts)"],
  ],
  ["all of the file", parse("&a { a: *a }"), ["a: a value that contains itself (an alias of (root))"]],
  [
    "one value that others name too",
    parse("a: &a { b: &b [*a] }\nc: *b\nd: [*a, *a]"),
    ["a.b.0: a value that contains itself (an alias of a)"],
  ],
] as const) {
  test(`${what} that contains itself is named once`, () => assert.deepEqual(shapeProblems(file), says));
}

test("what several aliases name, or what is there twice, contains nothing of itself", () => {
  assert.deepEqual(shapeProblems(parse("a: &a [1, { b: 2 }]\nb: [*a, *a]\nc: { d: *a }")), []);
  assert.deepEqual(shapeProblems(undefined), []);
  assert.deepEqual(shapeProblems(["a", 1, null]), []);
});

test("deep nesting is refused before anything walks over it, made by aliases too", () => {
  assert.deepEqual(shapeProblems(nested(60)), []);
  assert.deepEqual(shapeProblems(nested(500)), ["sip.0.0: values in it are nested more than 64 deep"]);
  const steps = Array.from({ length: 20 }, (_, i) => `a${i + 1}: &a${i + 1} [[[[[*a${i}]]]]]`);
  const [problem = ""] = shapeProblems(parse(["a0: &a0 [1]", ...steps].join("\n"), { maxAliasCount: -1 }));
  assert.match(problem, /^a\d+\.0\.0: values in it are nested more than 64 deep$/);
});

test("aliases of aliases are looked at once each", () => {
  let wide: unknown = [];
  for (let i = 0; i < 60; i++) wide = [wide, wide];
  assert.deepEqual(shapeProblems(wide), []);
});
