import type { TextCoding } from "../adapters/cdr-csv/text-coding.js";
import type { CsvMapping } from "../pipeline/records/csv-mapping.js";
import type { ImportRecordSettings } from "./cdr-settings.js";

/** What an import was told, read. */
export interface ImportSettings {
  readonly mapping: CsvMapping | undefined;
  /** Somebody wrote it: it must fit the file. */
  readonly isOwnMapping: boolean;
  readonly coding: TextCoding | undefined;
  readonly delimiter: string | undefined;
  readonly timeZone: string | undefined;
  readonly decimal: "." | "," | undefined;
  /** A file. */
  readonly changes: string | undefined;
  readonly checkpointMs: number;
  /** Alert routes are told of what is not older. */
  readonly tellDays: number;
  readonly detects: boolean;
  readonly json: boolean;
  readonly resumes: boolean;
  readonly store: string | undefined;
  readonly badFile: string | undefined;
  readonly records: ImportRecordSettings;
}
