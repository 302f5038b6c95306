import { unixMs, type UnixMs } from "../model/time.js";
import type { SiteCalendar } from "../cdr/site-calendar.js";
import type { ReportRange } from "./report-facts.js";
import { dayText, startOfDay } from "./report-rules.js";

export interface ReportSchedule {
  readonly every: "day" | "week" | "month";
  /** `HH:MM` by the report's clock. */
  readonly at: string;
}

const DAY_MS = 86_400_000;

/**
 * The period that a scheduled report should cover by now: the last whole day, week (from Monday) or month whose report was due.
 * It needs no memory, so a report that was missed is made up for, and a clock that jumps back asks for nothing twice.
 * @returns With the name of the period: its first day.
 */
export function duePeriod(
  { every, at }: ReportSchedule,
  clock: SiteCalendar,
  now: UnixMs,
): ReportRange & { readonly label: string } {
  const [hours = 0, minutes = 0] = at.split(":").map(Number);
  const today = clock.localDay(now);
  // The day on which the last report was due.
  const dueDay = clock.localMinute(now) >= hours * 60 + minutes ? today : today - 1;
  const last = beginOf(every, dueDay);
  const first = beginOf(every, last - 1);
  return { from: startOfDay(clock, first), to: startOfDay(clock, last), label: dayText(first) };
}

/** First day of the day, week or month that a day belongs to. */
function beginOf(every: ReportSchedule["every"], day: number): number {
  if (every === "day") return day;
  // 1970-01-01 was a Thursday.
  if (every === "week") return day - ((((day + 3) % 7) + 7) % 7);
  const date = new Date(unixMs(day * DAY_MS));
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1) / DAY_MS;
}
