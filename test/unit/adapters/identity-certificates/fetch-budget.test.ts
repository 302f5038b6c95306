import assert from "node:assert/strict";
import { test } from "node:test";
import { FetchBudget } from "../../../../gateway/adapters/identity-certificates/fetch-budget.js";
import { ProvenUrls } from "../../../../gateway/adapters/identity-certificates/proven-urls.js";
import { monoMs } from "../../../../gateway/core/time.js";

const wish = (asker: string, host = "a.example", proven = false) => ({ asker, host, proven });

/** How many of `tries` fetches begin, each over at once. */
function begun(budget: FetchBudget, tries: number, each: ReturnType<typeof wish>, at = 0): number {
  let count = 0;
  for (let i = 0; i < tries; i++) {
    const over = budget.begin(each, monoMs(at));
    if (over !== undefined) count++;
    over?.();
  }
  return count;
}

test("fetches of a minute: half of the open ones for a trunk, half of that for one host, a quarter for what was good before", () => {
  const budget = new FetchBudget(16, 600);
  assert.equal(begun(budget, 1_000, wish("bad")), 113);
  assert.equal(begun(budget, 1_000, wish("bad", "b.example")), 56);
  assert.equal(begun(budget, 1_000, wish("good")), 71);
  assert.equal(begun(budget, 1_000, wish("good", "a.example", true)), 600 - 113 - 56 - 71);
  assert.equal(begun(budget, 1, wish("good", "c.example", true)), 0);
  assert.equal(begun(budget, 1_000, wish("bad"), 60_000), 113, "the next minute");
});

test("one trunk with any number of hosts gets half of what is open, and the tenth bad trunk still leaves something", () => {
  const budget = new FetchBudget(1_000, 4_000);
  const hosts = Array.from({ length: 500 }, (_none, i) => `h${i}.example`);
  const taken = (trunk: string): number => hosts.reduce((sum, host) => sum + begun(budget, 100, wish(trunk, host)), 0);
  assert.equal(taken("bad-1"), 1_500);
  for (let i = 2; i < 10; i++) assert.ok(taken(`bad-${i}`) > 0);
  assert.ok(begun(budget, 10, wish("good")) > 0);
});

test("fetches under way: places come back, and a slow host leaves the others theirs", () => {
  const budget = new FetchBudget(16, 10_000);
  const slow = Array.from({ length: 20 }, () => budget.begin(wish("bad", "slow.example"), monoMs(0)));
  const held = slow.filter((over) => over !== undefined);
  assert.equal(held.length, 3);
  assert.notEqual(budget.begin(wish("bad", "quick.example"), monoMs(0)), undefined);
  assert.notEqual(budget.begin(wish("good", "slow.example"), monoMs(0)), undefined);
  for (const over of held) over();
  assert.notEqual(budget.begin(wish("bad", "slow.example"), monoMs(0)), undefined);
});

test("the smallest budget lets one fetch through", () => {
  const budget = new FetchBudget(1, 1);
  assert.equal(begun(budget, 5, wish("t")), 1);
  assert.equal(begun(budget, 5, wish("t"), 60_000), 1);
});

test("URLs that have proven good are as many as may be, those that were used last", () => {
  const proven = new ProvenUrls(2);
  for (const key of ["a", "b", "a", "c"]) proven.note(key);
  assert.deepEqual(
    ["a", "b", "c"].map((key) => proven.has(key)),
    [true, false, true],
  );
  proven.forget("a");
  assert.equal(proven.has("a"), false);
});
