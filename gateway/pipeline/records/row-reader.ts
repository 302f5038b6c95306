import {
  FORWARD_KINDS,
  NUMBER_CLASSES,
  RECORD_SOURCES,
  type CallRecord,
  type ForwardKind,
  type NumberClass,
  type SiteCalendar,
  type UnixMs,
} from "../../../detection/index.js";
import { unguarded } from "../../core/cdr-format.js";
import { RECORD_FIELDS, type RecordField } from "../../core/record-fields.js";
import { fail, ok, type Result } from "../../core/result.js";
import { columnKey, type CsvMapping, type FieldSource } from "./csv-mapping.js";
import type { RawCall, RowError } from "./raw-call.js";
import { readZone, timeReader } from "./read-time.js";

/** Cells of one row to the text of one field; empty: not there. */
type ReadCell = (cells: readonly string[]) => string;

export interface MappingError {
  /**
   * `mapping.column`: the file has no such column. `mapping.field`: a field that must be mapped is not. `mapping.twice`: two
   * columns have the name, and nobody can tell which of them is meant.
   */
  readonly code: "mapping.column" | "mapping.field" | "mapping.twice";
  readonly text: string;
}

const DIRECTIONS = new Set(["out", "in", "internal", "unknown"]);
const OUTCOMES = new Set(["answered", "no-answer", "busy", "refused", "failed", "cancelled"]);
const FAILURES = new Set(["authentication", "congestion", "unallocated", "other"]);
const SOURCES = new Set<string>(RECORD_SOURCES);
const FORWARDS = new Set<string>(FORWARD_KINDS);
const CLASSES = new Set<string>(NUMBER_CLASSES);
const UNIT_MS = { s: 1_000, ms: 1, min: 60_000 } as const;
const SLASHED = /^\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b/;
/** Longer cells are cut: numbers and names are shorter, and whoever writes longer ones wants our memory. */
const MAX_CELL = 256;

export interface ReaderOptions {
  /** A column that the mapping names and the file lacks is an error: for mappings that somebody wrote. */
  readonly strict: boolean;
  /** Of times that name no zone. */
  readonly zone: SiteCalendar | undefined;
  /** What stands before decimals. Default: the mapping's, else a point. */
  readonly decimal?: "." | "," | undefined;
  /** Calls cannot have begun later than this. Default: whenever they say. */
  readonly until?: UnixMs | undefined;
}

/** Reads rows of one file by its mapping. */
export class RowReader {
  readonly #mapping: CsvMapping;
  readonly #cells: ReadonlyMap<RecordField, ReadCell>;
  readonly #times: ReadonlyMap<RecordField, (text: string) => UnixMs | undefined>;
  readonly #skips: readonly (readonly [index: number, values: ReadonlySet<string>])[];
  readonly #width: number;
  readonly #decimals: RegExp;
  readonly #until: number;

  private constructor(
    mapping: CsvMapping,
    width: number,
    cells: ReadonlyMap<RecordField, ReadCell>,
    skips: readonly (readonly [number, ReadonlySet<string>])[],
    { zone, decimal, until }: Omit<ReaderOptions, "strict">,
  ) {
    this.#mapping = mapping;
    this.#width = width;
    this.#until = until ?? Infinity;
    this.#decimals = (decimal ?? mapping.decimal) === "," ? /^\d{1,12}(?:,\d{1,9})?$/ : /^\d{1,12}(?:\.\d{1,9})?$/;
    this.#cells = cells;
    this.#skips = skips;
    const times = (["startedAt", "answeredAt", "endedAt", "reportedAt"] as const).map(
      (field) => [field, timeReader(zone, mapping.fields[field]?.format)] as const,
    );
    this.#times = new Map<RecordField, (text: string) => UnixMs | undefined>(times);
  }

