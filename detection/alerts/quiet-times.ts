import type { Severity } from "../model/findings.js";
import type { UnixMs } from "../model/time.js";
import { WEEKDAYS, type Weekday } from "../cdr/site-calendar.js";
import type { AlertFilter, AlertGuard, AlertSettings, MaintenanceWindow, Suppression } from "./alert-settings.js";
import { isAtLeast } from "./severity-order.js";

/** What a filter looks at. */
export interface FilteredAlert {
  readonly rule: string;
  readonly called: string;
  readonly callers: readonly string[];
  readonly callerCount: number;
  readonly trunks: readonly string[];
  readonly team?: string | undefined;
  readonly severity: Severity;
}

const DAY_MINUTES = 1_440;

/** @returns The name of what keeps routes from being told at `now`; undefined: nothing does. */
export function quietedBy(
  alert: FilteredAlert,
  settings: Pick<AlertSettings, "maintenance" | "suppress">,
  guards: readonly AlertGuard[],
  now: UnixMs,
): string | undefined {
  const window = settings.maintenance.find((each) => fits(each, alert) && isOn(each, now));
  if (window !== undefined) return `maintenance ${window.name}`;
  const suppression = settings.suppress.find((each) => fits(each, alert) && silences(each, alert.severity, now));
  if (suppression !== undefined) return `suppression ${suppression.name}`;
  const guard = guards.find((each) => (each.expiresAt ?? Infinity) > now && guardsAlert(each, alert));
  return guard === undefined ? undefined : `false-positive ${guard.id}`;
}

export function fits(filter: AlertFilter, { rule, called, trunks, team }: Omit<FilteredAlert, "severity">): boolean {
  return (
    (filter.rules.length === 0 || filter.rules.includes(rule)) &&
    (filter.called.length === 0 || filter.called.some((pattern) => numberFits(pattern, called))) &&
    (filter.trunks.length === 0 || trunks.some((trunk) => filter.trunks.includes(trunk))) &&
    (filter.teams.length === 0 || (team !== undefined && filter.teams.includes(team)))
  );
}

/** `+1212*` is a prefix, `+12125550100` is the number. */
export const numberFits = (pattern: string, number: string): boolean =>
  pattern.endsWith("*") ? number.startsWith(pattern.slice(0, -1)) : pattern === number;

const silences = ({ below, until }: Suppression, severity: Severity, now: UnixMs): boolean =>
  (until === undefined || now < until) && (below === undefined || !isAtLeast(severity, below));

/** A guarded caller speaks for an alert only when all its callers are guarded by it. */
function guardsAlert({ side, number }: AlertGuard, { called, callers, callerCount }: FilteredAlert): boolean {
  if (side === "called") return numberFits(number, called);
  return callerCount > 0 && callers.length === callerCount && callers.every((caller) => numberFits(number, caller));
}

function isOn({ from, until, weekly }: MaintenanceWindow, now: UnixMs): boolean {
  if (from !== undefined && now < from) return false;
  if (until !== undefined && now >= until) return false;
  if (weekly === undefined) return from !== undefined || until !== undefined;
  const { day, minute } = localTime(now, weekly.timeZone);
  const start = minuteOf(weekly.start);
  const end = minuteOf(weekly.end);
  const before = WEEKDAYS[(WEEKDAYS.indexOf(day) + 6) % 7] ?? day;
  if (start < end) return weekly.days.includes(day) && minute >= start && minute < end;
  return (
    (weekly.days.includes(day) && minute >= start) ||
    (weekly.days.includes(before) && minute < end && end <= DAY_MINUTES)
  );
}

const minuteOf = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));

function localTime(now: UnixMs, timeZone: string): { readonly day: Weekday; readonly minute: number } {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    weekday: "long",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).formatToParts(new Date(now));
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? "";
  const name = part("weekday").toLowerCase();
  const day = WEEKDAYS.find((each) => name.startsWith(each.toLowerCase().slice(0, 3))) ?? WEEKDAYS[0];
  return { day, minute: Number(part("hour")) * 60 + Number(part("minute")) };
}
