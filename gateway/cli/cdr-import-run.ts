import {
  CdrDetection,
  SiteCalendar,
  DEFAULT_SITE,
  type CallRecord,
  type CdrFinding,
  type SettingChange,
} from "../../detection/index.js";
import { BadRows } from "../adapters/cdr-csv/bad-rows.js";
import { CsvFile, type FileRow, type RowBatch } from "../adapters/cdr-csv/csv-file.js";
import type { FilePlace, ImportCounts } from "../adapters/cdr-memory/import-state.js";
import { GatewayError } from "../core/errors.js";
import { fail, ok, type Result } from "../core/result.js";
import { isChangeHeader } from "../pipeline/records/change-rows.js";
import { recogniseMapping, type CsvMapping } from "../pipeline/records/csv-mapping.js";
import { guessDelimiter, parseCsvRow, rowState } from "../pipeline/records/csv-row.js";
import { RecordNormaliser } from "../pipeline/records/normaliser.js";
import { RowReader } from "../pipeline/records/row-reader.js";
import { fileReason, rowReason } from "../pipeline/records/row-reason.js";
import { latestStart } from "./cdr-settings.js";
import { ImportPosition } from "./cdr-import-resume.js";
import type { ImportSettings } from "./cdr-import-settings.js";
import { findingJson, findingText, type ImportReport, type Progress } from "./cdr-import-text.js";
import { readChangeFile } from "./change-file.js";

/** What the command writes to; tests pass their own. */
export interface ImportOutput {
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
  /** Undefined as its argument: it is over. Itself undefined: nobody looks. */
  readonly progress: ((progress: Progress | undefined) => void) | undefined;
  readonly hasRoom: () => Promise<void>;
}

/** What came of some rows. */
export interface ImportedRows {
  readonly records: readonly CallRecord[];
  readonly changes: readonly SettingChange[];
  readonly findings: readonly CdrFinding[];
}

/** Where records and findings go besides standard output. */
export interface ImportTarget {
  /** See `RecordNormaliser.idOf`. */
  readonly idOf?: (content: string) => string;
  write(rows: ImportedRows): Promise<void>;
  close(): Promise<void>;
}

const TOLD_BAD = 20;
const TOLD_SITES = 20;
const NO_SITE = "records without a site";
const CHANGES_MAPPING = "changed-settings";

type Counts = { -readonly [K in keyof ImportCounts]: ImportCounts[K] };
interface Head {
  /** Undefined: the file has changed settings, no calls. */
  readonly reader: RowReader | undefined;
  readonly mapping: Pick<CsvMapping, "name" | "columns">;
  readonly hasHeader: boolean;
}

/** Where bad rows of a file go, if nothing else is said. */
export const badRowsOf = (path: string): string => `${path}.bad.csv`;

/** One import of one file. */
export class CsvImport {
  readonly #path: string;
  readonly #settings: ImportSettings;
  readonly #output: ImportOutput;
  readonly #target: ImportTarget | undefined;
  readonly #normaliser: RecordNormaliser;
  readonly #detection: CdrDetection | undefined;
  readonly #bad: BadRows;
  readonly #startedAt = performance.now();
  #counts: Counts = { rows: 0, records: 0, badRows: 0, duplicates: 0, skipped: 0, findings: 0, changes: 0 };
  #delimiter = ",";
  #changes: readonly SettingChange[] = [];
  #nextChange = 0;
  #rowsHere = 0;
  readonly #withoutHours = new Set<string>();

  constructor(path: string, settings: ImportSettings, output: ImportOutput, target?: ImportTarget) {
    this.#path = path;
    this.#settings = settings;
    this.#output = output;
    this.#target = target;
    this.#normaliser = new RecordNormaliser(settings.records.normaliser, target?.idOf);
    this.#bad = new BadRows(settings.badFile ?? badRowsOf(path));
    if (!settings.detects) return;
    const detection = CdrDetection.of(settings.records.detection);
    if (!detection.ok)
      throw new GatewayError("config.invalid", `records.sites.${detection.error.site}: ${detection.error.code}`);
    this.#detection = detection.value;
  }

  /** @throws GatewayError `records.file`, `config.invalid`, `store.*` */
  async run(): Promise<ImportReport> {
    const { coding } = this.#settings;
    const file = await CsvFile.open({ path: this.#path, coding, judge: (row) => rowState(row, this.#delimiter) });
    try {
      return await this.#import(file);
    } finally {
      this.#output.progress?.(undefined);
      await this.#bad.close();
      await file.close();
    }
  }

  async #import(file: CsvFile): Promise<ImportReport> {
    const { reader, mapping, hasHeader } = this.#readHead(file);
    const fromLine = reader === undefined ? await this.#takeChanges() : await this.#takeCalls(file, reader, hasHeader);
    this.#tellHours();
    return {
      ...this.#counts,
      notJudged: this.#detection?.stats.dropped ?? 0,
      fromLine,
      mapping: mapping.name,
      coding: file.coding,
      tookMs: performance.now() - this.#startedAt,
      badFile: this.#bad.path,
    };
  }

  /** A file of changed settings: as short as it is, it is read anew each time. */
  async #takeChanges(): Promise<number> {
    if (this.#settings.resumes)
      this.#output.complain(
        `--resume: ${this.#path} has changed settings, which are read from the first row each time`,
      );
    const { rows } = await this.#readChanges(this.#path, this.#bad);
    this.#counts.rows = rows;
    await this.#write(this.#changesUntil(Infinity));
    return 1;
  }

