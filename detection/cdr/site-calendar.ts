import { fail, ok, type Result } from "../model/result.js";
import type { UnixMs } from "../model/time.js";

/** From and to as `HH:MM`; `24:00` is the end of the day. Where `to` is not after `from` the shift goes on into the next day. */
export type OpenHours = readonly [from: string, to: string];

export const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

export interface SiteOptions {
  /** IANA name: `America/Bogota`; or what is ahead of UTC all year: `-05:00`. */
  readonly timeZone: string;
  /** Days that are not named are closed. */
  readonly open: Readonly<Partial<Record<Weekday, readonly OpenHours[]>>>;
  /** Closed all day: `2026-12-25`, or `12-25` of every year. */
  readonly holidays: readonly string[];
}

const OFFICE: readonly OpenHours[] = [["08:00", "18:00"]];
/** Monday to Friday, 8 to 18 o'clock, UTC. */
export const DEFAULT_SITE: SiteOptions = {
  timeZone: "UTC",
  open: { monday: OFFICE, tuesday: OFFICE, wednesday: OFFICE, thursday: OFFICE, friday: OFFICE },
  holidays: [],
};

export type SiteError =
  | { readonly code: "site.time-zone"; readonly text: string }
  | { readonly code: "site.hours"; readonly text: string }
  | { readonly code: "site.holiday"; readonly text: string };

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const MINUTES_A_DAY = 1_440;
/** Days whose holidays are remembered. */
const MOST_ASKED = 64;
/** Every change of an offset in use falls on a quarter of an hour. */
const SLICE_MS = 900_000;
/** Offsets that are remembered; the oldest go. Half a year of quarters. */
const MAX_SLICES = 17_520;

/** What is ahead of UTC all year, ms; or the zone's table. */
type Zone = number | Intl.DateTimeFormat;

/** Local time and business hours of one site. Pure but for `Intl`'s zone tables. */
export class SiteCalendar {
  readonly timeZone: string;
  readonly #zone: Zone;
  /** Minutes since Sunday 00:00 at which it opens and closes, in pairs, ascending; may reach beyond the week's end. */
  readonly #open: readonly (readonly [from: number, to: number])[];
  readonly #dates: ReadonlySet<number>;
  readonly #everyYear: ReadonlySet<string>;
  readonly #yearlyAsked = new Map<number, boolean>();
  readonly #offsets = new Map<number, number>();

  private constructor(
    options: SiteOptions,
    zone: Zone,
    parts: {
      readonly open: readonly (readonly [number, number])[];
      readonly dates: ReadonlySet<number>;
      readonly everyYear: ReadonlySet<string>;
    },
  ) {
    this.timeZone = options.timeZone;
    this.#zone = zone;
    this.#open = parts.open;
    this.#dates = parts.dates;
    this.#everyYear = parts.everyYear;
  }

  static of(options: SiteOptions): Result<SiteCalendar, SiteError> {
    const zone = zoneOf(options.timeZone);
    if (zone === undefined) return fail({ code: "site.time-zone", text: options.timeZone });
    const open = readWeek(options.open);
    if (!open.ok) return open;
    const dates = new Set<number>();
    const everyYear = new Set<string>();
    for (const text of options.holidays) {
      const day = readDay(text);
      if (day === undefined) return fail({ code: "site.holiday", text });
      if (typeof day === "number") dates.add(day);
      else everyYear.add(day);
    }
    return ok(new SiteCalendar(options, zone, { open: open.value, dates, everyYear }));
  }

