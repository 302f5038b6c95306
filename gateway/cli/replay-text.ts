import type { ReplayDifference, ReplayNumber, ReplaySummary } from "../../detection/index.js";
import type { RecordingReport } from "./read-recording.js";

const ROWS_SHOWN = 40;

export function recordingText(file: string, report: RecordingReport): string {
  const bad = report.badLines === 0 ? "" : `, ${report.badLines} could not be read`;
  const late = report.outOfOrder === 0 ? "" : `, ${report.outOfOrder} events out of order`;
  return `${file}: ${report.lines} records${bad}${late}`;
}

export function summaryText(summary: ReplaySummary): string {
  const { from, to, calls, incidents, cut, refused, spared, beyondLimit, leftAlone } = summary;
  const lines = [
    `calls      ${calls}${span(from, to)}`,
    `incidents  ${incidents}`,
    `ended      ${cut}`,
    `refused    ${refused}`,
  ];
  if (spared > 0) lines.push(`spared     ${spared} (shadow, guard list or canary share)`);
  if (beyondLimit > 0) lines.push(`held back  ${beyondLimit} (limit of disconnects a minute)`);
  if (leftAlone > 0) lines.push(`left alone ${leftAlone} times: usual for their numbers`);
  if (summary.numbers.length > 0) lines.push("", ...table(NUMBER_HEADER, summary.numbers.map(numberRow)));
  return lines.join("\n");
}

export function differenceText(difference: ReplayDifference, before: ReplaySummary, after: ReplaySummary): string {
  const totals = Object.entries(difference.totals).map(([name, change]) => {
    const key = name as keyof ReplayDifference["totals"];
    return [TOTAL_NAMES[key], String(before[key]), String(after[key]), signed(change)];
  });
  const lines = table(["", "these", "others", "change"], totals);
  if (difference.numbers.length === 0) return [...lines, "", "no number is treated differently"].join("\n");
  const numbers = difference.numbers.map(({ called, before: left, after: right }) => [
    called,
    `${left.incidents} → ${right.incidents}`,
    `${left.cut} → ${right.cut}`,
    `${left.refused} → ${right.refused}`,
    `${left.spared} → ${right.spared}`,
  ]);
  return [...lines, "", ...table(["called", "incidents", "ended", "refused", "spared"], numbers)].join("\n");
}

const NUMBER_HEADER = ["called", "incidents", "severity", "ended", "refused", "spared"];

const TOTAL_NAMES: Readonly<Record<keyof ReplayDifference["totals"], string>> = {
  incidents: "incidents",
  cut: "ended",
  refused: "refused",
  spared: "spared",
  beyondLimit: "held back by the limit",
  leftAlone: "left alone as usual",
};

const numberRow = ({ called, incidents, severity, cut, refused, spared }: ReplayNumber): string[] => [
  called,
  String(incidents),
  severity,
  String(cut),
  String(refused),
  String(spared),
];

const signed = (change: number): string => (change > 0 ? `+${change}` : String(change));

function span(from: number | undefined, to: number | undefined): string {
  if (from === undefined || to === undefined) return "";
  return `, ${new Date(from).toISOString()} to ${new Date(to).toISOString()}`;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const shown = [header, ...rows.slice(0, ROWS_SHOWN)];
  const widths = header.map((_, column) => Math.max(...shown.map((row) => row[column]?.length ?? 0)));
  const lines = shown.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return rows.length > ROWS_SHOWN ? [...lines, `… and ${rows.length - ROWS_SHOWN} more`] : lines;
}
