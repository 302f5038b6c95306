import { RULE_NOTES } from "../cdr/rule-notes.js";
import type { CdrRule } from "../cdr/cdr-finding.js";
import type { Severity } from "../model/findings.js";
import type { UnixMs } from "../model/time.js";
import type { Count } from "./call-tally.js";
import { EVENT_FIGURES, eventTrace, type EventFigureName, type EventRow } from "./event-figures.js";
import { CALL_FIGURES, type CallFigureName, type Grouping } from "./report-call.js";
import type { ReportBlock, ReportCell, ReportFigure, ReportTable, Tone, ReportTrace } from "./report-document.js";
import type { ReportFacts } from "./report-facts.js";
import { numbersShown } from "./numbers-shown.js";
import { dayText, type ReportRules } from "./report-rules.js";
import { firstDifference } from "./first-difference.js";

/** Rows that a table on a page shows; the rest is in the CSV of `--trace`. */
export const TABLE_ROWS = 15;

export const hasBefore = (facts: ReportFacts): boolean => facts.callsBefore.total("all").rows > 0;

/** How many calls. */
export function callFigure(facts: ReportFacts, name: CallFigureName, worse?: "more"): ReportFigure {
  const now = facts.calls.total(name).rows;
  return {
    title: CALL_FIGURES[name].title,
    value: now,
    unit: "calls",
    ...(hasBefore(facts) ? { previous: facts.callsBefore.total(name).rows } : {}),
    ...(worse === undefined ? {} : { worse }),
    trace: facts.calls.trace(name),
  };
}

/** Calls of one figure as a share of another's. */
export function shareFigure(
  facts: ReportFacts,
  title: string,
  part: CallFigureName,
  whole: CallFigureName,
  worse?: "more",
): ReportFigure {
  const of = (tally: ReportFacts["calls"]): number | undefined =>
    percent(tally.total(part).rows, tally.total(whole).rows);
  const previous = hasBefore(facts) ? of(facts.callsBefore) : undefined;
  return {
    title,
    value: of(facts.calls),
    unit: "percent",
    ...(previous === undefined ? {} : { previous }),
    ...(worse === undefined ? {} : { worse }),
    trace: {
      ...facts.calls.trace(part),
      definition: `${CALL_FIGURES[part].definition}, as a share of: ${CALL_FIGURES[whole].definition}`,
    },
  };
}

export function eventFigure(facts: ReportFacts, name: EventFigureName, worse?: "more"): ReportFigure {
  const { counts } = EVENT_FIGURES[name];
  const before = facts.eventsBefore;
  return {
    title: EVENT_FIGURES[name].title,
    value: facts.events.filter(counts).length,
    unit: "count",
    ...(before.length > 0 ? { previous: before.filter(counts).length } : {}),
    ...(worse === undefined ? {} : { worse }),
    trace: eventTrace(name, facts.events),
  };
}

export const percent = (part: number, whole: number): number | undefined =>
  whole === 0 ? undefined : (100 * part) / whole;

/** Mean length of the answered ones, seconds. */
export const meanSeconds = ({ answered, durationMs }: Count): number | undefined =>
  answered === 0 ? undefined : durationMs / answered / 1000;

export const text = (value: string, tone?: Tone): ReportCell =>
  tone === undefined ? { text: value } : { text: value, tone };

export const number = (value: number, trace?: ReportTrace, share?: number): ReportCell => ({
  text: groupDigits(value),
  value,
  ...(trace === undefined ? {} : { trace }),
  ...(share === undefined ? {} : { share }),
});

/** `12,345`; up to one digit behind the point below 100. */
export function groupDigits(value: number): string {
  const rounded = Math.abs(value) < 100 ? Math.round(value * 10) / 10 : Math.round(value);
  const [whole = "0", part] = String(Math.abs(rounded)).split(".");
  const grouped = whole.replace(/\B(?=(?:\d{3})+$)/g, ",");
  return `${rounded < 0 ? "−" : ""}${grouped}${part === undefined ? "" : `.${part}`}`;
}

/** `2 min 05 s`. */
export function lengthText(seconds: number | undefined): string {
  if (seconds === undefined) return "–";
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole >= 3_600)
    return `${Math.floor(whole / 3_600)} h ${String(Math.floor((whole % 3_600) / 60)).padStart(2, "0")} min`;
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

const REGIONS = new Intl.DisplayNames(["en"], { type: "region", fallback: "none" });

export function countryText(code: string): string {
  if (!/^[A-Z]{2}$/.test(code)) return code === "unknown" ? "Unknown" : code;
  const name = REGIONS.of(code);
  return name === undefined ? code : `${name} (${code})`;
}

/** Local date and time of the report's clock: `2026-03-01 14:05`. */
export function timeText(at: UnixMs, { clock }: ReportRules): string {
  const minute = clock.localMinute(at);
  return `${dayText(clock.localDay(at))} ${twoDigits(Math.floor(minute / 60))}:${twoDigits(minute % 60)}`;
}

const twoDigits = (value: number): string => String(value).padStart(2, "0");

export const severityTone = (severity: Severity | undefined): Tone =>
  severity === "critical" || severity === "high" ? "bad" : severity === "medium" ? "warning" : "muted";

export const ruleTitle = (name: string): string =>
  Object.hasOwn(RULE_NOTES, name) ? RULE_NOTES[name as CdrRule].title : (LIVE_RULES[name] ?? name);

