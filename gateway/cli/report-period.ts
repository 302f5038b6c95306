import {
  readDay,
  startOfDay,
  unixMs,
  type ReportRange,
  type SiteCalendar,
  type UnixMs,
} from "../../detection/index.js";
import { fail, ok, type Result } from "../core/result.js";

export interface PeriodError {
  /** `period.time`: cannot be read. `period.order`: ends before it begins. `period.long`: more than ten years. */
  readonly code: "period.time" | "period.order" | "period.long";
  /** Which option, its value and what is the matter. */
  readonly text: string;
}

const MAX_MS = 3_660 * 86_400_000;
const NO_TIME =
  "no such day or time; a day (2026-03-01), a time with its zone (2026-03-01T08:30:00Z) or milliseconds since 1970 is wanted";

/**
 * @param from A day (`2026-03-01`: from its midnight on), ISO 8601 with a zone, or ms since 1970. Undefined: see `whole`.
 * @param to A day (all of it belongs to the period), or the moment at which it ends.
 * @param whole What is meant where neither is given: the day, or the month, before `now`.
 */
export function readPeriod(
  { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined },
  calendar: SiteCalendar,
  now: UnixMs,
  whole: "day" | "month",
): Result<ReportRange, PeriodError> {
  const usual = whole === "day" ? dayBefore(calendar, now) : monthBefore(calendar, now);
  const start = from === undefined ? undefined : readMoment(from, calendar, 0);
  const end = to === undefined ? undefined : readMoment(to, calendar, 1);
  if (from !== undefined && start === undefined)
    return fail({ code: "period.time", text: `--from ${from}: ${NO_TIME}` });
  if (to !== undefined && end === undefined) return fail({ code: "period.time", text: `--to ${to}: ${NO_TIME}` });
  const range =
    start === undefined && end === undefined
      ? usual
      : { from: start ?? (end === undefined ? usual.from : lastDays(calendar, end, whole)), to: end ?? now };
  if (range.from >= range.to)
    return fail({ code: "period.order", text: `${given({ from, to })}: the period ends before it begins` });
  if (range.to - range.from > MAX_MS)
    return fail({ code: "period.long", text: `${given({ from, to })}: the period is longer than ten years` });
  return ok(range);
}

const given = ({ from, to }: { readonly from: string | undefined; readonly to: string | undefined }): string =>
  [...(from === undefined ? [] : [`--from ${from}`]), ...(to === undefined ? [] : [`--to ${to}`])].join(", ");

function readMoment(text: string, calendar: SiteCalendar, daysOn: 0 | 1): UnixMs | undefined {
  const day = readDay(text);
  if (day !== undefined) return startOfDay(calendar, day + daysOn);
  if (/^\d{9,15}$/.test(text)) return unixMs(Number(text));
  const at = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isFinite(at) ? unixMs(at) : undefined;
}

function lastDays(calendar: SiteCalendar, end: UnixMs, whole: "day" | "month"): UnixMs {
  return startOfDay(calendar, calendar.localDay(unixMs(end - 1)) - (whole === "day" ? 0 : 29));
}

function dayBefore(calendar: SiteCalendar, now: UnixMs): ReportRange {
  const today = calendar.localDay(now);
  return { from: startOfDay(calendar, today - 1), to: startOfDay(calendar, today) };
}

function monthBefore(calendar: SiteCalendar, now: UnixMs): ReportRange {
  const today = new Date(calendar.localDay(now) * 86_400_000);
  const first = (back: number): number => Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - back, 1) / 86_400_000;
  return { from: startOfDay(calendar, first(1)), to: startOfDay(calendar, first(0)) };
}
