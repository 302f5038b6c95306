import assert from "node:assert/strict";
import { test } from "node:test";
import { monoMs } from "../../../../gateway/core/time.js";
import { OFF } from "../../../../gateway/sip/transaction/sip-timers.js";
import { TimerWheel, type WheelEntry } from "../../../../gateway/sip/transaction/timer-wheel.js";
import { SeededRandom } from "../../../support/seeded-random.js";

class Entry implements WheelEntry {
  wheelNext: WheelEntry | undefined = undefined;
  wheelPrevious: WheelEntry | undefined = undefined;
  wheelTick = 0;
  deadline: number;
  readonly fired: number[] = [];
  readonly #then: ((entry: Entry, now: number) => void) | undefined;
  constructor(deadline: number, then?: (entry: Entry, now: number) => void) {
    this.deadline = deadline;
    this.#then = then;
  }
  onTime(now: number): void {
    this.deadline = OFF;
    this.fired.push(now);
    this.#then?.(this, now);
  }
}

/** Goes from one due time to the next, as the driver does. */
function run(wheel: TimerWheel, until: number): void {
  for (let next = wheel.nextDue(); next !== undefined && next <= until; next = wheel.nextDue()) wheel.advance(next);
  wheel.advance(monoMs(until));
}

test("an entry fires at the first tick at or after its deadline, never before", () => {
  const wheel = new TimerWheel(10, 4);
  const entries = [1, 10, 11, 155, 160, 161, 500].map((at) => new Entry(at));
  for (const entry of entries) wheel.update(entry);
  run(wheel, 1000);
  assert.deepEqual(
    entries.map((entry) => entry.fired),
    [[10], [10], [20], [160], [160], [170], [500]],
  );
  assert.equal(wheel.size, 0);
});

test("a deadline that moves later fires once, at the later time", () => {
  const wheel = new TimerWheel(10, 4);
  const entry = new Entry(50);
  wheel.update(entry);
  entry.deadline = 90;
  wheel.update(entry);
  run(wheel, 1000);
  assert.deepEqual(entry.fired, [90]);
});

test("a deadline that moves earlier fires at the earlier time", () => {
  const wheel = new TimerWheel(10, 4);
  const entry = new Entry(900);
  wheel.update(entry);
  entry.deadline = 30;
  wheel.update(entry);
  run(wheel, 1000);
  assert.deepEqual(entry.fired, [30]);
});

test("an entry whose deadline goes off does not fire and is not kept", () => {
  const wheel = new TimerWheel(10, 4);
  const entry = new Entry(50);
  wheel.update(entry);
  entry.deadline = OFF;
  wheel.update(entry);
  assert.equal(wheel.size, 0);
  run(wheel, 1000);
  assert.deepEqual(entry.fired, []);
});

test("while entries fire others of the same tick may be removed, moved and added", () => {
  const wheel = new TimerWheel(10, 4);
  const removed = new Entry(50);
  const moved = new Entry(50);
  const added = new Entry(60);
  const first = new Entry(50, () => {
    wheel.remove(removed);
    moved.deadline = 210;
    wheel.update(moved);
    wheel.update(added);
  });
  for (const entry of [removed, moved, first]) wheel.update(entry);
  run(wheel, 1000);
  assert.deepEqual([first.fired, removed.fired, moved.fired, added.fired], [[50], [], [210], [60]]);
  assert.equal(wheel.size, 0);
});

test("after a long sleep everything that was due fires once", () => {
  const wheel = new TimerWheel(10, 4);
  const entries = [20, 160, 170, 480, 5000].map((at) => new Entry(at));
  for (const entry of entries) wheel.update(entry);
  wheel.advance(monoMs(4000));
  assert.deepEqual(
    entries.map((entry) => entry.fired),
    [[4000], [4000], [4000], [4000], []],
  );
});

test("10,000 random moves fire exactly what a sorted list would", () => {
  const seed = 7;
  const random = new SeededRandom(seed);
  const wheel = new TimerWheel(10, 6);
  const entries = Array.from({ length: 200 }, () => new Entry(OFF));
  let now = 0;
  for (let i = 0; i < 10_000; i++) {
    const entry = entries[random.below(200)]!;
    entry.deadline = random.below(5) === 0 ? OFF : now + 1 + random.below(3000);
    wheel.update(entry);
    if (i % 3 !== 0) continue;
    now += random.below(40);
    const due = entries.filter((each) => each.deadline !== OFF && Math.ceil(each.deadline / 10) * 10 <= now);
    const before = due.map((each) => each.fired.length);
    wheel.advance(monoMs(now));
    due.forEach((each, at) => assert.equal(each.fired.length, before[at]! + 1, `seed ${seed}, step ${i}`));
    assert.equal(wheel.size, entries.filter((each) => each.deadline !== OFF).length, `seed ${seed}, step ${i}`);
  }
});
