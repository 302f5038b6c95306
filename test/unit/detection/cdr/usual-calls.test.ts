import assert from "node:assert/strict";
import { test } from "node:test";
import type { UnixMs } from "../../../../detection/index.js";
import { UsualCalls } from "../../../../detection/cdr/usual-calls.js";

const HOUR_MS = 3_600_000;
const DAY_HOURS = 24;
const MINUTE_MS = 60_000;
const QUIET_MS = 6 * HOUR_MS;
/** A day's start in UTC. */
const FROM = Date.parse("2026-03-02T00:00:00Z");

const at = (hour: number, minute = 0): UnixMs => (FROM + hour * HOUR_MS + minute * MINUTE_MS) as UnixMs;
const made = (): UsualCalls => new UsualCalls(QUIET_MS);

/** So many calls within that hour. */
function calls(usual: UsualCalls, hour: number, count: number): void {
  for (let i = 0; i < count; i++) usual.add(at(hour, (i * 60) / count));
}

/** The same, and of the last one it is said that it is one too many. */
function found(usual: UsualCalls, hour: number, count: number, users = 1, isOrdinary = false): void {
  calls(usual, hour, count);
  usual.found(at(hour, 59), { calls: count, users, isOrdinary });
}

const close = (value: number, expected: number): void => {
  assert.ok(Math.abs(value - expected) < 1e-9, `${value}, not ${expected}`);
};

test("the first day's busiest hour is usual, then a tenth of each day's", () => {
  const usual = made();
  calls(usual, 9, 2);
  calls(usual, 10, 6);
  close(usual.value, 0);
  calls(usual, DAY_HOURS + 10, 16);
  close(usual.value, 6);
  calls(usual, 2 * DAY_HOURS + 10, 1);
  close(usual.value, 7);
});

test("a day is over an hour after its end; no hour of it is lost, and none of the next day counts for it", () => {
  const usual = made();
  calls(usual, 12, 2);
  calls(usual, 23, 5);
  calls(usual, 24, 9);
  close(usual.value, 0);
  calls(usual, 25, 1);
  close(usual.value, 5);
  calls(usual, 50, 1);
  close(usual.value, 5.4);
});

test("an hour after midnight that nothing follows for days counts for its own day", () => {
  const usual = made();
  calls(usual, 12, 2);
  calls(usual, 24, 9);
  calls(usual, 30, 1);
  close(usual.value, 2);
  calls(usual, 100, 1);
  close(usual.value, 2.7);
});

test("calls that come late count for their own hour, not for the one that is being counted", () => {
  const usual = made();
  calls(usual, 9, 3);
  calls(usual, 10, 3);
  calls(usual, 9, 4);
  for (let i = 0; i < 50; i++) usual.add(at(4));
  calls(usual, DAY_HOURS + 10, 1);
  close(usual.value, 7);
});

test("a day on which something was found is not learned, and nothing is learned until it is over", () => {
  const usual = made();
  calls(usual, 10, 2);
  calls(usual, DAY_HOURS + 10, 2);
  calls(usual, DAY_HOURS + 12, 2);
  close(usual.value, 2);
  for (let hour = DAY_HOURS + 20; hour < 3 * DAY_HOURS; hour++) {
    found(usual, hour, 50);
    close(usual.value, 2);
  }
  calls(usual, 4 * DAY_HOURS + 10, 12);
  close(usual.value, 2);
  calls(usual, 5 * DAY_HOURS + 10, 1);
  close(usual.value, 3);
});

test("what is found at five past midnight takes the evening before with it", () => {
  const usual = made();
  calls(usual, 23, 40);
  usual.add(at(24, 4));
  usual.found(at(24, 5), { calls: 41, users: 1, isOrdinary: false });
  for (const hour of [25, 26, 40, 80, 100]) calls(usual, hour, 1);
  close(usual.value, 1);
});

test("what was found is usual when it came back for the third time: the middle of the three, not the worst", () => {
  const usual = made();
  for (const [night, count] of [50, 900, 40].entries()) {
    close(usual.value, 0);
    found(usual, night * DAY_HOURS + 22, count);
  }
  calls(usual, 3 * DAY_HOURS + 10, 1);
  close(usual.value, 50);
});

test("three times within years is not often", () => {
  const usual = made();
  for (let time = 0; time < 6; time++) found(usual, time * 40 * DAY_HOURS, 50);
  calls(usual, 300 * DAY_HOURS, 1);
  close(usual.value, 0);
});

test("what looked like work is learned at once, as a day is: site open, ordinary numbers, three users", () => {
  const cases = [
    { users: 3, isOrdinary: true, expected: 20 },
    { users: 2, isOrdinary: true, expected: 0 },
    { users: 30, isOrdinary: false, expected: 0 },
  ];
  for (const { users, isOrdinary, expected } of cases) {
    const usual = made();
    found(usual, 9, 15, 1, isOrdinary);
    found(usual, 10, 20, users, isOrdinary);
    calls(usual, DAY_HOURS + 9, 1);
    close(usual.value, expected);
  }
});

test("one incident is learned after seven days, not before", () => {
  const usual = made();
  for (let hour = 0; hour < 7 * DAY_HOURS; hour++) {
    found(usual, hour, 30);
    close(usual.value, 0);
  }
  found(usual, 7 * DAY_HOURS, 30);
  close(usual.value, 30);
});

test("what is saved goes on as if nothing had been, at any hour of it", () => {
  const run = (restarts: boolean): number[] => {
    let usual = made();
    const values: number[] = [];
    for (let hour = 0; hour < 12 * DAY_HOURS; hour++) {
      if (hour % DAY_HOURS >= 22 && hour < 6 * DAY_HOURS) found(usual, hour, 50 + hour);
      else if (hour % DAY_HOURS > 8) calls(usual, hour, 1 + (hour % 7));
      values.push(usual.value);
      if (!restarts) continue;
      const saved = JSON.parse(JSON.stringify(usual.save())) as ReturnType<UsualCalls["save"]>;
      usual = made();
      usual.load(saved);
    }
    return values;
  };
  const expected = run(false);
  assert.ok(new Set(expected).size > 3);
  assert.deepEqual(run(true), expected);
});

test("what an earlier version saved is taken: usual calls, days, hour, its calls, day, its peak", () => {
  const usual = made();
  const hour = Math.floor(at(10) / HOUR_MS);
  usual.load({ figures: [4, 9, hour, 3, Math.floor(hour / DAY_HOURS), 14] });
  close(usual.value, 4);
  calls(usual, DAY_HOURS + 10, 1);
  close(usual.value, 5);
});
