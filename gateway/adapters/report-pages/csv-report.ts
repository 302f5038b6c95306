import type { ReportBlock, ReportCell, ReportDocument, ReportTable, ReportTrace } from "../../../detection/index.js";
import { csvCell } from "../../core/cdr-format.js";

const HEADER = ["section", "table", "row", "column", "value", "unit", "definition", "rows", "row_ids", "trace"];
type Line = readonly (string | number | undefined)[];

/** Every number of a report, one a line, with the rows behind it. RFC 4180 §2 */
export function csvReport(report: ReportDocument): string {
  const lines: Line[] = [
    HEADER,
    ["report", "", "name", "", report.name, "", "", undefined, "", ""],
    ["report", "", "period", "", report.period.text, report.period.timeZone, "", undefined, "", ""],
    ...report.summary.map((line, index) => ["summary", "", String(index + 1), "", line, "", "", undefined, "", ""]),
  ];
  for (const { id, blocks } of report.sections) for (const block of blocks) lines.push(...linesOf(id, block));
  for (const { what, rows } of report.sources)
    lines.push(["sources", "", what, "rows", rows, "count", "", rows, "", ""]);
  for (const line of report.limits) lines.push(["limits", "", "", "", line, "", "", undefined, "", ""]);
  return lines.map((line) => `${line.map((cell) => csvCell(cell)).join(",")}\r\n`).join("");
}

function linesOf(section: string, block: ReportBlock): readonly Line[] {
  switch (block.kind) {
    case "figures":
      return block.figures.flatMap(({ title, value, unit, previous, trace }) => [
        [section, "", title, "value", round(value), unit, ...traceCells(trace)],
        ...(previous === undefined
          ? []
          : [[section, "", title, "previous", round(previous), unit, "", undefined, "", ""]]),
      ]);
    case "text":
      return block.paragraphs.map((line) => [section, "", "", "text", line, "", "", undefined, "", ""]);
    case "table":
      return tableLines(section, block);
    case "days":
      return block.points.flatMap(({ day, value, low, expected, high }) =>
        Object.entries({ value, low, expected, high }).flatMap(([column, each]) =>
          each === undefined ? [] : [[section, block.id, day, column, round(each), block.unit, "", undefined, "", ""]],
        ),
      );
    case "hours":
      return block.values.flatMap((value, hour) => [
        [section, block.id, `${hour}:00`, "calls", value, "calls", "", undefined, "", ""],
        [section, block.id, `${hour}:00`, "closed", block.closed[hour] ?? 0, "calls", "", undefined, "", ""],
      ]);
    case "legs":
      return block.legs.flatMap(({ label, fromMs, answeredMs, toMs }) =>
        Object.entries({ fromMs, answeredMs, toMs }).map(([column, value]) => [
          section,
          block.id,
          label,
          column,
          value,
          "ms",
          "",
          undefined,
          "",
          "",
        ]),
      );
  }
}

const tableLines = (section: string, { id, columns, rows }: ReportTable): readonly Line[] =>
  rows.flatMap((row, at) =>
    row.map((cell: ReportCell, index): Line => [
      section,
      id,
      row[0]?.value === undefined ? (row[0]?.text ?? String(at + 1)) : String(row[0].value),
      columns[index]?.title ?? "",
      round(cell.value) ?? cell.text,
      "",
      ...traceCells(cell.trace),
    ]),
  );

const traceCells = (trace: ReportTrace | undefined): readonly (string | number | undefined)[] =>
  trace === undefined ? ["", undefined, "", ""] : [trace.definition, trace.rows, trace.sample.join(" "), trace.id];

const round = (value: number | undefined): number | undefined =>
  value === undefined ? undefined : Math.round(value * 1000) / 1000;
