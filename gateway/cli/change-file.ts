import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import type { SettingChange, SiteCalendar } from "../../detection/index.js";
import { CsvFile, type FileRow } from "../adapters/cdr-csv/csv-file.js";
import type { TextCoding } from "../adapters/cdr-csv/text-coding.js";
import { GatewayError } from "../core/errors.js";
import type { Result } from "../core/result.js";
import { ChangeRows, changeOfJson, isChangeHeader } from "../pipeline/records/change-rows.js";
import { guessDelimiter, parseCsvRow, rowState } from "../pipeline/records/csv-row.js";
import type { RecordNormaliser } from "../pipeline/records/normaliser.js";
import type { RowError } from "../pipeline/records/raw-call.js";
import { fileReason, rowReason } from "../pipeline/records/row-reason.js";

export interface ChangeFileOptions {
  readonly normaliser: RecordNormaliser;
  readonly coding?: TextCoding | undefined;
  readonly delimiter?: string | undefined;
  /** Of times that name no zone. */
  readonly zone?: SiteCalendar | undefined;
  readonly onBad: (row: FileRow, reason: string) => void;
}

export interface ChangeFile {
  /** In the order of their times. */
  readonly changes: readonly SettingChange[];
  readonly rows: number;
  readonly sha256: string;
}

/** All of it is held in memory: settings are changed a thousand times less than calls are made. */
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * Changed settings, as CSV with the columns of `change-rows.ts` or as JSON lines.
 *
 * @throws GatewayError `records.file`: it cannot be read, is too long, or has other columns.
 */
export async function readChangeFile(path: string, options: ChangeFileOptions): Promise<ChangeFile> {
  const failed = (message: string, cause?: unknown): GatewayError =>
    new GatewayError("records.file", `${path}: ${message}`, cause === undefined ? undefined : { cause });
  const { size } = await stat(path).catch((cause: unknown) => {
    throw failed("cannot be read", cause);
  });
  if (size > MAX_BYTES) throw failed(`longer than ${MAX_BYTES} bytes`);
  const content = await readFile(path).catch((cause: unknown) => {
    throw failed("cannot be read", cause);
  });
  const changes: SettingChange[] = [];
  let rows = 0;
  const take = (row: FileRow, read: Result<SettingChange, RowError>): void => {
    rows++;
    if (read.ok) changes.push(read.value);
    else options.onBad(row, rowReason(read.error));
  };
  if (content[0] === 0x7b) readJsonLines(content.toString("utf8"), take);
  else {
    const broken = await readCsv(path, options, take, failed);
    rows += broken;
  }
  changes.sort((a, b) => a.at - b.at);
  return { changes, rows, sha256: createHash("sha256").update(content).digest("hex") };
}

type Take = (row: FileRow, read: Result<SettingChange, RowError>) => void;

function readJsonLines(text: string, take: Take): void {
  for (const [at, line] of text.split("\n").entries())
    if (line.trim() !== "") take({ line: at + 1, text: line }, changeOfJson(line));
}

/** @returns How many rows were no rows. */
async function readCsv(
  path: string,
  { normaliser, coding, delimiter: given, zone, onBad }: ChangeFileOptions,
  take: Take,
  failed: (message: string) => GatewayError,
): Promise<number> {
  let delimiter = given ?? ",";
  const file = await CsvFile.open({ path, coding, judge: (row) => rowState(row, delimiter) });
  try {
    delimiter = given ?? file.saidDelimiter ?? guessDelimiter(file.firstLine);
    const header = parseCsvRow(file.firstLine, delimiter);
    if (!header.ok || !isChangeHeader(header.value))
      throw failed("its columns are not those of changed settings: user, changed_at, kind, target …");
    const reader = new ChangeRows(header.value, normaliser, zone);
    let broken = 0;
    for await (const { rows } of file.rows(file.firstByte, file.firstLineNumber)) {
      for (const row of rows) {
        if (row.line === file.firstLineNumber) continue;
        const cells = row.fault === undefined ? parseCsvRow(row.text, delimiter) : undefined;
        if (cells?.ok === true) take(row, reader.read(cells.value));
        else {
          broken++;
          onBad(row, fileReason(row.fault ?? (cells?.ok === false ? cells.error.code : "")));
        }
      }
    }
    return broken;
  } finally {
    await file.close();
  }
}