  /** @returns The line that it began with. */
  async #takeCalls(file: CsvFile, reader: RowReader, hasHeader: boolean): Promise<number> {
    const changes = await this.#readChangesBeside();
    const { checkpointMs, ...all } = this.#settings;
    // However findings are printed, they are the same.
    const settings = { ...all, changes, resumes: undefined, json: undefined };
    const position = new ImportPosition(this.#path, file, settings, checkpointMs);
    const known = this.#settings.resumes
      ? await position.load(this.#detection, this.#bad, (row) => this.#idOf(row, reader))
      : undefined;
    const from: FilePlace = known?.next ?? position.start;
    if (this.#settings.resumes && known === undefined)
      this.#output.complain(`--resume: nothing is kept of an import of ${this.#path}: it begins at its first row`);
    if (known !== undefined) {
      this.#counts = { ...known.counts };
      this.#nextChange = known.changes;
    }
    let mayBeHeader = hasHeader && known === undefined;
    for await (const batch of file.rows(from.byte, from.line)) {
      const rows = mayBeHeader ? batch.rows.slice(1) : batch.rows;
      if (batch.rows.length > 0) mayBeHeader = false;
      await this.#take(rows, reader, position);
      if (position.isDue(batch)) await this.#keep(position, batch);
      this.#showProgress(batch.nextByte, from.byte, file.sizeBytes);
    }
    await this.#write(this.#changesUntil(Infinity));
    // Calls that lie days behind all others: nothing comes that would agree with them.
    const findings = (this.#detection?.finish() ?? []).map((finding) => this.#tell(finding));
    await this.#write({ records: [], changes: [], findings });
    await position.drop();
    return known === undefined ? 1 : from.line;
  }

  #readHead(file: CsvFile): Head {
    const { mapping: given, isOwnMapping, delimiter, decimal } = this.#settings;
    this.#delimiter = delimiter ?? given?.delimiter ?? file.saidDelimiter ?? guessDelimiter(file.firstLine);
    const cells = parseCsvRow(file.firstLine, this.#delimiter);
    const firstRow = cells.ok ? cells.value : file.firstLine.split(this.#delimiter);
    if (given === undefined && isChangeHeader(firstRow))
      return { reader: undefined, mapping: { name: CHANGES_MAPPING }, hasHeader: true };
    const mapping = given ?? recogniseMapping(firstRow);
    if (mapping === undefined)
      throw new GatewayError(
        "records.file",
        `its columns are of no built-in mapping (${firstRow.slice(0, 8).join(", ").slice(0, 200)} …); give one with --map`,
      );
    const zone = this.#zone(mapping.timeZone);
    const options = { strict: isOwnMapping, zone, decimal, until: latestStart() };
    const reader = RowReader.of(mapping, mapping.columns ?? firstRow, options);
    if (!reader.ok) {
      const { code, text } = reader.error;
      throw new GatewayError("records.file", `${code}: ${MAPPING_WORDS[code]} ${text}`);
    }
    return { reader: reader.value, mapping, hasHeader: mapping.columns === undefined };
  }

  #zone(ofMapping: string | undefined): SiteCalendar | undefined {
    const timeZone = this.#settings.timeZone ?? ofMapping;
    if (timeZone === undefined) return undefined;
    const calendar = SiteCalendar.of({ ...DEFAULT_SITE, timeZone });
    if (!calendar.ok) throw new GatewayError("config.invalid", `${timeZone}: no such time zone`);
    return calendar.value;
  }

  /** @returns What they were read from, by its content; undefined: there are none. */
  async #readChangesBeside(): Promise<string | undefined> {
    const path = this.#settings.changes;
    if (path === undefined) return undefined;
    const bad = new BadRows(badRowsOf(path));
    try {
      return (await this.#readChanges(path, bad)).sha256;
    } finally {
      await bad.close();
    }
  }

  async #readChanges(path: string, bad: BadRows): Promise<{ readonly rows: number; readonly sha256: string }> {
    const read = await readChangeFile(path, {
      normaliser: this.#normaliser,
      coding: this.#settings.coding,
      delimiter: this.#settings.delimiter,
      zone: this.#zone(undefined),
      onBad: (row, reason) => this.#refuse(path, bad, row, reason),
    });
    await bad.flush();
    this.#changes = read.changes;
    return read;
  }

  async #take(rows: readonly FileRow[], reader: RowReader, position: ImportPosition): Promise<void> {
    const records: CallRecord[] = [];
    const changes: SettingChange[] = [];
    const findings: CdrFinding[] = [];
    for (const row of rows) {
      this.#counts.rows++;
      this.#rowsHere++;
      const record = this.#newRecord(row, reader, position);
      if (record === undefined) continue;
      this.#counts.records++;
      this.#noteHours(record);
      if (this.#target !== undefined) records.push(record);
      const before = this.#changesUntil(record.startedAt);
      changes.push(...before.changes);
      findings.push(...before.findings);
      for (const finding of this.#detection?.observe(record) ?? []) findings.push(this.#tell(finding));
    }
    await this.#write({ records, changes, findings });
    await this.#bad.flush();
    await this.#output.hasRoom();
  }

  #noteHours({ site = NO_SITE }: CallRecord): void {
    const { sites } = this.#settings.records.detection;
    const isKnown = sites["default"] !== DEFAULT_SITE || Object.hasOwn(sites, site);
    if (!isKnown && this.#withoutHours.size <= TOLD_SITES) this.#withoutHours.add(site);
  }

  /** Of offices in other time zones half of what is found after hours would be daily business. */
  #tellHours(): void {
    const names = [...this.#withoutHours].sort();
    if (this.#detection === undefined || names.length === 0) return;
    const shown = names.length > TOLD_SITES ? `${names.slice(0, TOLD_SITES).join(", ")} …` : names.join(", ");
    this.#output.complain(
      `no hours are given for: ${shown}. They are judged as open from Monday to Friday, 8 to 18 o'clock, UTC where their rows name no zone; say theirs in records.sites (--config)`,
    );
  }

  /** Changed settings go to the detectors in their order among the calls. */
  #changesUntil(at: number): ImportedRows {
    const from = this.#nextChange;
    const findings: CdrFinding[] = [];
    for (let next = this.#changes[from]; next !== undefined && next.at <= at; next = this.#changes[this.#nextChange]) {
      this.#nextChange++;
      this.#counts.changes++;
      for (const finding of this.#detection?.changed(next) ?? []) findings.push(this.#tell(finding));
    }
    return { records: [], changes: this.#changes.slice(from, this.#nextChange), findings };
  }

  async #write(rows: ImportedRows): Promise<void> {
    if (rows.records.length + rows.changes.length + rows.findings.length > 0) await this.#target?.write(rows);
  }

  #tell(finding: CdrFinding): CdrFinding {
    this.#counts.findings++;
    this.#output.print(this.#settings.json ? findingJson(finding) : findingText(finding));
    return finding;
  }

  /** @returns Undefined: it was bad, or passed over, or came before. */
  #newRecord(row: FileRow, reader: RowReader, position: ImportPosition): CallRecord | undefined {
    const read = this.#readRow(row, reader);
    if (!read.ok) this.#refuse(this.#path, this.#bad, row, read.error);
    else if (read.value === undefined) this.#counts.skipped++;
    else if (position.isNew(keyOf(read.value))) return read.value;
    else this.#counts.duplicates++;
    return undefined;
  }

  #idOf(row: FileRow, reader: RowReader): string | undefined {
    const read = this.#readRow(row, reader);
    return read.ok && read.value !== undefined ? keyOf(read.value) : undefined;
  }

