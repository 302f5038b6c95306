import assert from "node:assert/strict";
import { test } from "node:test";
import { monoMs } from "../../../gateway/core/time.js";
import { TurnOrder } from "../../../gateway/pipeline/turn-order.js";

const at = monoMs;

test("texts go in the order in which the stretches ended", () => {
  const order = new TurnOrder<string>(1_000);
  const first = order.expect(5_000, at(0));
  const second = order.expect(6_000, at(100));
  order.arrived(second, "second");
  assert.deepEqual(order.take(at(200)), []);
  order.arrived(first, "first");
  assert.deepEqual(order.take(at(300)), ["first", "second"]);
  assert.equal(order.waiting, 0);
});

test("one that will have no text holds nobody up", () => {
  const order = new TurnOrder<string>(1_000);
  const first = order.expect(5_000, at(0));
  const second = order.expect(6_000, at(0));
  order.arrived(second, "second");
  order.arrived(first, undefined);
  assert.deepEqual(order.take(at(1)), ["second"]);
});

test("one that is late is waited for a second, then comes when it comes", () => {
  const order = new TurnOrder<string>(1_000);
  const first = order.expect(5_000, at(0));
  const second = order.expect(6_000, at(100));
  order.arrived(second, "second");
  assert.equal(order.deadline, 1_000);
  assert.deepEqual(order.take(at(999)), []);
  assert.deepEqual(order.take(at(1_000)), ["second"]);
  assert.equal(order.deadline, undefined);
  order.arrived(first, "first");
  assert.deepEqual(order.take(at(5_000)), ["first"]);
});
