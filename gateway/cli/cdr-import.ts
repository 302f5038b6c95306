import type { Command } from "commander";
import { DEFAULT_SITE, SiteCalendar } from "../../detection/index.js";
import { TEXT_CODINGS } from "../adapters/cdr-csv/text-coding.js";
import { readMapping } from "../config/csv-mapping-schema.js";
import { GatewayError } from "../core/errors.js";
import { fail, ok, type Result } from "../core/result.js";
import { unixMs } from "../core/time.js";
import { BUILT_IN_MAPPINGS, type CsvMapping } from "../pipeline/records/csv-mapping.js";
import { isBrokenPipe } from "./broken-pipe.js";
import { badRowsOf, CsvImport, type ImportOutput } from "./cdr-import-run.js";
import type { ImportSettings } from "./cdr-import-settings.js";
import { ProgressLine } from "./cdr-import-progress.js";
import { StoreTarget } from "./cdr-import-target.js";
import { importSummary, type ImportReport } from "./cdr-import-text.js";
import { importSettings } from "./cdr-settings.js";
import { readYaml } from "./read-yaml.js";
import { writtenOverInput } from "./same-file.js";

const DAY_MS = 86_400_000;

/** As commander hands them over. */
export interface CdrImportOptions {
  readonly map?: string;
  readonly detect?: boolean;
  readonly json?: boolean;
  readonly resume?: boolean;
  readonly encoding?: string;
  readonly delimiter?: string;
  readonly timeZone?: string;
  readonly decimal?: string;
  readonly changes?: string;
  readonly checkpoint?: string;
  readonly tellDays?: string;
  readonly config?: string;
  readonly store?: string;
  readonly bad?: string;
  readonly progress?: boolean;
}

export function registerCdrImport(cdr: Command): void {
  cdr
    .command("import")
    .description("read call records from CSV: into the store, through the detectors, or both")
    .argument("<file>", "CSV of any length; our own columns, Asterisk's Master.csv and Webex reports need no mapping")
    .option("-m, --map <file>", `mapping (YAML), or ${BUILT_IN_MAPPINGS.map(({ name }) => name).join(", ")}`)
    .option("--detect", "run the detectors over the records and print what they find")
    .option("--json", "one finding a line, as JSON")
    .option("--resume", "go on where an import of this file was interrupted, with the same options")
    .option("--checkpoint <seconds>", "how often the position is kept to go on from", "3")
    .option("--encoding <name>", `${TEXT_CODINGS.join(", ")}; default: found out`)
    .option("--delimiter <character>", "default: found out")
    .option("--time-zone <name>", "IANA name, of times that name no zone; default: the mapping's, else UTC")
    .option("--decimal <character>", ". or ,: what stands before decimals; default: the mapping's, else a point")
    .option("--changes <file>", "changed settings (call forwarding), CSV: among the calls in the order of time")
    .option("-c, --config <file>", "sites, own numbers and detectors of this configuration")
    .option(
      "--store <store>",
      "write records, findings and alerts to the store: a folder whose gateway is not running, or a PostgreSQL URL",
    )
    .option("--tell-days <days>", "alert routes are told of incidents whose last call is no older", "7")
    .option("--bad <file>", "where rows go that cannot be read; default: FILE.bad.csv")
    .option("--no-progress", "no progress bar")
    .action(async (file: string, options: CdrImportOptions) => {
      const bar = options.progress !== false && process.stderr.isTTY ? new ProgressLine(process.stderr) : undefined;
      const write = (stream: NodeJS.WriteStream) => (line: string) => {
        bar?.clear();
        stream.write(`${line}\n`);
      };
      // What goes into a store goes there to the end, whoever has stopped reading what is found.
      const gone = new AbortController();
      let unprinted: Error | undefined;
      const onError = (error: Error): void => {
        gone.abort();
        if (!isBrokenPipe(error)) unprinted ??= error;
      };
      if (options.store !== undefined)
        for (const stream of [process.stdout, process.stderr]) stream.on("error", onError);
      process.exitCode = await importFile(file, options, {
        print: write(process.stdout),
        complain: write(process.stderr),
        progress: bar === undefined ? undefined : (progress) => bar.show(progress),
        hasRoom: () => waitForRoom(process.stdout, gone.signal),
      });
      if (unprinted === undefined) return;
      process.stderr.write(`cdr import: not all that was found could be printed: ${unprinted.message}\n`);
      process.exitCode ||= 1;
    });
}

/** A reader that is slower than we are must not fill our memory; for one that has gone nobody waits. */
function waitForRoom(stream: NodeJS.WriteStream, gone: AbortSignal): Promise<void> {
  if (!stream.writableNeedDrain || stream.destroyed || gone.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const go = (): void => {
      stream.off("drain", go).off("close", go);
      gone.removeEventListener("abort", go);
      resolve();
    };
    stream.once("drain", go).once("close", go);
    gone.addEventListener("abort", go);
  });
}

