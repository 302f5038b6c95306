import assert from "node:assert/strict";
import { test } from "node:test";
import { Lane } from "../../../../gateway/call/media/lane.js";

function lane(most = 8) {
  const seen: string[] = [];
  const faults: unknown[] = [];
  const made = new Lane(most, (fault) => faults.push(fault));
  return { lane: made, seen, faults, say: (what: string) => () => void seen.push(what) };
}

test("an empty lane delivers at once", () => {
  const { lane: l, seen, say } = lane();
  l.pass(say("1"));
  assert.deepEqual(seen, ["1"]);
});

test("order is kept: what needs no rewriting waits behind what does, and rewritings that are ready early wait too", () => {
  const { lane: l, seen, say } = lane();
  const first = l.hold();
  const second = l.hold();
  l.pass(say("3"));
  second(say("2"));
  assert.deepEqual(seen, []);
  first(say("1"));
  assert.deepEqual(seen, ["1", "2", "3"]);
});

test("what arrives while messages are delivered comes after them", () => {
  const { lane: l, seen, say } = lane();
  const go = l.hold();
  l.pass(say("2"));
  go(() => {
    seen.push("1");
    l.pass(say("3"));
  });
  assert.deepEqual(seen, ["1", "2", "3"]);
});

test("overtaking goes past what waits, but not past what holds all", () => {
  const { lane: l, seen, say } = lane();
  const first = l.hold();
  l.overtake(say("bye"));
  assert.deepEqual(seen, ["bye"]);
  const answer = l.hold(true);
  l.overtake(say("late bye"));
  first(say("1"));
  answer(say("200"));
  assert.deepEqual(seen, ["bye", "1", "200", "late bye"]);
});

test("what passes behind others can hold all as well", () => {
  const { lane: l, seen, say } = lane();
  const first = l.hold();
  l.pass(say("200"), true);
  l.overtake(say("bye"));
  first(say("1"));
  assert.deepEqual(seen, ["1", "200", "bye"]);
});

test("a place is taken up once", () => {
  const { lane: l, seen, say } = lane();
  const go = l.hold();
  go(say("1"));
  go(say("again"));
  assert.deepEqual(seen, ["1"]);
});

test("a delivery that throws is reported and does not stop the others", () => {
  const { lane: l, seen, faults, say } = lane();
  const go = l.hold();
  l.pass(say("2"));
  go(() => {
    throw new Error("ours");
  });
  assert.deepEqual(seen, ["2"]);
  assert.equal((faults[0] as Error).message, "ours");
});

test("it says when it is full, and takes what cannot be refused all the same", () => {
  const { lane: l, seen, say } = lane(2);
  const first = l.hold();
  assert.equal(l.isFull, false);
  const second = l.hold();
  assert.equal(l.isFull, true);
  l.pass(say("3"));
  first(say("1"));
  second(say("2"));
  assert.deepEqual([seen, l.isFull], [["1", "2", "3"], false]);
});
