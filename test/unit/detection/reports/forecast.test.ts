import assert from "node:assert/strict";
import { test } from "node:test";
import { Seeded } from "../../../../detection/index.js";
import { expectedDays, forecast, LEARN_DAYS, type DayValue } from "../../../../detection/cdr/forecast.js";

const WEEK = [40, 900, 950, 1000, 940, 800, 120];

/** A week's pattern, with noise of the size that counting and people make. */
function days(count: number, seed: number, noise = 0.08): DayValue[] {
  const random = new Seeded(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  return Array.from({ length: count }, (_, day) => {
    const usual = WEEK[day % 7] ?? 0;
    const spread = Math.hypot(noise * usual, Math.sqrt(usual));
    return { value: Math.max(0, Math.round(usual + spread * normal())), dayClass: day % 7 };
  });
}

test("the interval holds the share of days that it says, over many series", () => {
  let judged = 0;
  let within = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const series = days(120, seed);
    for (const [index, expected] of expectedDays(series, 0.9).entries()) {
      if (expected === undefined) continue;
      const value = series[index]?.value ?? 0;
      judged++;
      if (value >= expected.low && value <= expected.high) within++;
    }
  }
  const share = within / judged;
  assert.ok(share > 0.87 && share < 0.94, `${share} of ${judged}`);
});

test("a quiet weekday is expected to be quiet", () => {
  const series = days(70, 3);
  const ahead = forecast(series, [0, 1, 2, 3, 4, 5, 6], 0.95);
  for (const [dayClass, expected] of ahead.entries()) {
    const usual = WEEK[dayClass] ?? 0;
    assert.ok(expected !== undefined && Math.abs(expected.expected - usual) < 0.2 * usual, `${dayClass}`);
    assert.ok(expected.low <= expected.expected && expected.expected <= expected.high);
  }
});

test("three times the usual calls lie outside, and so does a day without any", () => {
  for (const value of [3000, 0]) {
    const series = [...days(71, 5), { value, dayClass: 1 }];
    const last = expectedDays(series, 0.95).at(-1);
    assert.ok(last !== undefined && (value > last.high || value < last.low), JSON.stringify({ value, last }));
  }
});

test("what is expected of a day does not know the days after it", () => {
  const series = days(80, 7);
  const all = expectedDays(series, 0.95);
  assert.deepEqual(expectedDays(series.slice(0, 60), 0.95), all.slice(0, 60));
});

const short = [0, 1, LEARN_DAYS, LEARN_DAYS + 10];
for (const count of short) {
  test(`${count} days are too few for an interval`, () => {
    assert.deepEqual(forecast(days(count, 1), [1], 0.95), [undefined]);
    assert.ok(expectedDays(days(count, 1), 0.95).every((each) => each === undefined));
  });
}

test("days without a single call give an interval, not NaN", () => {
  const [ahead] = forecast(
    Array.from({ length: 60 }, (_, day) => ({ value: 0, dayClass: day % 7 })),
    [4],
    0.95,
  );
  assert.ok(ahead !== undefined && ahead.expected === 0 && Number.isFinite(ahead.high));
});
