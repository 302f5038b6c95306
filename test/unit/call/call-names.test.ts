import assert from "node:assert/strict";
import { test } from "node:test";
import { CallNames } from "../../../gateway/call/call-names.js";
import { RandomDouble } from "../../support/call-doubles.js";

test("call names: the Call-ID, and another one for each further call that has it", () => {
  const names = new CallNames(new RandomDouble());
  const taken = ["a", "a", "a", "b"].map((id) => names.take(id));
  assert.equal(new Set(taken).size, 4);
  assert.deepEqual([taken[0], taken[3]], ["a", "b"]);
  assert.ok(taken[1]?.startsWith("a~") === true && taken[2]?.startsWith("a~") === true);
});

test("call names: of a call that was not answered it is free again, of one that was for want of room alone", () => {
  const names = new CallNames(new RandomDouble(), undefined, 2);
  names.release(names.take("a"), false);
  assert.equal(names.take("a"), "a");
  names.release("a", true);
  assert.notEqual(names.take("a"), "a");
  for (const id of ["b", "c"]) names.release(names.take(id), true);
  assert.equal(names.take("a"), "a", "the third last");
});

test("call names: what something else is called by is taken", () => {
  const names = new CallNames(new RandomDouble(), (name) => name === "recorded");
  assert.notEqual(names.take("recorded"), "recorded");
});
