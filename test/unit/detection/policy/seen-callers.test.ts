import assert from "node:assert/strict";
import { test } from "node:test";
import { SeenCallers, type CallerId } from "../../../../detection/index.js";

const A = "+13035550100" as CallerId;
const B = "+13035550101" as CallerId;
const C = "+13035550102" as CallerId;

test("seen callers: a call is no acquaintance of itself, the next one is", () => {
  const seen = new SeenCallers(10);
  seen.note(A, "1");
  seen.note(A, "1");
  assert.equal(seen.knows(A, "1"), false);
  assert.equal(seen.knows(A, "2"), true);
  seen.note(A, "2");
  assert.equal(seen.knows(A, "2"), true);
  assert.equal(seen.knows(B, "2"), false);
});

test("seen callers: whoever was seen longest ago is forgotten first", () => {
  const seen = new SeenCallers(2);
  seen.note(A, "1");
  seen.note(B, "2");
  seen.note(A, "3");
  seen.note(C, "4");
  assert.deepEqual(
    [A, B, C].map((caller) => seen.knows(caller, "later")),
    [true, false, true],
  );
  assert.equal(seen.size, 2);
});

test("seen callers: nobody knows the anonymous, and a memory of nothing knows nobody", () => {
  const seen = new SeenCallers(2);
  seen.note("anonymous@default" as CallerId, "1");
  assert.equal(seen.knows("anonymous@default" as CallerId, "2"), false);
  const none = new SeenCallers(0);
  none.note(A, "1");
  assert.equal(none.knows(A, "2"), false);
});
