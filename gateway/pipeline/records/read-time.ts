import { DEFAULT_SITE, SiteCalendar, type UnixMs } from "../../../detection/index.js";

/** Numbers below this are seconds. 1973 in ms, 5138 in s. */
const FIRST_MS = 100_000_000_000;
const EARLIEST_MS = Date.UTC(1980, 0, 1);
const LATEST_MS = Date.UTC(2200, 0, 1);

export type TimeReader = (text: string) => UnixMs | undefined;

/** `2026-03-01T08:00:00.250Z`, with a blank for the T, without or with any zone, with or without fraction. */
const ISO = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?(Z|[+-]\d\d:?\d\d)?$/;

/**
 * Reads times as switches write them: ISO 8601, or seconds or milliseconds since 1970.
 *
 * @param zone Of times that name none; undefined: UTC.
 */
export function timeReader(zone: SiteCalendar | undefined, pattern?: string): TimeReader {
  const read = pattern === undefined ? readIso : patternReader(pattern);
  return (text) => {
    const at = read(text, zone);
    return at === undefined || !(at >= EARLIEST_MS && at < LATEST_MS) ? undefined : (at as UnixMs);
  };
}

function readIso(text: string, zone: SiteCalendar | undefined): number | undefined {
  // Our own form, by far the most frequent: read by place, without a regular expression.
  if (text.length === 24 && text.endsWith("Z")) {
    const at = Date.parse(text);
    // The 30th of February is read as a day in March.
    if (!Number.isNaN(at) && new Date(at).toISOString() === text) return at;
  }
  const found = ISO.exec(text);
  if (found === null) return readEpoch(text);
  const [, year, month, day, hour, minute, second = "0", fraction = "", offset] = found;
  const parts = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const local = utcOf(parts, fraction === "" ? 0 : Math.floor(Number(`0.${fraction}`) * 1000));
  if (local === undefined) return undefined;
  if (offset === undefined) return fromLocal(local, zone);
  return offset === "Z" ? local : local - offsetMinutes(offset) * 60_000;
}

function readEpoch(text: string): number | undefined {
  if (!/^\d{9,13}(?:\.\d{1,9})?$/.test(text)) return undefined;
  const number = Number(text);
  return Math.round(number < FIRST_MS ? number * 1000 : number);
}

function offsetMinutes(offset: string): number {
  const digits = offset.replace(":", "").slice(1);
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return offset.startsWith("-") ? -minutes : minutes;
}

/** Undefined where there is no such date: the 31st of April, 25 o'clock. */
function utcOf(
  [year, month, day, hour, minute, second]: readonly [number, number, number, number, number, number],
  ms: number,
): number | undefined {
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const at = Date.UTC(year, month - 1, day, hour, minute, second, ms);
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? at : undefined;
}

/** An hour that the clock shows twice is taken for its first pass; one that it leaves out, for the time after it. */
function fromLocal(local: number, zone: SiteCalendar | undefined): number {
  if (zone === undefined) return local;
  const first = local - zone.offsetMs((local - 86_400_000) as UnixMs);
  return first + zone.offsetMs(first as UnixMs) === local ? first : local - zone.offsetMs(first as UnixMs);
}

const TOKENS: Readonly<Record<string, string>> = {
  YYYY: "(?<year>\\d{4})",
  YY: "(?<shortYear>\\d\\d)",
  MM: "(?<month>\\d\\d)",
  M: "(?<month>\\d\\d?)",
  DD: "(?<day>\\d\\d)",
  D: "(?<day>\\d\\d?)",
  HH: "(?<hour>\\d\\d)",
  H: "(?<hour>\\d\\d?)",
  hh: "(?<hour>\\d\\d?)",
  mm: "(?<minute>\\d\\d)",
  ss: "(?<second>\\d\\d)",
  SSS: "(?<ms>\\d{1,3})",
  a: "(?<half>[AaPp][Mm])",
};

/** `DD/MM/YYYY HH:mm:ss`; tokens YYYY YY MM M DD D HH H hh mm ss SSS a, all else as it stands. */
function patternReader(pattern: string): (text: string, zone: SiteCalendar | undefined) => number | undefined {
  const source = pattern.replace(/YYYY|YY|MM|M|DD|D|HH|H|hh|mm|ss|SSS|a|[^A-Za-z0-9\s]|\s+|./g, (part) => {
    const token = TOKENS[part];
    if (token !== undefined) return token;
    return /^\s+$/.test(part) ? "\\s+" : part.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
  });
  const expression = new RegExp(`^${source}$`);
  return (text, zone) => {
    const found = expression.exec(text)?.groups;
    if (found === undefined) return undefined;
    const year = found["shortYear"] === undefined ? Number(found["year"]) : 2000 + Number(found["shortYear"]);
    const half = found["half"]?.toLowerCase();
    const hour = Number(found["hour"] ?? 0);
    const of24 = half === undefined ? hour : (hour % 12) + (half === "pm" ? 12 : 0);
    const local = utcOf(
      [
        year,
        Number(found["month"]),
        Number(found["day"]),
        of24,
        Number(found["minute"] ?? 0),
        Number(found["second"] ?? 0),
      ],
      Number(found["ms"] ?? 0),
    );
    return local === undefined ? undefined : fromLocal(local, zone);
  };
}

/** No zone is further ahead of UTC, or behind it. */
const MAX_AHEAD_MINUTES = 14 * 60;

/** @returns As `SiteOptions.timeZone` has it, of minutes ahead of UTC (`-300`), `-05:00` or an IANA name; undefined: it is none. */
export function readZone(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (!/^[+-]?\d{1,3}$/.test(text)) return SiteCalendar.of({ ...DEFAULT_SITE, timeZone: text }).ok ? text : undefined;
  const minutes = Number(text);
  const ahead = Math.abs(minutes);
  if (ahead > MAX_AHEAD_MINUTES) return undefined;
  const two = (number: number): string => String(number).padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(ahead / 60))}:${two(ahead % 60)}`;
}
