import { SiteCalendar, type CallRecord, type Seeded, type UnixMs } from "../../detection/index.js";
import { COUNTRIES, digits, type Country, type Profile, type Site, type User } from "./population.js";

export const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

export type Draft = Omit<CallRecord, "id" | "source" | "callId">;

/** When people of a profile call: weights of the 24 hours of a working day. */
const HOURS: Readonly<Record<Profile, readonly number[]>> = {
  office: hours([8, 2], [9, 8], [10, 10], [11, 9], [12, 5], [13, 3], [14, 6], [15, 9], [16, 8], [17, 5], [18, 1]),
  sales: hours(
    [8, 3],
    [9, 10],
    [10, 12],
    [11, 11],
    [12, 6],
    [13, 4],
    [14, 8],
    [15, 11],
    [16, 10],
    [17, 7],
    [18, 3],
    [19, 1],
  ),
  manager: hours(
    [7, 2],
    [8, 5],
    [9, 8],
    [10, 8],
    [11, 7],
    [12, 5],
    [14, 6],
    [15, 7],
    [16, 7],
    [17, 7],
    [18, 5],
    [19, 3],
    [20, 2],
    [21, 1],
  ),
  dialler: hours(
    [9, 10],
    [10, 10],
    [11, 10],
    [12, 8],
    [13, 6],
    [14, 10],
    [15, 10],
    [16, 10],
    [17, 9],
    [18, 4],
    [19, 3],
  ),
  hotline: hours(
    [8, 5],
    [9, 8],
    [10, 8],
    [11, 8],
    [12, 7],
    [13, 7],
    [14, 8],
    [15, 8],
    [16, 8],
    [17, 7],
    [18, 5],
    [19, 3],
  ),
  night: hours([22, 8], [23, 8], [0, 6], [1, 4], [2, 3], [3, 3], [4, 4], [5, 6]),
  lobby: hours([8, 8], [9, 10], [10, 10], [11, 8], [12, 6], [13, 5], [14, 8], [15, 8], [16, 8], [17, 6]),
};

function hours(...weights: readonly (readonly [hour: number, weight: number])[]): readonly number[] {
  const all = new Array<number>(24).fill(0);
  for (const [hour, weight] of weights) all[hour] = weight;
  return all;
}

/** Weekdays: Sunday 0 … Saturday 6. */
const WEEKDAYS: readonly number[] = [0.03, 1.15, 1, 1, 1, 0.85, 0.06];
const ALL_WEEK: ReadonlySet<Profile> = new Set(["night"]);
/** Calls in for each call out. */
const INCOMING: Readonly<Record<Profile, number>> = {
  office: 0.7,
  sales: 0.5,
  manager: 0.6,
  dialler: 0.04,
  hotline: 9,
  night: 1.5,
  lobby: 4,
};
const ANSWERED: Readonly<Record<Profile, number>> = {
  office: 0.8,
  sales: 0.7,
  manager: 0.85,
  dialler: 0.35,
  hotline: 0.85,
  night: 0.8,
  lobby: 0.85,
};
const MEAN_MINUTES: Readonly<Record<Profile, number>> = {
  office: 3,
  sales: 5,
  manager: 7,
  dialler: 1.6,
  hotline: 5,
  night: 2,
  lobby: 1,
};

export interface Trip {
  readonly from: number;
  readonly until: number;
  readonly country: Country;
}

const calendars = new Map<string, SiteCalendar>();
export function calendarOf(site: Site): SiteCalendar {
  let calendar = calendars.get(site.name);
  if (calendar === undefined) {
    const made = SiteCalendar.of(site.options);
    if (!made.ok) throw new Error(`${site.name}: ${made.error.code}`);
    calendar = made.value;
    calendars.set(site.name, calendar);
  }
  return calendar;
}

/** UTC time of a local time of that day at the site. */
export function localTime(site: Site, dayStart: number, minutes: number): UnixMs {
  const noon = (dayStart + DAY_MS / 2) as UnixMs;
  return (dayStart + minutes * MINUTE_MS - calendarOf(site).offsetMs(noon)) as UnixMs;
}

/** What one honest user does on one day, in any order. */
export function honestDay(user: User, dayStart: number, trip: Trip | undefined, random: Seeded): Draft[] {
  const { site, profile } = user;
  const noon = (dayStart + DAY_MS / 2) as UnixMs;
  const calendar = calendarOf(site);
  const isOff = calendar.isHoliday(noon) && !ALL_WEEK.has(profile);
  const weekday = ALL_WEEK.has(profile) ? 1 : (WEEKDAYS[calendar.localWeekday(noon)] ?? 1);
  const isQuiet = site.quietMonths.includes(new Date(noon).getUTCMonth() + 1);
  // Campaigns and bad days: a long tail, as people have it.
  const mood = Math.exp((random.next() + random.next() + random.next() - 1.5) * 0.7) * (random.chance(0.01) ? 1.8 : 1);
  const expected = user.calls * (isOff ? 0.03 : weekday) * (isQuiet ? 0.5 : 1) * mood;
  const drafts: Draft[] = [];
  const made = poisson(expected, random);
  const starts = callTimes(user, dayStart, made, random);
  for (const start of starts) drafts.push(callOut(user, start, trip, random));
  const received = poisson(expected * INCOMING[profile], random);
  for (const start of callTimes(user, dayStart, received, random)) drafts.push(callIn(user, start, random));
  return drafts;
}

