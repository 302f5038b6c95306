import assert from "node:assert/strict";
import { test } from "node:test";
import { Referrals, type Referral } from "../../../../gateway/call/origin/referrals.js";
import { monoMs } from "../../../../gateway/core/time.js";

const referral = (callId: string): Referral => ({ callId, callers: ["a"], target: "c" });
const at = monoMs;
const any = (): boolean => true;

test("the newest that fits is taken by one call, and by that call again", () => {
  const pending = new Referrals();
  pending.add("t a", referral("first"), at(0));
  pending.add("t a", referral("second"), at(1));
  assert.equal(pending.take(["t a"], "new-1", at(2), any)?.callId, "second");
  assert.equal(pending.take(["t a"], "new-2", at(3), any)?.callId, "first");
  assert.equal(pending.take(["t a"], "new-3", at(4), any), undefined);
  assert.equal(
    pending.take(["t a"], "new-1", at(5), any)?.callId,
    "second",
    "it was challenged and comes with credentials",
  );
});

test("one that was refused, is late, or is of another receiver, is none", () => {
  const pending = new Referrals();
  const takeBack = pending.add("t a", referral("refused"), at(0));
  takeBack();
  takeBack();
  pending.add("t a", referral("late"), at(0));
  assert.equal(pending.take(["t b", "192.0.2.1"], "new", at(1), any), undefined);
  assert.equal(pending.take(["t a"], "new", at(60_000), any), undefined);
  assert.equal(pending.size, 0);
});

test("who refers a thousand times costs the others nothing but their links, and no memory", () => {
  const pending = new Referrals({ most: 20, mostEach: 4 });
  for (let i = 0; i < 10; i++) pending.add("t a", referral(`a${i}`), at(i));
  assert.equal(pending.size, 4);
  for (let i = 0; i < 100; i++) pending.add(`t ${i}`, referral(`x${i}`), at(100 + i));
  assert.equal(pending.size, 20);
  assert.equal(pending.take(["t a"], "new", at(300), any), undefined, "the oldest went first");
  assert.equal(pending.take(["t 99"], "new", at(300), any)?.callId, "x99");
});
