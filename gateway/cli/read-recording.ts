import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { parse } from "csv-parse";
import {
  readJsonLine,
  readRow,
  TimeOrder,
  type RecordedEvent,
  type RecordError,
  type Result,
} from "../../detection/index.js";

export type RecordingFormat = "jsonl" | "csv";

/** A line that could not be read. */
export interface BadLine {
  readonly line: number;
  readonly error: RecordError;
}

export interface RecordingReport {
  /** Lines that hold events. */
  readonly lines: number;
  readonly badLines: number;
  /** The first 20 of them. */
  readonly firstBad: readonly BadLine[];
  /** Events that came too late in the file to be put in order. */
  readonly outOfOrder: number;
}

/** Events held back to put them in order: call records are written when calls end, not when they begin. */
const REORDER_EVENTS = 200_000;
const REPORTED_BAD = 20;
const MAX_LINE = 65_536;

/** CSV when the name says so or the first character is no brace; else JSON lines. */
export async function formatOf(file: string): Promise<RecordingFormat> {
  if (/\.csv$/i.test(file)) return "csv";
  if (/\.(?:jsonl|ndjson|json)$/i.test(file)) return "jsonl";
  for await (const chunk of createReadStream(file, { encoding: "utf8", end: 1023 })) {
    return String(chunk).trimStart().startsWith("{") ? "jsonl" : "csv";
  }
  return "jsonl";
}

/**
 * Streams a recording of any length, in order of time. Bad lines are counted and passed over.
 * @throws What the file system throws, and CSV that is broken as a whole (`CsvError`).
 */
export async function readRecording(
  file: string,
  format: RecordingFormat,
  take: (event: RecordedEvent) => void,
): Promise<RecordingReport> {
  const order = new TimeOrder<RecordedEvent>(REORDER_EVENTS);
  const firstBad: BadLine[] = [];
  let lines = 0;
  let badLines = 0;
  const accept = (line: number, read: Result<readonly RecordedEvent[], RecordError>): void => {
    lines++;
    if (!read.ok) {
      badLines++;
      if (firstBad.length < REPORTED_BAD) firstBad.push({ line, error: read.error });
      return;
    }
    for (const event of read.value) {
      const next = order.push(event);
      if (next !== undefined) take(next);
    }
  };
  await (format === "csv" ? readCsv(file, accept) : readJsonLines(file, accept));
  for (let next = order.pop(); next !== undefined; next = order.pop()) take(next);
  return { lines, badLines, firstBad, outOfOrder: order.late };
}

type Accept = (line: number, read: Result<readonly RecordedEvent[], RecordError>) => void;

async function readJsonLines(file: string, accept: Accept): Promise<void> {
  const input = createInterface({ input: createReadStream(file, { encoding: "utf8" }), crlfDelay: Infinity });
  let line = 0;
  for await (const text of input) {
    line++;
    if (text.trim() !== "") accept(line, readJsonLine(text.slice(0, MAX_LINE)));
  }
}

async function readCsv(file: string, accept: Accept): Promise<void> {
  const rows = createReadStream(file).pipe(
    parse({
      bom: true,
      columns: true,
      info: true,
      trim: true,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: MAX_LINE,
    }),
  );
  for await (const row of rows as AsyncIterable<{ info: { lines: number }; record: Record<string, unknown> }>) {
    accept(row.info.lines, readRow(row.record));
  }
}
