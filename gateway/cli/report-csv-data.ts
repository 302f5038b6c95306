import {
  CdrDetection,
  type Alert,
  type AlertCase,
  type CallRecord,
  type CdrDetectionOptions,
  type CdrFinding,
  type Incident,
  type SettingChange,
} from "../../detection/index.js";
import { CsvFile, type FileRow } from "../adapters/cdr-csv/csv-file.js";
import { GatewayError } from "../core/errors.js";
import { recogniseMapping } from "../pipeline/records/csv-mapping.js";
import { guessDelimiter, parseCsvRow, rowState } from "../pipeline/records/csv-row.js";
import { RecordNormaliser, type NormaliserOptions } from "../pipeline/records/normaliser.js";
import { RowReader } from "../pipeline/records/row-reader.js";
import type { LinkQuery } from "../ports/call-records.js";
import type { AuditEntry } from "../ports/records.js";
import type { ReportData, ReportDataRange } from "../ports/report-data.js";
import { latestStart } from "./cdr-settings.js";
import { readChangeFile } from "./change-file.js";

export interface CsvReportOptions {
  readonly files: readonly string[];
  /** CSV with our columns of changed settings, as `scripts/generate-cdrs --changes` writes them, or JSON lines. */
  readonly changes: string | undefined;
  readonly normaliser: NormaliserOptions;
  readonly detection: CdrDetectionOptions;
}

const MAX_LINKED = 1_000;

/** Call records of files, with the findings that the detectors have on them. There are no alerts, incidents and audit entries. */
export class CsvReportData implements ReportData {
  readonly #options: CsvReportOptions;
  #badRows = 0;
  #badChanges = 0;

  constructor(options: CsvReportOptions) {
    this.#options = options;
  }

