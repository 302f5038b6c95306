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

test("call names: what an earlier process has left keeps its name until it is over, or goes on under it", () => {
  const names = new CallNames(new RandomDouble(), undefined, 1);
  for (const name of ["rang", "up", "goes on"]) names.hold(name);
  for (const name of ["rang", "up", "goes on"]) assert.notEqual(names.take(name), name);
  names.letGo("rang", false);
  assert.equal(names.take("rang"), "rang");
  names.letGo("up", true);
  assert.notEqual(names.take("up"), "up", "what is kept of it is kept under that name");
  assert.equal(names.takeUp("goes on"), "goes on");
  names.letGo("goes on", false);
  assert.notEqual(names.take("goes on"), "goes on", "it is a call of ours now");
  assert.equal(names.takeUp("never held"), "never held");
});
