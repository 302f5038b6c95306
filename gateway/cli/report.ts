import { rename, rm, writeFile } from "node:fs/promises";
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { InvalidArgumentError, type Command } from "commander";
import { REPORT_NAMES, unixMs, type ReportName, type ReportRules } from "../../detection/index.js";
import { renderReport, REPORT_FORMATS, type ReportFormat } from "../adapters/report-pages/render-report.js";
import type { Config } from "../config/schema.js";
import { GatewayError } from "../core/errors.js";
import { makeJourney } from "../wiring/journey.js";
import { reportRulesOf, makeReport } from "../wiring/reports.js";
import { BROKEN_PIPE_STATUS, isBrokenPipe } from "./broken-pipe.js";
import { readConfig } from "./read-config.js";
import { openReportData, type OpenReportData } from "./report-data-source.js";
import { readPeriod } from "./report-period.js";
import { traceLines } from "./report-trace.js";
import { outFiles, unfinishedName, writtenOverInput } from "./same-file.js";

/** As commander hands them over. */
export interface ReportCommandOptions {
  readonly from?: string;
  readonly to?: string;
  readonly format?: string;
  readonly out?: string;
  readonly records?: readonly string[];
  readonly changes?: string;
  readonly trace?: string;
  readonly config?: string;
  readonly store?: string;
}

export interface ReportOutput {
  readonly stdout: Writable;
  readonly complain: (line: string) => void;
}

const PDF_TIMEOUT_MS = 120_000;
const MAX_FILES = 100;

/** `ringfence report`. */
export function registerReport(program: Command): void {
  program
    .command("report")
    .description("make a report: what happened in a period, or the journey of one call")
    .argument("<name>", REPORT_NAMES.join(", "))
    .argument("[call-id]", "journey: call id or record id of any leg")
    .option(
      "--from <time>",
      "first day (2026-03-01), or a time with its zone; default: the day (daily) or month before",
    )
    .option("--to <time>", "last day, all of it; or the moment at which it ends")
    .option("-f, --format <format>", `${REPORT_FORMATS.join(", ")}; default: by the name of --out, else html`)
    .option("-o, --out <file>", "default: standard output")
    .option("--records <file>", "read call records from this CSV instead of the store; may be repeated", collect, [])
    .option("--changes <file>", "with --records: changed settings, CSV")
    .option("--trace <figure>", "in place of the report: all rows behind one of its figures, as CSV")
    .option("-c, --config <file>", "configuration: sites, report settings, store")
    .option("--store <folder>", "read the store in this folder; its gateway must not be running")
    .action(async (name: string, callId: string | undefined, options: ReportCommandOptions) => {
      const output = { stdout: process.stdout, complain: (line: string) => console.error(line) };
      process.exitCode = await report(name, callId, options, output);
    });
}

function collect(file: string, files: readonly string[]): readonly string[] {
  if (files.length >= MAX_FILES) throw new InvalidArgumentError(`at most ${MAX_FILES} files`);
  return [...files, file];
}

/** @returns The exit status: 0 done, 1 failed, 2 the options are wrong. */
export async function report(
  name: string,
  callId: string | undefined,
  options: ReportCommandOptions,
  output: ReportOutput,
): Promise<number> {
  const refuse = (why: string): number => {
    output.complain(`report: ${why}`);
    return 2;
  };
  const known = REPORT_NAMES.find((each) => each === name);
  if (known === undefined) return refuse(`${name} is none of ${REPORT_NAMES.join(", ")}`);
  if ((known === "journey") !== (callId !== undefined))
    return refuse(known === "journey" ? "journey needs a call id" : `${name} takes no call id`);
  const format = formatOf(options);
  if (format === undefined) return refuse(`--format, or the ending of --out, is one of ${REPORT_FORMATS.join(", ")}`);
  const ending = endingOf(options.out);
  const isOther = REPORT_FORMATS.some((each) => each === ending) && ending !== kindOf(options, format);
  if (isOther)
    return refuse(`${kindOf(options, format)} into ${options.out ?? ""}: its name says that it is ${ending ?? ""}`);
  const over = writtenOverInput(outFiles(options.out), [
    ...(options.records ?? []).map((path) => ({ as: "--records", path })),
    { as: "--changes", path: options.changes },
    { as: "--config", path: options.config },
  ]);
  if (over !== undefined) return refuse(over);
  const config = readConfig({ file: options.config });
  if (!config.ok) {
    for (const line of config.error) output.complain(`report: ${line}`);
    return 2;
  }
  try {
    return await run({ name: known, callId, options, format, config: config.value, output });
  } catch (error) {
    if (isBrokenPipe(error)) return BROKEN_PIPE_STATUS;
    output.complain(`report: ${describe(error)}`);
    return 1;
  }
}

