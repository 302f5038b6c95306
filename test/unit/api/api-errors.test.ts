import assert from "node:assert/strict";
import { test } from "node:test";
import { API_ERRORS } from "../../../gateway/api/api-errors.js";
import { ERRORS } from "../../../gateway/core/errors.js";
import { readTree } from "../../../scripts/check-imports.js";

const sources = [...readTree(".", ["gateway/api"])].filter(([path]) => !path.endsWith("/api-errors.ts"));
const text = sources.map(([, source]) => source).join("\n");
const answers: readonly (readonly [code: string, { readonly status: string }])[] = Object.entries(API_ERRORS);
const statuses = new Map(answers.map(([code, { status }]) => [code, status]));

test("every code of the API's table is answered somewhere", () => {
  assert.deepEqual(
    answers.map(([code]) => code).filter((code) => !text.includes(`"${code}"`)),
    [],
  );
});

test("no code stands in both tables", () => {
  assert.deepEqual(
    answers.map(([code]) => code).filter((code) => code in ERRORS),
    [],
  );
});

test("what a route throws has the status that the table says", () => {
  const thrown = [...text.matchAll(/new ApiError\(\s*(\d+),\s*"([a-z.-]+)"/g)];
  assert.ok(thrown.length > 30, `${thrown.length} found`);
  const others = thrown.filter(([, status = "", code = ""]) => statuses.get(code)?.includes(status) === false);
  assert.deepEqual(
    others.map(([whole]) => whole),
    [],
  );
});
