import { fail, ok, type Result } from "../model/result.js";
import { unixMs, type UnixMs } from "../model/time.js";
import { DEFAULT_SITE, SiteCalendar, type SiteError, type SiteOptions } from "../cdr/site-calendar.js";

export interface ReportOptions {
  readonly organisation?: string;
  /** IANA name: what a day of the report is. */
  readonly timeZone: string;
  /** By name; `default` stands for all others. */
  readonly sites: Readonly<Record<string, SiteOptions>>;
  /** Numbers of payment lines, and prefixes with `*` at the end. */
  readonly paymentLines: readonly string[];
  /** Users, departments (`department:sales`) and prefixes of users that may call the EU; undefined: nobody was named. */
  readonly euCallers: readonly string[] | undefined;
  /** Days that call records are kept; 0: for ever. */
  readonly recordRetentionDays: number;
  /** The same of CDRs of the hop, alerts, incidents and audit rows. */
  readonly storeRetentionDays: number;
  /** Telephone numbers as they are, or without their last four digits. */
  readonly numbers: "full" | "masked";
}

export interface ReportRules extends Omit<ReportOptions, "sites"> {
  readonly clock: SiteCalendar;
  readonly siteOf: (name: string | undefined) => SiteCalendar;
  /** False: nobody has said when it is open, neither of it nor of all others. */
  readonly hasHours: (site: string) => boolean;
  readonly isPaymentLine: (number: string) => boolean;
  readonly mayCallEu: (user: string, department: string | undefined) => boolean;
  readonly showNumber: (number: string) => string;
}

/** @returns The rules, or the first site or zone that cannot be used. */
export function reportRules(options: ReportOptions): Result<ReportRules, SiteError & { readonly site: string }> {
  const calendars = new Map<string, SiteCalendar>();
  const given = { default: DEFAULT_SITE, ...options.sites };
  for (const [site, each] of Object.entries(given)) {
    const calendar = SiteCalendar.of(each);
    if (!calendar.ok) return fail({ ...calendar.error, site });
    calendars.set(site, calendar.value);
  }
  const clock = SiteCalendar.of({ ...given.default, timeZone: options.timeZone });
  if (!clock.ok) return fail({ ...clock.error, site: "reports.timeZone" });
  const fallback = calendars.get("default") ?? clock.value;
  const euCallers = matcher(options.euCallers ?? []);
  return ok({
    ...options,
    clock: clock.value,
    siteOf: (name) => (name === undefined ? undefined : calendars.get(name)) ?? fallback,
    hasHours: (site) => given.default !== DEFAULT_SITE || (site !== "default" && calendars.has(site)),
    isPaymentLine: matcher(options.paymentLines),
    mayCallEu: (user, department) =>
      euCallers(user) || (department !== undefined && euCallers(`department:${department}`)),
    showNumber: options.numbers === "full" ? (number) => number : maskNumber,
  });
}

/** Names as they are, and prefixes with `*` at their end. */
function matcher(list: readonly string[]): (text: string) => boolean {
  const names = new Set(list.filter((each) => !each.endsWith("*")));
  const prefixes = list.filter((each) => each.endsWith("*")).map((each) => each.slice(0, -1));
  return (text) => names.has(text) || prefixes.some((prefix) => text.startsWith(prefix));
}

const ADDRESS = /^\d{1,3}(?:\.\d{1,3}){3}$/;

/** The last four digits become dots; what has no five digits is a short code and stays, and so does a network address. */
export function maskNumber(number: string): string {
  const digits = number.replace(/\D/g, "").length;
  if (digits < 5 || ADDRESS.test(number)) return number;
  let left = 4;
  return Array.from(number)
    .reverse()
    .map((character) => (/\d/.test(character) && left-- > 0 ? "•" : character))
    .reverse()
    .join("");
}

const DAY_MS = 86_400_000;

/** Days since 1970 as `2026-03-01`. */
export const dayText = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);

/** `2026-03-01` as days since 1970; undefined: no such day. */
export function readDay(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return undefined;
  const at = Date.parse(`${text}T00:00:00Z`);
  return Number.isFinite(at) && dayText(at / DAY_MS) === text ? at / DAY_MS : undefined;
}

const QUARTER_MS = 900_000;

/**
 * When a day begins by that calendar's clock. Where its midnight does not exist (DST), the first moment after it; where it comes twice,
 * the first time.
 */
export function startOfDay(calendar: SiteCalendar, day: number): UnixMs {
  const midnight = day * DAY_MS;
  let at = midnight - calendar.offsetMs(unixMs(midnight));
  at = midnight - calendar.offsetMs(unixMs(at));
  // A midnight that the clock skips: the offset before it leads into the day before.
  if (calendar.localDay(unixMs(at)) < day) at += 3_600_000;
  while (calendar.localDay(unixMs(at - QUARTER_MS)) === day) at -= QUARTER_MS;
  return unixMs(at);
}
