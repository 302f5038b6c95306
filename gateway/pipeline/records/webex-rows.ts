import { fail, type Result } from "../../core/result.js";
import { WEBEX_MAPPING } from "./csv-mapping.js";
import type { RawCall, RowError } from "./raw-call.js";
import { RowReader } from "./row-reader.js";

const COLUMNS: readonly string[] = [
  ...new Set(Object.values(WEBEX_MAPPING.fields).flatMap((source) => source?.columns ?? [])),
];

/** Reads items of Webex's feed: the same names as in its CSV report, values text or numbers. */
export class WebexRows {
  readonly #reader: RowReader | undefined;

  constructor() {
    const reader = RowReader.of(WEBEX_MAPPING, COLUMNS, { strict: true, zone: undefined });
    this.#reader = reader.ok ? reader.value : undefined;
  }

  read(item: unknown): Result<RawCall | undefined, RowError> {
    const none: RowError = { code: "record.columns", field: "", found: typeof item };
    if (typeof item !== "object" || item === null || this.#reader === undefined) return fail(none);
    const values = item as Readonly<Record<string, unknown>>;
    return this.#reader.read(COLUMNS.map((name) => textOf(values[name])));
  }
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}
