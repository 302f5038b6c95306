import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_SITE, SiteCalendar, unixMs } from "../../../../detection/index.js";
import { duePeriod } from "../../../../detection/reports/schedule.js";

const cases = [
  {
    name: "a day, after its time",
    every: "day",
    now: "2026-03-02T06:00Z",
    period: ["2026-03-01T00:00", "2026-03-02T00:00"],
  },
  {
    name: "a day, before its time: the one before",
    every: "day",
    now: "2026-03-02T05:59Z",
    period: ["2026-02-28T00:00", "2026-03-01T00:00"],
  },
  {
    name: "a week, on a Monday",
    every: "week",
    now: "2026-03-02T06:00Z",
    period: ["2026-02-23T00:00", "2026-03-02T00:00"],
  },
  {
    name: "a week, on a Monday too early",
    every: "week",
    now: "2026-03-02T05:00Z",
    period: ["2026-02-16T00:00", "2026-02-23T00:00"],
  },
  {
    name: "a week, on a Sunday",
    every: "week",
    now: "2026-03-08T23:00Z",
    period: ["2026-02-23T00:00", "2026-03-02T00:00"],
  },
  {
    name: "a month, in its middle",
    every: "month",
    now: "2026-03-15T12:00Z",
    period: ["2026-02-01T00:00", "2026-03-01T00:00"],
  },
  {
    name: "a month, on the first too early",
    every: "month",
    now: "2026-03-01T03:00Z",
    period: ["2026-01-01T00:00", "2026-02-01T00:00"],
  },
  {
    name: "a month, in January",
    every: "month",
    now: "2026-01-31T12:00Z",
    period: ["2025-12-01T00:00", "2026-01-01T00:00"],
  },
  {
    name: "Madrid's month with the change of the clock",
    zone: "Europe/Madrid",
    every: "month",
    now: "2026-04-02T12:00Z",
    period: ["2026-02-28T23:00", "2026-03-31T22:00"],
  },
] as const;

for (const { name, every, now, period, ...rest } of cases) {
  test(`report due: ${name}`, () => {
    const clock = SiteCalendar.of({ ...DEFAULT_SITE, timeZone: "zone" in rest ? rest.zone : "UTC" });
    assert.ok(clock.ok);
    const { from, to } = duePeriod({ every, at: "06:00" }, clock.value, unixMs(Date.parse(now)));
    assert.deepEqual(
      [from, to].map((at) => new Date(at).toISOString().slice(0, 16)),
      period,
    );
  });
}