  /** Local minus UTC, ms, at that time. */
  offsetMs(at: UnixMs): number {
    if (typeof this.#zone === "number") return this.#zone;
    const slice = Math.floor(at / SLICE_MS);
    const known = this.#offsets.get(slice);
    if (known !== undefined) return known;
    const offset = askOffset(this.#zone, slice * SLICE_MS);
    if (this.#offsets.size >= MAX_SLICES) {
      const [oldest] = this.#offsets.keys();
      if (oldest !== undefined) this.#offsets.delete(oldest);
    }
    this.#offsets.set(slice, offset);
    return offset;
  }

  /** Days since 1970-01-01 by the site's own calendar. */
  localDay(at: UnixMs): number {
    return Math.floor((at + this.offsetMs(at)) / DAY_MS);
  }

  /** Minutes since midnight by the site's own clock, 0–1,439. */
  localMinute(at: UnixMs): number {
    const local = at + this.offsetMs(at);
    return Math.floor((local - Math.floor(local / DAY_MS) * DAY_MS) / MINUTE_MS);
  }

  /** 0 Sunday … 6 Saturday, by the site's own calendar. */
  localWeekday(at: UnixMs): number {
    return weekdayOf(this.localDay(at));
  }

  isHoliday(at: UnixMs): boolean {
    return this.#isHoliday(this.localDay(at));
  }

  #isHoliday(day: number): boolean {
    if (this.#dates.has(day)) return true;
    if (this.#everyYear.size === 0) return false;
    // Asked for each call, of a day or two at a time.
    const known = this.#yearlyAsked.get(day);
    if (known !== undefined) return known;
    const isOne = this.#everyYear.has(new Date(day * DAY_MS).toISOString().slice(5, 10));
    if (this.#yearlyAsked.size >= MOST_ASKED) this.#yearlyAsked.clear();
    this.#yearlyAsked.set(day, isOne);
    return isOne;
  }

  /** People work there then. A shift that began the day before counts by the day on which it began. */
  isOpen(at: UnixMs): boolean {
    const day = this.localDay(at);
    const minute = this.localMinute(at);
    return this.#isOpenOn(day, minute) || this.#isOpenOn(day - 1, minute + MINUTES_A_DAY);
  }

  /** @param minute Since midnight of that day; may be of the day after. */
  #isOpenOn(day: number, minute: number): boolean {
    const start = weekdayOf(day) * MINUTES_A_DAY;
    const within = this.#open.some(
      ([from, to]) => from >= start && from < start + MINUTES_A_DAY && start + minute >= from && start + minute < to,
    );
    return within && !this.#isHoliday(day);
  }
}

/** @returns Undefined: there is no such zone. */
function zoneOf(name: string): Zone | undefined {
  const [, sign, hours, minutes] = /^([+-])(0\d|1[0-4]):([0-5]\d)$/.exec(name) ?? [];
  if (sign !== undefined) return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * MINUTE_MS;
  try {
    return new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch {
    return undefined;
  }
}

function askOffset(format: Intl.DateTimeFormat, at: number): number {
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of format.formatToParts(at)) parts[type] = Number(value);
  const { year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - at;
}

/** 1970-01-01 was a Thursday. */
const weekdayOf = (day: number): number => (((day + 4) % 7) + 7) % 7;

function readWeek(open: SiteOptions["open"]): Result<readonly (readonly [number, number])[], SiteError> {
  const read: (readonly [number, number])[] = [];
  for (const [weekday, name] of WEEKDAYS.entries()) {
    for (const [from, to] of open[name] ?? []) {
      const [start, end] = [readMinute(from), readMinute(to)];
      if (start === undefined || end === undefined || start === MINUTES_A_DAY)
        return fail({ code: "site.hours", text: `${name} ${from}–${to}` });
      const base = weekday * MINUTES_A_DAY;
      read.push([base + start, base + (end > start ? end : end + MINUTES_A_DAY)]);
    }
  }
  return ok(read);
}

function readMinute(text: string): number | undefined {
  const [, hours, minutes] = /^(\d{1,2}):([0-5]\d)$/.exec(text) ?? [];
  if (hours === undefined || minutes === undefined) return undefined;
  const minute = Number(hours) * 60 + Number(minutes);
  return minute <= MINUTES_A_DAY ? minute : undefined;
}

/** @returns Days since 1970, or `MM-DD` for every year. */
function readDay(text: string): number | string | undefined {
  const [, year, month = "", day = ""] = /^(?:(\d{4})-)?(\d{2})-(\d{2})$/.exec(text) ?? [];
  // A leap year where none is given: 29 February is a day.
  const at = Date.UTC(Number(year ?? 2024), Number(month) - 1, Number(day));
  if (!Number.isFinite(at) || new Date(at).toISOString().slice(5, 10) !== `${month}-${day}`) return undefined;
  return year === undefined ? `${month}-${day}` : at / DAY_MS;
}