function callTimes(user: User, dayStart: number, count: number, random: Seeded): UnixMs[] {
  const weights = HOURS[user.profile];
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return Array.from({ length: count }, () => {
    let left = random.next() * total;
    let hour = weights.findIndex((weight) => (left -= weight) < 0);
    if (hour < 0) hour = 12;
    return (localTime(user.site, dayStart, hour * 60) + Math.floor(random.next() * HOUR_MS)) as UnixMs;
  });
}

/** Length of an answered call: most are short, some are long. */
export function talkMs(meanMinutes: number, random: Seeded): number {
  return Math.max(2_000, Math.round(-Math.log(1 - random.next()) * meanMinutes * MINUTE_MS));
}

function callOut(user: User, startedAt: UnixMs, trip: Trip | undefined, random: Seeded): Draft {
  const isAbroad = random.chance(trip === undefined ? user.abroad : 0.6);
  const country = trip !== undefined && random.chance(0.7) ? trip.country : random.pick(user.countries);
  const local = user.profile === "dialler" || random.chance(0.3);
  const called = isAbroad
    ? `${country.prefix}${digits(random, 12 - country.prefix.length)}`
    : local
      ? `${user.site.prefix}${digits(random, 12 - user.site.prefix.length)}`
      : random.pick(user.contacts);
  const isForeign = isAbroad && country.code !== user.site.country;
  const far = { called, country: isForeign ? country.code : user.site.country, isForeign };
  return outgoing(
    user,
    startedAt,
    far,
    random.chance(ANSWERED[user.profile]) ? talkMs(MEAN_MINUTES[user.profile], random) : 0,
    random,
  );
}

export interface FarEnd {
  readonly called: string;
  readonly country: string | undefined;
  readonly isForeign: boolean;
  readonly numberClass?: CallRecord["numberClass"];
}

export function outgoing(user: User, startedAt: UnixMs, far: FarEnd, durationMs: number, random: Seeded): Draft {
  const ringMs = 2_000 + random.below(15_000);
  const answeredAt = (startedAt + ringMs) as UnixMs;
  return {
    user: user.name,
    direction: "out",
    caller: user.number,
    called: far.called,
    ...(far.country === undefined ? {} : { country: far.country }),
    numberClass: far.numberClass ?? "fixed-or-mobile",
    international: far.isForeign,
    startedAt,
    ...(durationMs > 0 ? { answeredAt } : {}),
    endedAt: (answeredAt + durationMs) as UnixMs,
    durationMs,
    ringMs,
    outcome: durationMs > 0 ? "answered" : random.chance(0.3) ? "busy" : "no-answer",
    site: user.site.name,
  };
}

function callIn(user: User, startedAt: UnixMs, random: Seeded): Draft {
  const isAbroad = random.chance(user.abroad * 0.5 + 0.005);
  const country = isAbroad ? random.pick(random.chance(0.7) ? user.countries : COUNTRIES) : undefined;
  const prefix = country?.prefix ?? user.site.prefix;
  const isForeign = country !== undefined && country.code !== user.site.country;
  const isAnswered = random.chance(0.78);
  const ringMs = isAnswered
    ? 2_000 + random.below(12_000)
    : random.chance(0.06)
      ? 1_000 + random.below(5_000)
      : 8_000 + random.below(25_000);
  const durationMs = isAnswered ? talkMs(MEAN_MINUTES[user.profile], random) : 0;
  return {
    user: user.name,
    direction: "in",
    caller:
      !isForeign && random.chance(0.5) ? random.pick(user.contacts) : `${prefix}${digits(random, 12 - prefix.length)}`,
    called: user.number,
    country: isForeign ? country.code : user.site.country,
    numberClass: "fixed-or-mobile",
    international: isForeign,
    startedAt,
    ...(isAnswered ? { answeredAt: (startedAt + ringMs) as UnixMs } : {}),
    endedAt: (startedAt + ringMs + durationMs) as UnixMs,
    durationMs,
    ringMs,
    outcome: isAnswered ? "answered" : "no-answer",
    site: user.site.name,
  };
}

function poisson(mean: number, random: Seeded): number {
  if (mean > 60) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
  const limit = Math.exp(-mean);
  let count = -1;
  for (let product = 1; product > limit; product *= random.next()) count++;
  return count;
}

function normal(random: Seeded): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}