interface Run {
  readonly name: ReportName;
  readonly callId: string | undefined;
  readonly options: ReportCommandOptions;
  readonly format: ReportFormat;
  readonly config: Config;
  readonly output: ReportOutput;
}

async function run(asked: Run): Promise<number> {
  const { name, options, config, output } = asked;
  const rules = reportRulesOf(config);
  const now = unixMs(Date.now());
  const period = readPeriod(options, rules.clock, now, name === "daily" ? "day" : "month");
  if (!period.ok) {
    output.complain(`report: ${period.error.text} (${period.error.code})`);
    return 2;
  }
  const source = await openReportData(options, config);
  if (!source.ok) {
    output.complain(`report: ${source.error}`);
    return 2;
  }
  try {
    return await deliver(asked, source.value, rules, { range: period.value, now });
  } finally {
    await source.value.close();
  }
}

async function deliver(
  { name, callId, options, format, config, output }: Run,
  { data }: OpenReportData,
  rules: ReportRules,
  time: { readonly range: Parameters<typeof makeReport>[0]["range"]; readonly now: ReturnType<typeof unixMs> },
): Promise<number> {
  if (options.trace !== undefined) {
    const lines = traceLines(options.trace, time.range, data, rules);
    if (lines === undefined) {
      output.complain(`report: no figure is called ${options.trace}; the report's last section has their names`);
      return 2;
    }
    await write(lines, options.out, output);
    return 0;
  }
  const isGiven = options.from !== undefined || options.to !== undefined;
  const made =
    name === "journey"
      ? await makeJourney(callId ?? "", { within: isGiven ? time.range : undefined, now: time.now }, data, rules)
      : await makeReport({ name, ...time }, data, rules);
  if (made === undefined) {
    output.complain(`report: no call record has the id ${callId ?? ""}`);
    return 1;
  }
  const content = await renderReport(made, format, { program: config.reports.chromium, timeoutMs: PDF_TIMEOUT_MS });
  await write([content], options.out, output);
  return 0;
}

const endingOf = (out: string | undefined): string | undefined => /\.([a-z]+)$/.exec(out?.toLowerCase() ?? "")?.[1];

/** Rows behind a figure are CSV, whatever the report would be. */
const kindOf = ({ trace }: ReportCommandOptions, format: ReportFormat): ReportFormat =>
  trace === undefined ? format : "csv";

function formatOf({ format, out }: ReportCommandOptions): ReportFormat | undefined {
  if (format !== undefined) return REPORT_FORMATS.find((each) => each === format);
  const ending = endingOf(out);
  return ending === undefined ? "html" : REPORT_FORMATS.find((each) => each === ending);
}

/** To standard output, or to a file that has its name only once it is whole. Telephone records: readable by their owner alone. */
async function write(
  parts: AsyncIterable<string> | Iterable<string | Uint8Array>,
  out: string | undefined,
  { stdout }: ReportOutput,
): Promise<void> {
  if (out === undefined) {
    await pipeline(Readable.from(parts), stdout, { end: false });
    return;
  }
  const unfinished = unfinishedName(out);
  try {
    await writeFile(unfinished, parts, { mode: 0o600 });
    await rename(unfinished, out);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

function describe(error: unknown): string {
  if (error instanceof GatewayError && error.code === "store.locked")
    return `${error.code}: ${error.message}. The gateway is running: ask it with GET /api/v1/reports, or use PostgreSQL.`;
  if (error instanceof GatewayError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
