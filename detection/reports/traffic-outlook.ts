import type { UnixMs } from "../model/time.js";
import { unixMs } from "../model/time.js";
import { expectedDays, forecast, LEARN_DAYS, type DayValue, type Expected } from "../cdr/forecast.js";
import type { DayPoint } from "./report-document.js";
import type { ReportFacts } from "./report-facts.js";
import { dayText, startOfDay } from "./report-rules.js";

/** Share of days that should fall within the interval. */
export const OUTLOOK_LEVEL = 0.95;
const NOON_MS = 43_200_000;

export interface TrafficOutlook {
  /** Days of the period, then of the forecast. */
  readonly points: readonly DayPoint[];
  readonly surprises: readonly DayPoint[];
  readonly ahead: readonly DayPoint[];
  /** Days of history before the period. */
  readonly historyDays: number;
  /** Of the days of the period that had an interval: how many lay in it. */
  readonly judged: number;
  readonly within: number;
}

/**
 * Calls a day beside what the days before led one to expect, and the days to come.
 * @param now Days that are not over at that time are not judged, and not learned from.
 */
export function trafficOutlook(facts: ReportFacts, now: UnixMs, aheadDays: number): TrafficOutlook {
  const { clock } = facts.rules;
  const lastDay = Math.min(clock.localDay(unixMs(facts.range.to - 1)), clock.localDay(now) - 1);
  const firstOfPeriod = clock.localDay(facts.range.from);
  const first = [...facts.callsByDay.keys()].reduce((least, day) => Math.min(least, day), firstOfPeriod);
  // The first day with records is seldom whole.
  const begin = Math.min(first + 1, firstOfPeriod);
  const classOf = (day: number): number => {
    const noon = unixMs(startOfDay(clock, day) + NOON_MS);
    return facts.rules.siteOf(undefined).isHoliday(noon) ? 0 : clock.localWeekday(noon);
  };
  const days: (DayValue & { readonly day: number })[] = [];
  for (let day = begin; day <= lastDay; day++)
    days.push({ day, value: facts.callsByDay.get(day) ?? 0, dayClass: classOf(day) });
  const expected = expectedDays(days, OUTLOOK_LEVEL);
  const points = days
    .map(({ day, value }, index): DayPoint => {
      const known = expected[index];
      const outside =
        known === undefined ? undefined : value > known.high ? "above" : value < known.low ? "below" : undefined;
      return { day: dayText(day), value, ...withInterval(known), ...(outside === undefined ? {} : { outside }) };
    })
    .filter((_point, index) => (days[index]?.day ?? 0) >= firstOfPeriod);
  const classes = Array.from({ length: aheadDays }, (_, index) => classOf(lastDay + 1 + index));
  const ahead = forecast(days, classes, OUTLOOK_LEVEL).flatMap((each, index) =>
    each === undefined ? [] : [{ day: dayText(lastDay + 1 + index), ...withInterval(each) }],
  );
  const judged = points.filter(({ low }) => low !== undefined);
  const surprises = judged.filter(({ outside }) => outside !== undefined);
  return {
    points,
    surprises,
    ahead,
    historyDays: Math.max(0, firstOfPeriod - begin),
    judged: judged.length,
    within: judged.length - surprises.length,
  };
}

export const OUTLOOK_NOTE = `The band is where ${OUTLOOK_LEVEL * 100} of 100 days should lie: as wide as the errors of the same forecast for the days before were. It needs ${LEARN_DAYS} days of history and 14 earlier forecasts.`;

const withInterval = (known: Expected | undefined): Partial<Pick<DayPoint, "low" | "expected" | "high">> =>
  known === undefined ? {} : { low: known.low, expected: known.expected, high: known.high };