/**
 * @returns The exit status: 0 all rows were taken, 1 the file cannot be read, or the import broke off, 2 the options are wrong,
 *   3 done, but rows were kept aside.
 */
export async function importFile(file: string, options: CdrImportOptions, output: ImportOutput): Promise<number> {
  const settings = readImportOptions(options);
  if (!settings.ok) {
    for (const line of settings.error) output.complain(`cdr import: ${line}`);
    return 2;
  }
  const over = overInput(file, options);
  if (over !== undefined) {
    output.complain(`cdr import: ${over}`);
    return 2;
  }
  try {
    const report = await runImport(file, settings.value, output);
    output.complain(importSummary(file, report));
    if (report.rows > 0 && report.badRows === report.rows) return 1;
    return report.badRows > 0 ? 3 : 0;
  } catch (error) {
    output.complain(`cdr import: ${file}: ${describe(error)}`);
    return 1;
  }
}

/** Rows that are kept aside in the file that they are read from are read again, without end. */
function overInput(file: string, { bad, changes, map, config }: CdrImportOptions): string | undefined {
  const outputs = [
    { as: "--bad", path: bad ?? badRowsOf(file) },
    { as: "bad rows of --changes go to", path: changes === undefined ? undefined : badRowsOf(changes) },
  ];
  const inputs = [
    { as: "the file that is read", path: file },
    { as: "--changes", path: changes },
    { as: "--map", path: map },
    { as: "--config", path: config },
  ];
  return writtenOverInput(outputs, inputs);
}

async function runImport(file: string, settings: ImportSettings, output: ImportOutput): Promise<ImportReport> {
  const { store, tellDays } = settings;
  const target =
    store === undefined ? undefined : await StoreTarget.open(store, unixMs(Date.now() - tellDays * DAY_MS));
  try {
    return await new CsvImport(file, settings, output, target).run();
  } finally {
    await target?.close();
  }
}

/** @returns Every problem. */
export function readImportOptions(options: CdrImportOptions): Result<ImportSettings, readonly string[]> {
  const { encoding, delimiter, timeZone, decimal, changes, checkpoint = "3", tellDays = "7" } = options;
  const coding = TEXT_CODINGS.find((each) => each === encoding?.toLowerCase());
  if (encoding !== undefined && coding === undefined)
    return fail([`--encoding ${encoding}: one of ${TEXT_CODINGS.join(", ")}`]);
  const given = delimiter === "\\t" || delimiter === "tab" ? "\t" : delimiter;
  if (given !== undefined && (given.length !== 1 || given === '"')) return fail(["--delimiter: one character"]);
  if (decimal !== undefined && decimal !== "." && decimal !== ",") return fail(["--decimal: . or ,"]);
  const checkpointMs = /^\d{1,5}(?:\.\d{1,3})?$/.test(checkpoint) ? Number(checkpoint) * 1_000 : Number.NaN;
  if (Number.isNaN(checkpointMs)) return fail(["--checkpoint: seconds"]);
  if (!/^\d{1,5}$/.test(tellDays)) return fail(["--tell-days: whole days, 0: of none"]);
  const records = importSettings(options.config);
  if (!records.ok) return records;
  let mapping: CsvMapping | undefined;
  const builtIn = BUILT_IN_MAPPINGS.find(({ name }) => name === options.map);
  if (builtIn !== undefined) mapping = builtIn;
  else if (options.map !== undefined) {
    const read = mappingFile(options.map);
    if (!read.ok) return read;
    mapping = read.value;
  }
  const zone = timeZone ?? mapping?.timeZone;
  if (zone !== undefined && !SiteCalendar.of({ ...DEFAULT_SITE, timeZone: zone }).ok) {
    const where = timeZone === undefined ? `${options.map ?? ""}: timeZone` : "--time-zone";
    return fail([`${where} ${zone}: no such time zone; an IANA name is wanted, such as Europe/Madrid or UTC`]);
  }
  return ok({
    mapping,
    isOwnMapping: mapping !== undefined && builtIn === undefined,
    coding,
    delimiter: given,
    timeZone,
    decimal,
    changes,
    checkpointMs,
    tellDays: Number(tellDays),
    detects: options.detect === true,
    json: options.json === true,
    resumes: options.resume === true,
    store: options.store,
    badFile: options.bad,
    records: records.value,
  });
}

function mappingFile(path: string): Result<CsvMapping, readonly string[]> {
  const content = readYaml(path);
  if (!content.ok) return fail([content.error]);
  const read = readMapping(content.value);
  return read.ok ? read : fail(read.error.map((problem) => `${path}: ${problem}`));
}

function describe(error: unknown): string {
  if (error instanceof GatewayError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