const LIVE_RULES: Readonly<Record<string, string>> = {
  masking: "Many callers, one called number",
  block: "Blocked callers",
  threat: "Fraud heard in a call",
};

/** Calls of one figure told apart, largest group first. */
export function groupTable(
  facts: ReportFacts,
  figure: CallFigureName,
  by: Grouping,
  about: { readonly id: string; readonly title: string; readonly heading: string; readonly empty: string },
  name: (key: string) => string = (key) => key,
): ReportTable {
  const groups = facts.calls.groups(figure, by);
  const whole = facts.calls.total(figure).rows;
  const most = groups[0]?.[1].rows ?? 1;
  const compares = by === "country" && hasBefore(facts);
  return {
    kind: "table",
    id: about.id,
    title: about.title,
    columns: [
      { title: about.heading },
      { title: "Calls", align: "right", wide: true },
      { title: "Share", align: "right" },
      { title: "Minutes", align: "right" },
      ...(compares ? [{ title: "Before", align: "right" } as const] : []),
    ],
    rows: groups.slice(0, TABLE_ROWS).map(([key, count]) => {
      const previous = facts.callsBefore.group(figure, by, key).rows;
      return [
        text(name(key)),
        number(count.rows, facts.calls.groupTrace(figure, by, key, count), count.rows / most),
        { text: `${groupDigits(percent(count.rows, whole) ?? 0)} %`, value: percent(count.rows, whole) ?? 0 },
        number(Math.round(count.durationMs / 60_000)),
        ...(compares ? [previous === 0 ? text("new", "warning") : number(previous)] : []),
      ];
    }),
    ...(groups.length > TABLE_ROWS ? { omitted: groups.length - TABLE_ROWS } : {}),
    empty: about.empty,
  };
}

const ORDER: Readonly<Record<Severity, number>> = { critical: 3, high: 2, medium: 1, low: 0 };

/** Findings, alerts or incidents, worst first. */
export function incidentTable(
  facts: ReportFacts,
  rows: readonly EventRow[],
  about: { readonly id: string; readonly title: string; readonly empty: string; readonly limit?: number },
): ReportTable {
  const worst = [...rows].sort((a, b) =>
    firstDifference(
      ORDER[b.severity ?? "low"] - ORDER[a.severity ?? "low"],
      b.recordCount - a.recordCount,
      a.at - b.at,
    ),
  );
  const limit = about.limit ?? TABLE_ROWS;
  return {
    kind: "table",
    id: about.id,
    title: about.title,
    columns: [
      { title: "Severity" },
      { title: "What" },
      { title: "Who or what", whole: true },
      { title: "Began", whole: true },
      { title: "Records", align: "right" },
      { title: "Evidence" },
    ],
    rows: worst.slice(0, limit).map((row) => [
      text(row.severity ?? "–", severityTone(row.severity)),
      text(ruleTitle(row.name)),
      text(row.subject),
      text(timeText(row.at, facts.rules)),
      number(row.recordCount, {
        id: `record-of/${row.id}`,
        definition: `records of ${row.kind} ${row.id}; the first 20 are kept with it`,
        rows: row.recordCount,
        sample: row.records.slice(0, 20),
      }),
      text(row.detail, "muted"),
    ]),
    ...(worst.length > limit ? { omitted: worst.length - limit } : {}),
    empty: about.empty,
  };
}

export function eventTable(
  facts: ReportFacts,
  rows: readonly EventRow[],
  about: { readonly id: string; readonly title: string; readonly empty: string },
): ReportTable {
  return {
    kind: "table",
    id: about.id,
    title: about.title,
    columns: [
      { title: "When", whole: true },
      { title: "Action" },
      { title: "By" },
      { title: "On" },
      { title: "Outcome" },
      { title: "" },
    ],
    rows: rows
      .slice(0, TABLE_ROWS)
      .map((row) => [
        text(timeText(row.at, facts.rules)),
        text(row.name),
        text(numbersShown(row.actor ?? "–", facts.rules)),
        text(row.subject),
        text(row.outcome ?? "–", row.outcome === "refused" ? "warning" : undefined),
        text(row.isOpen ? row.detail : `${row.detail}${row.detail === "" ? "" : " · "}after hours`, "muted"),
      ]),
    ...(rows.length > TABLE_ROWS ? { omitted: rows.length - TABLE_ROWS } : {}),
    empty: about.empty,
  };
}

export const paragraph = (...paragraphs: string[]): ReportBlock => ({ kind: "text", paragraphs });
export const figures = (...list: ReportFigure[]): ReportBlock => ({ kind: "figures", figures: list });

/** Every day of the period, with what was counted on it. */
export function daysOf(facts: ReportFacts): readonly number[] {
  const { clock } = facts.rules;
  const first = clock.localDay(facts.range.from);
  const last = clock.localDay((facts.range.to - 1) as UnixMs);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

export function dayBars(
  facts: ReportFacts,
  figure: CallFigureName,
  about: { readonly id: string; readonly title: string; readonly note?: string },
): ReportBlock {
  return {
    kind: "days",
    ...about,
    unit: "calls",
    points: daysOf(facts).map((day) => ({
      day: dayText(day),
      value: facts.calls.group(figure, "day", String(day)).rows,
    })),
  };
}
