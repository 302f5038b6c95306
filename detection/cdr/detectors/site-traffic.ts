import type { UnixMs } from "../../model/time.js";
import type { CallRecord } from "../call-record.js";
import { forecast, type DayValue, type Expected } from "../forecast.js";
import type { Suspicion } from "../incident-book.js";
import type { SiteCalendar } from "../site-calendar.js";

interface Site {
  /** Oldest first, one a day without gaps, the last one is today; the first day with records is not among them, as it is seldom whole. */
  readonly days: { readonly day: number; value: number; readonly dayClass: number }[];
  expected: Expected | undefined;
}

/** As plain data: name of the site, its first day, calls out a day, and the classes of the days. */
export type SavedTraffic = readonly (readonly [
  name: string,
  first: number,
  values: readonly number[],
  classes: readonly number[],
])[];

/** Days that are kept of a site: eight weeks that a forecast learns from, and today. */
const KEPT_DAYS = 57;
/** Sites beyond are not watched. */
const MAX_SITES = 1_000;
/** Share of days that should lie within the interval: it is looked at every day at every site, so seldom. */
const LEVEL = 0.99;
/** The interval alone is crossed by chance now and then, and a small site by a handful of calls. */
const OVER_EXPECTED = 1.5;
const LEAST_CALLS = 50;
const EVERY = 10;
const NOON_MS = 43_200_000;
const DAY_MS = 86_400_000;

/**
 * Calls out of a site today beside what its days before led one to expect, with the same forecast and interval that reports show. What
 * no user alone shows is seen so: many who call a little more. Fewer calls than expected are not told; reports show them.
 *
 * Memory: about 1 kB a site.
 */
export class SiteTraffic {
  readonly #sites = new Map<string, Site>();

  /** @returns What is to be told; every tenth call at most. */
  observe(record: CallRecord, day: number, calendar: SiteCalendar): Suspicion | undefined {
    if (record.direction !== "out") return undefined;
    const name = record.site ?? "default";
    const site = this.#sites.get(name) ?? this.#begin(name, day);
    if (site === undefined) return undefined;
    const last = site.days.at(-1)?.day ?? day;
    if (day > last) advance(site, day, calendar);
    const today = site.days.at(-1);
    if (today === undefined) return undefined;
    if (day < today.day) {
      // A late one: learned from, and told of by nobody.
      const late = site.days.find((each) => each.day === day);
      if (late !== undefined) late.value++;
      return undefined;
    }
    today.value++;
    return today.value % EVERY === 0 ? suspicionOf(name, today.value, site.expected) : undefined;
  }

  *save(size: number): Generator<SavedTraffic> {
    const all = [...this.#sites].map(
      ([name, { days }]) =>
        [name, days[0]?.day ?? 0, days.map(({ value }) => value), days.map(({ dayClass }) => dayClass)] as const,
    );
    for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
  }

  load(saved: SavedTraffic): void {
    for (const [name, first, values, classes] of saved) {
      const days = values.map((value, index) => ({ day: first + index, value, dayClass: classes[index] ?? 0 }));
      this.#sites.set(name, { days, expected: expectedOf(days) });
    }
  }

  #begin(name: string, day: number): Site | undefined {
    if (this.#sites.size >= MAX_SITES) return undefined;
    const site: Site = { days: [{ day, value: 0, dayClass: 0 }], expected: undefined };
    this.#sites.set(name, site);
    return site;
  }
}

/** Days without a call are days too. */
function advance(site: Site, day: number, calendar: SiteCalendar): void {
  const { days } = site;
  const last = days.at(-1)?.day ?? day;
  // Whoever was away for longer than is kept begins anew.
  const from = Math.max(last + 1, day - KEPT_DAYS);
  for (let each = from; each <= day; each++) days.push({ day: each, value: 0, dayClass: classOf(each, calendar) });
  days.splice(0, Math.max(0, days.length - KEPT_DAYS));
  site.expected = expectedOf(days);
}

/** Of the last of them, from those before it. */
function expectedOf(days: readonly (DayValue & { readonly day: number })[]): Expected | undefined {
  const today = days.at(-1);
  return today === undefined ? undefined : forecast(days.slice(0, -1), [today.dayClass], LEVEL)[0];
}

function classOf(day: number, calendar: SiteCalendar): number {
  const at = day * DAY_MS + NOON_MS;
  const noon = (at - calendar.offsetMs(at as UnixMs)) as UnixMs;
  return calendar.isHoliday(noon) ? 0 : calendar.localWeekday(noon);
}

function suspicionOf(name: string, calls: number, expected: Expected | undefined): Suspicion | undefined {
  if (expected === undefined || calls < LEAST_CALLS) return undefined;
  const limit = Math.max(expected.high, OVER_EXPECTED * expected.expected);
  if (calls <= limit) return undefined;
  return {
    subject: `site:${name}`,
    severity: calls > 2 * limit ? "high" : "medium",
    score: Math.min(1, calls / (3 * limit)),
    evidence: {
      callsToday: calls,
      expected: Math.round(expected.expected),
      atMost: Math.round(expected.high),
    },
    detail: { site: name },
  };
}
