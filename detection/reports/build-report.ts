import { unixMs, type UnixMs } from "../model/time.js";
import { complianceReport } from "./compliance.js";
import { dailyReport, executiveReport, type ReportBody } from "./executive.js";
import { internationalReport } from "./international.js";
import { tracesShown } from "./numbers-shown.js";
import type { ReportDocument, ReportName, ReportSource } from "./report-document.js";
import type { ReportFacts } from "./report-facts.js";
import { dayText, startOfDay } from "./report-rules.js";
import { trafficOutlook, type TrafficOutlook } from "./traffic-outlook.js";

/** Days ahead that are forecast. */
const AHEAD: Readonly<Partial<Record<ReportName, number>>> = { executive: 7, daily: 3, international: 0 };
const SHOWN_SITES = 20;

/**
 * A report of what was fed to `facts`.
 * @param sources What was read beside it and had no rows, or what is to be said of it.
 */
export function buildReport(
  name: Exclude<ReportName, "journey">,
  facts: ReportFacts,
  now: UnixMs,
  limits: readonly string[] = [],
): ReportDocument {
  const outlook = trafficOutlook(facts, now, AHEAD[name] ?? 0);
  const body = bodyOf(name, facts, outlook, now);
  const { range, rules } = facts;
  const report: ReportDocument = {
    name,
    title: body.title,
    ...(rules.organisation === undefined ? {} : { organisation: rules.organisation }),
    period: { from: range.from, to: range.to, timeZone: rules.timeZone, text: periodText(facts) },
    madeAt: now,
    summary: body.summary,
    sections: body.sections,
    sources: sourcesOf(facts),
    limits: [
      ...(body.limits ?? []),
      ...limits,
      ...startOfRecords(facts),
      ...withoutHours(facts),
      ...(now < range.to ? ["The period is not over: figures grow until its end."] : []),
      ...(facts.dropped > 0 ? [`${facts.dropped} events had no room and are not in the figures.`] : []),
    ],
  };
  return tracesShown(report, rules);
}

function bodyOf(
  name: Exclude<ReportName, "journey">,
  facts: ReportFacts,
  outlook: TrafficOutlook,
  now: UnixMs,
): ReportBody {
  switch (name) {
    case "executive":
      return executiveReport(facts, outlook);
    case "daily":
      return dailyReport(facts, outlook);
    case "international":
      return internationalReport(facts);
    case "iso27001":
    case "hipaa":
    case "sox":
    case "pci":
    case "gdpr":
      return complianceReport(name, facts, now);
  }
}

/** Where the records begin within the period before, that period is not whole, and changes against it say little. */
function startOfRecords({ callsByDay, before, rules: { clock } }: ReportFacts): readonly string[] {
  if (callsByDay.size === 0) return [];
  const first = [...callsByDay.keys()].reduce((least, day) => Math.min(least, day), Infinity);
  if (first <= clock.localDay(before.from)) return [];
  const text = dayText(first);
  return first >= clock.localDay(before.to)
    ? [`There is no call record before ${text}.`]
    : [`Call records begin on ${text}: the period before is not whole, and changes against it say little.`];
}

/** Of offices elsewhere ours are no hours: what is after hours there nobody has said. */
function withoutHours({ calls, rules }: ReportFacts): readonly string[] {
  const sites = calls
    .groups("all", "site")
    .map(([site]) => site)
    .filter((site) => !rules.hasHours(site))
    .sort();
  if (sites.length === 0) return [];
  const shown = sites.length > SHOWN_SITES ? `${sites.slice(0, SHOWN_SITES).join(", ")} …` : sites.join(", ");
  return [`records.sites gives no hours for ${shown}: counted as open from Monday to Friday, 8 to 18 o'clock UTC.`];
}

function sourcesOf(facts: ReportFacts): readonly ReportSource[] {
  const seen = [...facts.sources].sort((a, b) => (a.what < b.what ? -1 : 1));
  const missing = ["findings", "alerts", "alert cases", "audit entries"].filter(
    (what) => !seen.some((each) => each.what === what),
  );
  return [...seen, ...missing.map((what) => ({ what, rows: 0 }))];
}

/** `2026-03-01 – 2026-03-31`, both days in it; with times where it does not begin and end at midnight. */
function periodText({ range, rules: { clock } }: ReportFacts): string {
  const first = clock.localDay(range.from);
  const last = clock.localDay(unixMs(range.to - 1));
  const isWhole = startOfDay(clock, first) === range.from && startOfDay(clock, last + 1) === range.to;
  if (!isWhole) return `${new Date(range.from).toISOString()} – ${new Date(range.to).toISOString()}`;
  return first === last ? dayText(first) : `${dayText(first)} – ${dayText(last)}`;
}