  get limits(): readonly string[] {
    const { files } = this.#options;
    return [
      `Call records are those of ${files.length === 1 ? "a file" : `${files.length} files`}; the findings are what the detectors say of them when they are read anew. Alerts of live calls and the audit log are not in a file.`,
      ...(this.#badRows > 0 ? [`${this.#badRows} rows could not be read and are in no figure.`] : []),
      ...(this.#badChanges > 0 ? [`${this.#badChanges} changed settings could not be read.`] : []),
    ];
  }

  async *calls({ from, to }: ReportDataRange): AsyncIterable<readonly CallRecord[]> {
    this.#badRows = 0;
    for (const file of this.#options.files)
      for await (const page of this.#read(file))
        yield page.filter(({ startedAt }) => startedAt >= from && startedAt < to);
  }

  async linked({ ids, correlations }: LinkQuery): Promise<readonly CallRecord[]> {
    const [names, shared] = [new Set(ids), new Set(correlations)];
    const isOne = ({ id, callId, links }: CallRecord): boolean =>
      [id, callId, links?.related, links?.transfer].some((key) => key !== undefined && names.has(key)) ||
      (links?.correlation !== undefined && shared.has(links.correlation));
    const found: CallRecord[] = [];
    this.#badRows = 0;
    for (const file of this.#options.files)
      for await (const page of this.#read(file)) found.push(...page.filter(isOne).slice(0, MAX_LINKED - found.length));
    return found;
  }

  async *findings({ from, to }: ReportDataRange): AsyncIterable<readonly CdrFinding[]> {
    const detection = CdrDetection.of(this.#options.detection);
    if (!detection.ok)
      throw new GatewayError("config.invalid", `records.sites.${detection.error.site}: ${detection.error.code}`);
    const changes = [...(await this.#readChanges())].sort((a, b) => b.at - a.at);
    const inRange = ({ firstAt }: CdrFinding): boolean => firstAt >= from && firstAt < to;
    const bad = this.#badRows;
    for (const file of this.#options.files) {
      for await (const page of this.#read(file)) {
        const found: CdrFinding[] = [];
        for (const record of page) {
          for (let next = changes.at(-1); next !== undefined && next.at <= record.startedAt; next = changes.at(-1)) {
            found.push(...detection.value.changed(next));
            changes.pop();
          }
          found.push(...detection.value.observe(record));
        }
        yield found.filter(inRange);
      }
    }
    this.#badRows = bad;
    yield changes.reverse().flatMap((change) => detection.value.changed(change).filter(inRange));
    yield detection.value.finish().filter(inRange);
  }

  async *changes({ from, to }: ReportDataRange): AsyncIterable<readonly SettingChange[]> {
    yield (await this.#readChanges()).filter(({ at }) => at >= from && at < to);
  }

  async *alerts(): AsyncIterable<readonly Alert[]> {
    // A file has none.
  }

  async *incidents(): AsyncIterable<readonly Incident[]> {
    // A file has none.
  }

  incidentsOf(): Promise<readonly Incident[]> {
    return Promise.resolve([]);
  }

  async *cases(): AsyncIterable<readonly AlertCase[]> {
    // A file has none.
  }

  auditProof(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async *audit(): AsyncIterable<readonly AuditEntry[]> {
    // A file has none.
  }

  async *#read(path: string): AsyncIterable<readonly CallRecord[]> {
    let delimiter = ",";
    const file = await CsvFile.open({ path, coding: undefined, judge: (row) => rowState(row, delimiter) });
    try {
      delimiter = file.saidDelimiter ?? guessDelimiter(file.firstLine);
      const header = parseCsvRow(file.firstLine, delimiter);
      const mapping = header.ok ? recogniseMapping(header.value) : undefined;
      if (!header.ok || mapping === undefined)
        throw new GatewayError(
          "records.file",
          `${path}: its columns are not known; import it with ringfence cdr import --map first`,
        );
      const options = { strict: false, zone: undefined, until: latestStart() };
      const reader = RowReader.of(mapping, mapping.columns ?? header.value, options);
      if (!reader.ok) throw new GatewayError("records.file", `${path}: ${reader.error.code} ${reader.error.text}`);
      const normaliser = new RecordNormaliser(this.#options.normaliser);
      let skipsHeader = mapping.columns === undefined;
      for await (const { rows } of file.rows(file.firstByte, file.firstLineNumber)) {
        const fresh = skipsHeader ? rows.slice(1) : rows;
        if (rows.length > 0) skipsHeader = false;
        yield fresh.flatMap((row) => this.#record(row, path, delimiter, reader.value, normaliser) ?? []);
      }
    } finally {
      await file.close();
    }
  }

  #record(
    row: FileRow,
    path: string,
    delimiter: string,
    reader: RowReader,
    normaliser: RecordNormaliser,
  ): CallRecord | undefined {
    const cells = row.fault === undefined ? parseCsvRow(row.text, delimiter) : undefined;
    const raw = cells?.ok === true ? reader.read(cells.value) : undefined;
    // A row that the mapping leaves out is no fault.
    if (raw?.ok === true && raw.value === undefined) return undefined;
    const named =
      raw?.ok === true && raw.value !== undefined ? { id: this.#nameOf(row, path), ...raw.value } : undefined;
    const record = named === undefined ? undefined : normaliser.normalise(named);
    if (record?.ok === true) return record.value;
    this.#badRows++;
    return undefined;
  }

  /** For rows without an id: whoever has the file finds it, and nobody else a number by trying what would make a hash. */
  #nameOf({ line }: FileRow, path: string): string {
    const { files } = this.#options;
    return files.length === 1 ? `line${line}` : `file${files.indexOf(path) + 1}-line${line}`;
  }

  async #readChanges(): Promise<readonly SettingChange[]> {
    const path = this.#options.changes;
    if (path === undefined) return [];
    this.#badChanges = 0;
    const normaliser = new RecordNormaliser(this.#options.normaliser);
    const { changes } = await readChangeFile(path, { normaliser, onBad: () => this.#badChanges++ });
    return changes;
  }
}
