import assert from "node:assert/strict";
import { test } from "node:test";
import { DialogNames } from "../../../../gateway/adapters/sip-drachtio/dialog-names.js";
import { FrameQueue } from "../../../../gateway/adapters/sip-drachtio/frame-queue.js";
import { ReliableNumbers } from "../../../../gateway/adapters/sip-drachtio/reliable-numbers.js";

const LIMITS = { largeBytes: 10, maxFrameBytes: 30, maxQueuedBytes: 60 };

function queue(takes: () => boolean = () => true): {
  queue: FrameQueue;
  out: number[];
  push: (bytes: number) => boolean;
} {
  const out: number[] = [];
  const made = new FrameQueue(LIMITS, (frame) => {
    out.push(frame.length);
    return takes();
  });
  return { queue: made, out, push: (bytes) => made.push(Buffer.alloc(bytes)) };
}

test("drachtio frame queue: small frames go out at once, however many", () => {
  const { out, push } = queue();
  for (let i = 0; i < 20; i++) assert.equal(push(10), true);
  assert.equal(out.length, 20);
});

test("drachtio frame queue: a large frame waits for all answers, what comes behind it for its own", () => {
  const { queue: made, out, push } = queue();
  for (const bytes of [1, 2, 11, 3, 12]) push(bytes);
  assert.deepEqual(out, [1, 2]);
  made.answered();
  assert.deepEqual(out, [1, 2]);
  made.answered();
  assert.deepEqual(out, [1, 2, 11]);
  made.answered();
  assert.deepEqual(out, [1, 2, 11, 3], "the second large one waits for 3");
  made.answered();
  assert.deepEqual(out, [1, 2, 11, 3, 12]);
  assert.equal(made.waitingFrames, 0);
});

test("drachtio frame queue: what the server cannot receive is refused", () => {
  const { out, push } = queue();
  assert.deepEqual([push(30), push(31)], [true, false]);
  assert.deepEqual(out, [30]);
});

test("drachtio frame queue: full means refused, and nothing of it is kept", () => {
  const { queue: made, push } = queue(() => false);
  push(1);
  assert.deepEqual([push(30), push(30), push(1)], [true, true, false]);
  assert.equal(made.waitingFrames, 2);
});

test("drachtio frame queue: a socket that is full is waited for", () => {
  let takes = false;
  const { queue: made, out, push } = queue(() => takes);
  push(1);
  push(2);
  assert.deepEqual(out, [1]);
  takes = true;
  made.unblock();
  assert.deepEqual(out, [1, 2]);
});

test("drachtio dialog names: counted, and a taken one gets a tag of its own, the same each time", () => {
  const names = new DialogNames();
  names.take("c", "t");
  names.take("c", "t");
  names.release("c", "t");
  assert.equal(names.freeTag("c", "t"), "t-b");
  assert.equal(names.freeTag("c", "t"), "t-b");
  assert.equal(names.freeTag("other", "t"), "t");
  names.take("c", "t-b");
  assert.equal(names.freeTag("c", "t"), "t-b-b");
  names.release("c", "t");
  assert.equal(names.freeTag("c", "t"), "t");
});

test("drachtio reliable numbers: the latest sixteen are known", () => {
  const numbers = new ReliableNumbers();
  assert.equal(numbers.givenFor(1), undefined);
  for (let i = 1; i <= 17; i++) numbers.note(1000 + i, i);
  assert.deepEqual([numbers.givenFor(1001), numbers.givenFor(1002), numbers.givenFor(1017)], [undefined, 2, 17]);
});
