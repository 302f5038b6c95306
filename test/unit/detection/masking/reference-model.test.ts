// The tables against a naive model that keeps everything, on seeded random streams.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CallerMeter, MeterBudget } from "../../../../detection/masking/caller-meter.js";
import { NumberTable } from "../../../../detection/masking/number-table.js";
import { SeededRandom } from "../../../support/seeded-random.js";

/** Latest call of each caller of each number, nothing forgotten. */
class NaiveWindow {
  readonly #calls = new Map<number, Map<number, number>>();
  readonly #windowMs: number;
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }
  observe(number: number, caller: number, at: number): number {
    const callers = this.#calls.get(number) ?? new Map<number, number>();
    this.#calls.set(number, callers);
    callers.set(caller, Math.max(at, callers.get(caller) ?? -Infinity));
    const ends = [...callers.values()].filter((end) => end >= at && end < at + this.#windowMs);
    // Every window counted holds `at`, so this caller is in it, wherever his latest call is.
    return Math.max(...[at, ...ends].map((end) => 1 + this.#others(callers, caller, end)));
  }
  #others(callers: ReadonlyMap<number, number>, caller: number, end: number): number {
    const isIn = (time: number): boolean => time <= end && time > end - this.#windowMs;
    return [...callers].filter(([id, time]) => id !== caller && isIn(time)).length;
  }
}

const BASE = 1_700_000_000_000;
const seeds = [1, 2, 3, 4, 5, 6, 7, 8];

for (const seed of seeds) {
  test(`the table counts like the model, up to what a number's ring can hold (seed ${seed})`, () => {
    const random = new SeededRandom(seed);
    const windowMs = 100 + random.below(10_000);
    const table = new NumberTable(4, 5);
    const model = new NaiveWindow(windowMs);
    const meanGapMs = [1, 20, 300][seed % 3] ?? 1;
    let at = BASE;
    for (let i = 0; i < 20_000; i++) {
      at += random.below(meanGapMs * 2);
      const number = 1 + random.below(200);
      const caller = 1 + random.below(1 << 20) * (random.below(3) > 0 ? 0 : 1) + random.below(8);
      const expected = model.observe(number, caller, at);
      const actual = table.observe(number * 7919, number * 104_729, caller, at | 0, i + 1, windowMs);
      assert.equal(Math.min(actual, 7), Math.min(expected, 7), `event ${i} at ${at - BASE}`);
    }
  });

  test(`a meter counts like the model, however many callers come (seed ${seed})`, () => {
    const random = new SeededRandom(100 + seed);
    const windowMs = 5_000;
    const meter = new CallerMeter(new MeterBudget(1_000_000));
    const model = new NaiveWindow(windowMs);
    let at = BASE;
    for (let i = 0; i < 3_000; i++) {
      at += random.below(40);
      const caller = 1 + random.below(400);
      assert.equal(meter.observe(caller, at | 0, windowMs), model.observe(1, caller, at), `event ${i}`);
    }
  });

  test(`late calls are compared with every window around them (seed ${seed})`, () => {
    const random = new SeededRandom(200 + seed);
    const table = new NumberTable(4, 5);
    for (let round = 0; round < 2_000; round++) {
      // Fewer callers than a ring holds: nothing is forgotten, so the model must be met exactly.
      const model = new NaiveWindow(5_000);
      for (let i = 0; i < 7; i++) {
        const at = BASE + random.below(20_000);
        const caller = 1 + random.below(7);
        const number = 1 + round;
        const actual = table.observe(number * 7919, number * 104_729, caller, at | 0, i + 1, 5_000);
        assert.equal(actual, model.observe(number, caller, at), `round ${round}, call ${i}`);
      }
    }
  });
}

test("a meter without budget counts as far as it has room, and never more than there are", () => {
  const meter = new CallerMeter(new MeterBudget(0));
  const counts = Array.from({ length: 100 }, (_, i) => meter.observe(i + 1, (BASE + i) | 0, 5_000));
  assert.equal(counts.at(-1), 17, "16 kept and the one who calls");
});

test("time that wraps at 2^32 ms changes nothing", () => {
  const table = new NumberTable(1, 5);
  const wrap = 2 ** 32;
  const counts = [-200, -100, 0, 100, 4_850].map((at, i) => table.observe(5, 5, i + 1, (wrap + at) | 0, i + 1, 5_000));
  assert.deepEqual(counts, [1, 2, 3, 4, 4]);
});
