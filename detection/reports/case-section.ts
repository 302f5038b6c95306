import type { Severity } from "../model/findings.js";
import { EVENT_FIGURES, eventTrace, type EventFigureName, type EventRow } from "./event-figures.js";
import { eventFigure, figures, incidentTable, lengthText, number, severityTone, text } from "./parts.js";
import type { ReportCell, ReportFigure, ReportSection, ReportTable } from "./report-document.js";
import type { ReportFacts } from "./report-facts.js";

const SEVERITIES: readonly Severity[] = ["critical", "high", "medium", "low"];

/** What became of alerts: who looked after them, how soon, and what they turned out to be. */
export function caseSection(facts: ReportFacts, severeOnly = false): ReportSection {
  const cases = facts.events.filter(EVENT_FIGURES.cases.counts);
  const waiting = cases.filter(EVENT_FIGURES.casesOpen.counts);
  const shown = severeOnly ? waiting.filter(EVENT_FIGURES.casesSevereOpen.counts) : waiting;
  return {
    id: "cases",
    title: "Alerts and who looked after them",
    lead: leadOf(cases, waiting),
    blocks: [
      figures(
        eventFigure(facts, "cases", "more"),
        eventFigure(facts, "casesOpen", "more"),
        eventFigure(facts, "casesInWork"),
        eventFigure(facts, "casesClosed"),
        eventFigure(facts, "casesFalse"),
        acknowledgement(facts),
      ),
      severityTable(cases),
      incidentTable(facts, shown, {
        id: "cases-waiting",
        title: severeOnly ? "High and critical ones that nobody has acknowledged" : "Nobody has acknowledged them",
        empty: "None is waiting.",
      }),
    ],
  };
}

function leadOf(cases: readonly EventRow[], waiting: readonly EventRow[]): string {
  if (cases.length === 0) return "No alert was raised in the period.";
  const median = medianOf(cases);
  const taken = cases.filter(EVENT_FIGURES.casesTaken.counts).length;
  const soon = median === undefined ? "" : `, half of them within ${lengthText(median / 1_000)}`;
  return `Somebody looked after ${taken} of ${cases.length}${soon}; ${waiting.length === 0 ? "none is" : `${waiting.length} ${waiting.length === 1 ? "is" : "are"}`} waiting.`;
}

/** Median time from an alert to whoever said that they look after it. */
function acknowledgement({ events, eventsBefore }: ReportFacts): ReportFigure {
  const name: EventFigureName = "casesTaken";
  const now = medianOf(events);
  const previous = medianOf(eventsBefore);
  const trace = eventTrace(name, events);
  return {
    title: "Median time to acknowledge",
    value: now === undefined ? undefined : now / 1_000,
    unit: "seconds",
    ...(previous === undefined ? {} : { previous: previous / 1_000 }),
    worse: "more",
    trace: {
      ...trace,
      definition: `${trace.definition}; the median of the times to that from when routes were told of it, or else from the first alert`,
    },
  };
}

function severityTable(cases: readonly EventRow[]): ReportTable {
  const count = (rows: readonly EventRow[], figure: EventFigureName): ReportCell =>
    number(rows.filter(EVENT_FIGURES[figure].counts).length);
  return {
    kind: "table",
    id: "cases-by-severity",
    title: "By severity",
    columns: [
      { title: "Severity" },
      { title: "Alerts", align: "right" },
      { title: "Waiting", align: "right" },
      { title: "In work", align: "right" },
      { title: "Over", align: "right" },
      { title: "False positives", align: "right" },
      { title: "Acknowledged after (median)", align: "right" },
      { title: "Slowest", align: "right" },
    ],
    rows: SEVERITIES.flatMap((severity) => {
      const rows = cases.filter((row) => row.severity === severity);
      if (rows.length === 0) return [];
      const times = acknowledgedAfter(rows);
      return [
        [
          text(severity, severityTone(severity)),
          number(rows.length, {
            ...eventTrace("cases", rows),
            id: `${EVENT_FIGURES.cases.id}/severity/${severity}`,
            definition: `${EVENT_FIGURES.cases.definition}; severity ${severity}`,
          }),
          count(rows, "casesOpen"),
          count(rows, "casesInWork"),
          count(rows, "casesClosed"),
          count(rows, "casesFalse"),
          lengthCell(medianOf(rows)),
          lengthCell(times.at(-1)),
        ],
      ];
    }),
    empty: "No alerts.",
  };
}

const lengthCell = (ms: number | undefined): ReportCell =>
  ms === undefined ? text("–", "muted") : { text: lengthText(ms / 1_000), value: Math.round(ms / 1_000) };

/** Ascending, ms. */
const acknowledgedAfter = (rows: readonly EventRow[]): readonly number[] =>
  rows.flatMap(({ acknowledgedMs }) => acknowledgedMs ?? []).sort((a, b) => a - b);

function medianOf(rows: readonly EventRow[]): number | undefined {
  const times = acknowledgedAfter(rows);
  const middle = Math.floor(times.length / 2);
  const upper = times[middle];
  if (upper === undefined) return undefined;
  return times.length % 2 === 1 ? upper : (upper + (times[middle - 1] ?? upper)) / 2;
}