  /** @returns Undefined: the mapping passes over such rows. */
  #readRow(row: FileRow, reader: RowReader): Result<CallRecord | undefined, string> {
    if (row.fault !== undefined) return fail(fileReason(row.fault));
    const cells = parseCsvRow(row.text, this.#delimiter);
    if (!cells.ok) return fail(fileReason(cells.error.code));
    const raw = reader.read(cells.value);
    if (!raw.ok) return fail(rowReason(raw.error));
    if (raw.value === undefined) return ok(undefined);
    const { site, timeZone } = raw.value;
    if (site !== undefined && timeZone !== undefined) this.#detection?.place(site, timeZone);
    const record = this.#normaliser.normalise(raw.value);
    return record.ok ? record : fail(rowReason(record.error));
  }

  #refuse(path: string, bad: BadRows, row: FileRow, reason: string): void {
    this.#counts.badRows++;
    bad.add(row, reason);
    if (this.#counts.badRows <= TOLD_BAD) this.#output.complain(`${path}:${row.line}: ${reason}`);
    else if (this.#counts.badRows === TOLD_BAD + 1) this.#output.complain(`further bad rows are only in ${bad.path}`);
  }

  async #keep(position: ImportPosition, batch: RowBatch): Promise<void> {
    const progress = { counts: this.#counts, changes: this.#nextChange };
    const failure = await position.keep(batch, progress, this.#bad.bytes, this.#detection);
    if (failure !== undefined) this.#output.complain(`cannot be resumed: ${failure}`);
  }

  #showProgress(doneBytes: number, fromBytes: number, totalBytes: number): void {
    const elapsedMs = performance.now() - this.#startedAt;
    this.#output.progress?.({ doneBytes, fromBytes, totalBytes, rows: this.#rowsHere, elapsedMs });
  }
}

/** Ids are unique within their source. */
const keyOf = ({ source, id }: CallRecord): string => `${source} ${id}`;

const MAPPING_WORDS = {
  "mapping.column": "the file has no column",
  "mapping.field": "no column is mapped to",
  "mapping.twice": "two columns have the name, and it is not known which of them is meant:",
} as const;