  /**
   * @param header The file's first row, or the mapping's columns where it has none.
   */
  static of(
    mapping: CsvMapping,
    header: readonly string[],
    { strict, ...options }: ReaderOptions,
  ): Result<RowReader, MappingError> {
    const names = header.map(columnKey);
    const places = new Map(names.map((name, index) => [name, index]));
    const cells = new Map<RecordField, ReadCell>();
    for (const field of RECORD_FIELDS) {
      const source = mapping.fields[field];
      if (source === undefined) continue;
      const missing = source.columns.find((name) => !places.has(columnKey(name)));
      if (strict && missing !== undefined) return fail({ code: "mapping.column", text: missing });
      const twice = source.columns.find(
        (name) => names.indexOf(columnKey(name)) !== names.lastIndexOf(columnKey(name)),
      );
      if (twice !== undefined) return fail({ code: "mapping.twice", text: twice });
      const at = source.columns.flatMap((name) => places.get(columnKey(name)) ?? []);
      if (at.length > 0 || source.value !== undefined) cells.set(field, cellReader(source, at));
    }
    for (const field of ["startedAt", "called"] as const) {
      if (!cells.has(field)) return fail({ code: "mapping.field", text: field });
    }
    const skips = Object.entries(mapping.skip ?? {}).flatMap(([column, values]) => {
      const index = places.get(columnKey(column));
      return index === undefined ? [] : [[index, new Set(values)] as const];
    });
    return ok(new RowReader(mapping, header.length, cells, skips, options));
  }

