import type { Cdr } from "../../detection/index.js";

/** The fields of an exported CDR, in order, and how each is read from the record. Times: ISO 8601, UTC, with milliseconds. */
const COLUMNS: readonly (readonly [name: string, read: (cdr: Cdr) => string | number | boolean | undefined])[] = [
  ["id", (cdr) => cdr.id],
  ["call_id", (cdr) => cdr.callId],
  ["b_call_id", (cdr) => cdr.bCallId],
  ["caller", (cdr) => cdr.caller],
  ["called", (cdr) => cdr.called],
  ["trunk", (cdr) => cdr.trunk],
  ["next_hop", (cdr) => cdr.nextHop],
  ["started_at", (cdr) => isoTime(cdr.startedAt)],
  ["ringing_at", (cdr) => isoTime(cdr.ringingAt)],
  ["answered_at", (cdr) => isoTime(cdr.answeredAt)],
  ["ended_at", (cdr) => isoTime(cdr.endedAt)],
  ["duration_ms", (cdr) => cdr.durationMs],
  ["status", (cdr) => cdr.status],
  ["ended_by", (cdr) => cdr.endedBy],
  ["cause", (cdr) => cdr.cause],
  ["q850", (cdr) => cdr.q850],
  ["incident_id", (cdr) => cdr.incidentId],
  ["block_id", (cdr) => cdr.blockId],
  ["emergency", (cdr) => cdr.emergency],
  ["media_anchor", ({ media }) => media?.anchor],
  ["media_not_heard", ({ media }) => media?.notHeard],
  ["a_packets", ({ media }) => media?.a?.packets],
  ["a_lost", ({ media }) => media?.a?.lost],
  ["a_jitter_ms", ({ media }) => media?.a?.jitterMs],
  ["a_mos", ({ media }) => media?.a?.mos],
  ["b_packets", ({ media }) => media?.b?.packets],
  ["b_lost", ({ media }) => media?.b?.lost],
  ["b_jitter_ms", ({ media }) => media?.b?.jitterMs],
  ["b_mos", ({ media }) => media?.b?.mos],
  ["identity_verdict", ({ identity }) => identity?.verdict],
  ["identity_attest", ({ identity }) => identity?.attest],
  ["identity_origid", ({ identity }) => identity?.origid],
  ["identity_reason", ({ identity }) => identity?.reason],
  ["identity_diverted", ({ identity }) => identity?.diverted],
];

/** The header line of the CSV, with its line end. RFC 4180 §2 */
export const CDR_CSV_HEADER = `${COLUMNS.map(([name]) => name).join(",")}\r\n`;

/** One CDR as a CSV line, with its line end. RFC 4180 §2; cells are made harmless for spreadsheets by `csvCell`. */
export function cdrCsvLine(cdr: Cdr): string {
  return `${COLUMNS.map(([, read]) => csvCell(read(cdr))).join(",")}\r\n`;
}

/** One CDR as a JSON line, with its line end: the fields of the CSV, absent ones left out. */
export const cdrJsonLine = (cdr: Cdr): string =>
  `${JSON.stringify(Object.fromEntries(COLUMNS.map(([name, read]) => [name, read(cdr)])))}\n`;

/** `+` and digits, or digits: reads as a number in a spreadsheet, never as a formula. */
const PLAIN_NUMBER = /^[+-]?\d{1,40}$/;
/** What spreadsheets take for the start of a formula, full-width forms included; blanks before it do not help. */
const FORMULA = /^[\s\u00A0\uFEFF]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]/;
/** The same where a locale's own delimiter, or a line end, makes a cell of what is behind it. */
const FURTHER_FORMULA =
  /(?=[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])(?![+-]?\d{1,40}(?:[;\t\r\n]|$))(?<=[;\t\r\n][\s\u00A0\uFEFF"]*)/g;
const GUARD =
  /^'(?=[\s\u00A0\uFEFF']*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|[\t\r\n])|(?<=[;\t\r\n][\s\u00A0\uFEFF"]*)'(?=[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/g;
const NEEDS_QUOTES = /[",;\t\r\n]|^\s|\s$/;

/**
 * One cell. Callers choose much of what is in a CDR, so text that a spreadsheet would run as a formula gets an apostrophe in front
 * (the spreadsheet shows it as text), behind each semicolon, tab and line end too: where a locale separates by those, quotes in the
 * middle of a row do not keep a cell together. A plain number such as `+12025550101` stays as it is: numbers must survive a round trip
 * through programs that know nothing of apostrophes. NUL, which no reader agrees about, becomes U+FFFD.
 */
export function csvCell(value: string | number | boolean | undefined): string {
  if (value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const text = value.replaceAll("\0", "\uFFFD");
  const first = FORMULA.test(text) && !PLAIN_NUMBER.test(text) ? `'${text}` : text;
  const safe = first.replace(FURTHER_FORMULA, "'");
  return NEEDS_QUOTES.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A cell's text without the apostrophes of `csvCell`. */
export const unguarded = (text: string): string => (text.includes("'") ? text.replace(GUARD, "") : text);

/** Beyond it there is no date (ECMA-262 §21.4.1.1). */
const MAX_DATE_MS = 8.64e15;

function isoTime(ms: number | undefined): string | undefined {
  if (ms === undefined) return undefined;
  return Math.abs(ms) <= MAX_DATE_MS ? new Date(ms).toISOString() : String(ms);
}
