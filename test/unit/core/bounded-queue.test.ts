import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { BoundedQueue } from "../../../gateway/core/bounded-queue.js";

test("bounded queue: in order, refuses what is too much, and takes back what a consumer could not do", () => {
  const queue = new BoundedQueue<number>(3);
  assert.deepEqual(
    [1, 2, 3, 4].map((item) => queue.push(item)),
    [true, true, true, false],
  );
  const taken = queue.take(2);
  assert.deepEqual(taken, [1, 2]);
  assert.equal(queue.size, 1);
  queue.putBack(taken);
  assert.deepEqual(queue.take(9), [1, 2, 3]);
  assert.deepEqual(queue.take(1), []);
  for (let i = 0; i < 5_000; i++) {
    assert.ok(queue.push(i));
    assert.deepEqual(queue.take(2), [i]);
  }
});

test("bounded queue: what was taken is not kept alive", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const queue = new BoundedQueue<{ readonly audio: Uint8Array }>(4);
  const makeAndTake = (): WeakRef<object> => {
    assert.ok(queue.push({ audio: new Uint8Array(1) }));
    const [item] = queue.take(1);
    assert.ok(item !== undefined);
    return new WeakRef(item);
  };
  const taken = makeAndTake();
  // A weak reference holds what it has been asked for until the end of the turn.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  assert.equal(taken.deref(), undefined);
  assert.equal(queue.size, 0);
});