  /** @returns Undefined where the mapping passes over such rows. */
  read(cells: readonly string[]): Result<RawCall | undefined, RowError> {
    if (!this.#fits(cells))
      return fail({ code: "record.columns", field: "", found: `${cells.length} cells, not ${this.#width}` });
    for (const [index, values] of this.#skips) if (values.has(cells[index]?.trim() ?? "")) return ok(undefined);
    const startedAt = this.#start(cells);
    if (!startedAt.ok) return startedAt;
    const answeredAt = this.#time("answeredAt", cells);
    const endedAt = this.#time("endedAt", cells);
    const reportedAt = this.#time("reportedAt", cells);
    const durationMs = this.#duration("duration", cells);
    const ringMs = this.#duration("ring", cells);
    for (const each of [answeredAt, endedAt, reportedAt, durationMs, ringMs]) if (!each.ok) return each;
    const direction = this.#word<CallRecord["direction"]>("direction", cells, DIRECTIONS);
    const outcome = this.#word<CallRecord["outcome"]>("outcome", cells, OUTCOMES);
    const failure = this.#word<NonNullable<CallRecord["failure"]>>("failure", cells, FAILURES);
    const numberClass = this.#word<NumberClass>("numberClass", cells, CLASSES);
    const source = this.#word<RawCall["source"]>("source", cells, SOURCES);
    const forwardKind = this.#word<ForwardKind>("forwardKind", cells, FORWARDS);
    for (const each of [direction, outcome, failure, numberClass, source, forwardKind]) if (!each.ok) return each;
    const text = (field: RecordField): string | undefined => {
      const found = this.#text(field, cells);
      return found === "" ? undefined : found;
    };
    const raw: Partial<Record<keyof RawCall, unknown>> = {
      source: valueOf(source) ?? this.#mapping.source,
      id: text("id"),
      leg: text("leg"),
      callId: text("callId"),
      user: text("user"),
      direction: valueOf(direction),
      caller: this.#text("caller", cells),
      called: this.#text("called", cells),
      dialled: text("dialled"),
      country: text("country"),
      numberClass: valueOf(numberClass),
      international: readFlag(text("international")),
      startedAt: startedAt.value,
      answeredAt: valueOf(answeredAt),
      endedAt: valueOf(endedAt),
      durationMs: valueOf(durationMs),
      ringMs: valueOf(ringMs),
      answered: readFlag(text("answered")),
      outcome: valueOf(outcome),
      failure: valueOf(failure),
      site: text("site"),
      timeZone: readZone(text("timeZone")),
      trunk: text("trunk"),
      department: text("department"),
      forwardKind: valueOf(forwardKind),
      forwardedBy: text("forwardedBy"),
      correlation: text("correlation"),
      related: text("related"),
      transfer: text("transfer"),
      encrypted: readFlag(text("encrypted")),
      client: text("client"),
      address: text("address"),
      reportedAt: valueOf(reportedAt),
    };
    return ok(withoutUndefined(raw) as unknown as RawCall);
  }

  /** A row that was cut off must not pass for one that says little; empty cells behind the last column do no harm. */
  #fits(cells: readonly string[]): boolean {
    if (cells.length === this.#width) return true;
    if (cells.length < this.#width) return this.#mapping.shortRows === true;
    return cells.slice(this.#width).every((cell) => cell.trim() === "");
  }

  #text(field: RecordField, cells: readonly string[]): string {
    return this.#cells.get(field)?.(cells) ?? "";
  }

  #start(cells: readonly string[]): Result<UnixMs, RowError> {
    const field = "startedAt";
    const startedAt = this.#time(field, cells);
    if (!startedAt.ok) return startedAt;
    if (startedAt.value === undefined) return fail({ code: "record.missing", field, found: "" });
    if (startedAt.value <= this.#until) return ok(startedAt.value);
    return fail({ code: "record.future", field, found: this.#text(field, cells).slice(0, 60) });
  }

  #time(field: RecordField, cells: readonly string[]): Result<UnixMs | undefined, RowError> {
    const text = this.#text(field, cells);
    if (text === "") return ok(undefined);
    const at = this.#times.get(field)?.(text);
    if (at !== undefined) return ok(at);
    const isAmbiguous = SLASHED.test(text) && this.#mapping.fields[field]?.format === undefined;
    return fail({ code: isAmbiguous ? "record.date" : "record.field", field, found: text.slice(0, 60) });
  }

  #duration(field: "duration" | "ring", cells: readonly string[]): Result<number | undefined, RowError> {
    const text = this.#text(field, cells);
    if (text === "") return ok(undefined);
    const clock = /^(?:(\d{1,4}):)?([0-5]?\d):([0-5]\d)$/.exec(text);
    if (clock !== null) return ok((Number(clock[1] ?? 0) * 3600 + Number(clock[2]) * 60 + Number(clock[3])) * 1000);
    if (!this.#decimals.test(text)) {
      const code = /^\d+,\d+$/.test(text) ? "record.decimal" : "record.field";
      return fail({ code, field, found: text.slice(0, 60) });
    }
    return ok(Math.round(Number(text.replace(",", ".")) * UNIT_MS[this.#mapping.fields[field]?.unit ?? "s"]));
  }

  #word<T extends string>(
    field: RecordField,
    cells: readonly string[],
    known: ReadonlySet<string>,
  ): Result<T | undefined, RowError> {
    const text = this.#text(field, cells);
    if (text === "") return ok(undefined);
    if (known.has(text)) return ok(text as T);
    return fail({ code: "record.field", field, found: text.slice(0, 60) });
  }
}

const valueOf = <T>(result: Result<T, RowError>): T | undefined => (result.ok ? result.value : undefined);

function withoutUndefined(raw: Record<string, unknown>): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const key in raw) if (raw[key] !== undefined) kept[key] = raw[key];
  return kept;
}

function readFlag(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  const word = text.toLowerCase();
  if (word === "true" || word === "1" || word === "yes" || word === "y") return true;
  return word === "false" || word === "0" || word === "no" || word === "n" ? false : undefined;
}

function cellReader(source: FieldSource, at: readonly number[]): ReadCell {
  const { value, values, join, extract } = source;
  const pattern = extract === undefined ? undefined : new RegExp(extract);
  const plain = (cells: readonly string[]): string => {
    if (join === true)
      return at
        .map((index) => clean(cells[index]))
        .filter((text) => text !== "")
        .join(" ");
    for (const index of at) {
      const text = clean(cells[index]);
      if (text !== "") return text;
    }
    return value ?? "";
  };
  if (pattern === undefined && values === undefined) return plain;
  return (cells) => {
    const found = plain(cells);
    const text = pattern === undefined ? found : (pattern.exec(found)?.[1] ?? "");
    if (values === undefined || text === "") return text;
    return (Object.hasOwn(values, text) ? values[text] : values["*"]) ?? text;
  };
}

/** Without blanks; `NA`, as Webex has it, is nothing; the apostrophes go that keep spreadsheets from running a cell. */
function clean(cell: string | undefined): string {
  if (cell === undefined || cell === "") return "";
  const text = cell.length > MAX_CELL ? cell.slice(0, MAX_CELL).trim() : cell.trim();
  if (text === "NA") return "";
  return unguarded(text);
}
