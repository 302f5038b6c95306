import {
  alertRow,
  auditRow,
  caseRow,
  changeRow,
  findingRow,
  incidentRow,
  reportCall,
  traced,
  tracedEvent,
  type EventRow,
  type ReportRange,
  type ReportRules,
} from "../../detection/index.js";
import { csvCell } from "../core/cdr-format.js";
import { CSV_HEADER, csvLine } from "../pipeline/records/csv-columns.js";
import type { ReportData } from "../ports/report-data.js";

const EVENT_HEADER = "kind,id,at,name,severity,actor,outcome,subject,records,detail,record_ids\r\n";

/** All rows of the period behind a figure as CSV, as they were counted; undefined: there is no such figure. */
export function traceLines(
  id: string,
  range: ReportRange,
  data: ReportData,
  rules: ReportRules,
): AsyncIterable<string> | undefined {
  const counts = traced(id);
  if (counts !== undefined) return callLines(counts, range, data, rules);
  const countsEvent = tracedEvent(id);
  return countsEvent === undefined ? undefined : eventLines(countsEvent, range, data, rules);
}

async function* callLines(
  counts: NonNullable<ReturnType<typeof traced>>,
  range: ReportRange,
  data: ReportData,
  rules: ReportRules,
): AsyncIterable<string> {
  yield CSV_HEADER;
  for await (const page of data.calls(range))
    yield page
      .filter((record) => counts(reportCall(record, rules)))
      .map(csvLine)
      .join("");
}

async function* eventLines(
  counts: (row: EventRow) => boolean,
  range: ReportRange,
  data: ReportData,
  rules: ReportRules,
): AsyncIterable<string> {
  yield EVENT_HEADER;
  // An incident is told of several times: its last state stands for it.
  const rows = new Map<string, EventRow>();
  const take = async <T>(pages: AsyncIterable<readonly T[]>, toRow: (each: T, rules: ReportRules) => EventRow) => {
    for await (const page of pages)
      for (const each of page) {
        const row = toRow(each, rules);
        // Cases come that are open in it, older ones as well.
        if (row.at >= range.from && row.at < range.to) rows.set(`${row.kind} ${row.id}`, row);
      }
  };
  await take(data.findings(range), findingRow);
  await take(data.alerts(range), alertRow);
  await take(data.incidents(range), incidentRow);
  await take(data.cases(range), caseRow);
  await take(data.audit(range), auditRow);
  await take(data.changes(range), changeRow);
  for (const row of [...rows.values()].filter(counts).sort((a, b) => a.at - b.at)) yield eventLine(row);
}

const eventLine = (row: EventRow): string =>
  `${[
    row.kind,
    row.id,
    new Date(row.at).toISOString(),
    row.name,
    row.severity,
    row.actor,
    row.outcome,
    row.subject,
    row.recordCount,
    row.detail,
    row.records.join(" "),
  ]
    .map((cell) => csvCell(cell))
    .join(",")}\r\n`;
