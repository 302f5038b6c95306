import { RULE_NOTES, type CdrFinding } from "../../detection/index.js";
import type { ImportCounts } from "../adapters/cdr-memory/import-state.js";

export interface Progress {
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Where this import began to read. Default 0. */
  readonly fromBytes?: number;
  /** Read since then. */
  readonly rows: number;
  readonly elapsedMs: number;
}

export interface ImportReport extends ImportCounts {
  /** Of the records, those that the detectors did not judge: see `EventTime`. */
  readonly notJudged: number;
  /** From which line it went on; 1: from the start. */
  readonly fromLine: number;
  readonly mapping: string;
  readonly coding: string;
  readonly tookMs: number;
  readonly badFile: string | undefined;
}

/** A bar is drawn where so many columns are left for it. */
const LEAST_BAR = 8;
const MOST_BAR = 40;

/**
 * How far it is, in `width` columns at most: what says least goes first where it is narrow.
 * An import that goes on begins in the middle: what is left is reckoned from what was read since.
 */
export function progressText(
  { doneBytes, totalBytes, fromBytes = 0, rows, elapsedMs }: Progress,
  width: number,
): string {
  const share = totalBytes === 0 ? 1 : Math.min(1, doneBytes / totalBytes);
  const perSecond = elapsedMs < 1 ? 0 : Math.round((rows / elapsedMs) * 1000);
  const read = doneBytes - fromBytes;
  const leftS = read > totalBytes / 100 ? Math.round((elapsedMs / 1000 / read) * (totalBytes - doneBytes)) : undefined;
  const parts = [`${(share * 100).toFixed(1)} %`, leftS === undefined ? "" : `${clock(leftS)} left`];
  parts.push(`${grouped(rows)} rows`, `${grouped(perSecond)}/s`);
  const words = parts.filter((part) => part !== "");
  while (words.length > 1 && words.join("  ").length > width) words.pop();
  const text = words.join("  ").slice(0, Math.max(0, width));
  const room = Math.min(MOST_BAR, width - text.length - 3);
  if (room < LEAST_BAR) return text;
  const full = Math.round(share * room);
  return `[${"#".repeat(full)}${"-".repeat(room - full)}] ${text}`;
}

const grouped = (count: number): string => String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");

function clock(seconds: number): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

export function importSummary(file: string, report: ImportReport): string {
  const { rows, records, badRows, duplicates, skipped, findings, changes, notJudged } = report;
  const { fromLine, mapping, coding, tookMs, badFile } = report;
  const parts = [
    `${file}: ${rows} rows (${mapping}, ${coding})${fromLine > 1 ? ` from line ${fromLine} on` : ""}`,
    `${records} records`,
    ...(changes > 0 ? [`${changes} changed settings`] : []),
    `${duplicates} duplicates`,
    ...(skipped > 0 ? [`${skipped} passed over`] : []),
    `${badRows} bad${badRows > 0 && badFile !== undefined ? `, kept in ${badFile}` : ""}`,
    `${findings} findings`,
    ...(notJudged > 0 ? [`${notJudged} not judged, their times are days after those around them`] : []),
    `${(tookMs / 1000).toFixed(1)} s`,
  ];
  return parts.join("; ");
}

/** One finding for a person. */
export function findingText(finding: CdrFinding): string {
  const { at, change, rule, mode, severity, subject, evidence, detail, recordCount } = finding;
  const figures = Object.entries(evidence).map(([name, value]) => `${name} ${Math.round(value * 100) / 100}`);
  const words = Object.entries(detail).map(([name, value]) => `${name} ${value}`);
  const shadow = mode === "shadow" ? " (shadow)" : "";
  const what = `${new Date(at).toISOString()} ${change} ${severity}${shadow} ${rule}: ${subject}`;
  return `${what}: ${RULE_NOTES[rule].title}; ${[...figures, ...words].join(", ")}; ${recordCount} records`;
}

/** A finding as JSON: times in ISO 8601, with what a person should know of its kind. */
export function findingJson(finding: CdrFinding): string {
  const { at, firstAt, ...rest } = finding;
  const { title, explanation, recommended, falsePositives } = RULE_NOTES[finding.rule];
  return JSON.stringify({
    ...rest,
    firstAt: new Date(firstAt).toISOString(),
    at: new Date(at).toISOString(),
    title,
    explanation,
    recommended,
    falsePositives,
  });
}
