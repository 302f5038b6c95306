import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import type { Command } from "commander";
import { diffReplays, learningOptions, Replay, type BaselineRow, type ReplaySummary } from "../../detection/index.js";
import type { ConfigProblems } from "../config/load.js";
import type { Result } from "../core/result.js";
import { formatOf, readRecording, type RecordingFormat, type RecordingReport } from "./read-recording.js";
import { otherSettings, replaySettings, type ReplaySettings } from "./replay-settings.js";
import { differenceText, recordingText, summaryText } from "./replay-text.js";
import { writtenOverInput } from "./same-file.js";

/** As commander hands them over. */
export interface ReplayOptions {
  readonly config?: string;
  readonly set: readonly string[];
  readonly diff?: string;
  readonly baseline?: string;
  readonly learn?: string;
  readonly format?: string;
  readonly json?: boolean;
}

/** What the command writes to; tests pass their own. */
export interface ReplayOutput {
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
}

const collect = (value: string, values: readonly string[]): readonly string[] => [...values, value];

/** `ringfence replay FILE`. */
export function registerReplay(program: Command): void {
  program
    .command("replay")
    .description("run recorded calls through detection and show what would have been decided")
    .argument("<file>", "JSON lines or CSV: events as the switch reports them, or an export of `ringfence cdr export`")
    .option("-c, --config <file>", "settings; default: the built-in ones")
    .option("-s, --set <key=value>", "change one setting, for example masking.threshold=8; repeatable", collect, [])
    .option("-d, --diff <file|key=value>", "compare with another configuration, or with one setting changed")
    .option("-b, --baseline <file>", "busy numbers that are known beforehand, as --learn writes them")
    .option("-l, --learn <file>", "write what is usual in the recording, for POST /api/v1/baseline")
    .option("-f, --format <format>", "jsonl or csv; default: by name or content")
    .option("--json", "print one JSON object")
    .action(async (file: string, options: ReplayOptions) => {
      process.exitCode = await replayFile(file, options, {
        print: (line) => console.log(line),
        complain: (line) => console.error(line),
      });
    });
}

/** @returns The exit status: 0 done, 1 the file cannot be read or holds nothing, 2 the options are wrong. */
export async function replayFile(file: string, options: ReplayOptions, output: ReplayOutput): Promise<number> {
  const { format: given } = options;
  if (given !== undefined && given !== "jsonl" && given !== "csv") {
    output.complain(`--format ${given}: jsonl or csv`);
    return 2;
  }
  // A baseline is read whole before the new one is written: that may take its place.
  const over = writtenOverInput(
    [{ as: "--learn", path: options.learn }],
    [
      { as: "the file that is read", path: file },
      { as: "--config", path: options.config },
      { as: "--diff", path: options.diff },
    ],
  );
  if (over !== undefined) {
    output.complain(over);
    return 2;
  }
  const settings = replaySettings(options.config, options.set);
  if (!settings.ok) return refuse(settings.error, output);
  const other = options.diff === undefined ? undefined : otherSettings(options.config, options.set, options.diff);
  if (other?.ok === false) return refuse(other.error, output);
  const baseline = options.baseline === undefined ? undefined : readBaseline(options.baseline);
  if (baseline?.ok === false) return refuse(baseline.error, output);
  const known = baseline?.ok === true ? baseline.value : [];
  try {
    const format = given ?? (await formatOf(file));
    return await run(file, format, settings.value, other?.value, known, options, output);
  } catch (error) {
    output.complain(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

async function run(
  file: string,
  format: RecordingFormat,
  settings: ReplaySettings,
  other: ReplaySettings | undefined,
  baseline: readonly BaselineRow[],
  options: ReplayOptions,
  output: ReplayOutput,
): Promise<number> {
  const ids = { token: (bytes: number): string => randomBytes(bytes).toString("hex") };
  const start = ({ options: detection, planOf }: ReplaySettings): Replay =>
    new Replay({ options: detection, planOf, ids, baseline });
  const replay = start(settings);
  const second = other === undefined ? undefined : start(other);
  const learner =
    options.learn === undefined ? undefined : start({ ...settings, options: learningOptions(settings.options) });
  const report = await readRecording(file, format, (event) => {
    replay.feed(event);
    second?.feed(event);
    learner?.feed(event);
  });
  const summary = replay.finish();
  const after = second?.finish();
  if (learner !== undefined && options.learn !== undefined) writeBaseline(options.learn, learner);
  if (options.json === true) output.print(JSON.stringify(asJson(report, summary, after)));
  else {
    output.print(recordingText(file, report));
    output.print(
      after === undefined ? summaryText(summary) : differenceText(diffReplays(summary, after), summary, after),
    );
  }
  for (const { line, error } of report.firstBad) {
    const what = error.field === "" ? "" : ` ${error.field}:`;
    output.complain(`${file}:${line}: ${error.code}${what} ${error.found}`);
  }
  return report.lines === report.badLines ? 1 : 0;
}

function asJson(report: RecordingReport, summary: ReplaySummary, after: ReplaySummary | undefined): object {
  if (after === undefined) return { recording: report, ...summary };
  return { recording: report, before: summary, after, difference: diffReplays(summary, after) };
}

function writeBaseline(file: string, learner: Replay): void {
  learner.finish();
  const rows = learner.baseline().map(({ called, callersPerWindow }) => ({
    b_number: called,
    callers_per_window: callersPerWindow,
  }));
  writeFileSync(file, `${JSON.stringify({ rows }, null, 1)}\n`);
}

/** The body of POST /api/v1/baseline. */
function readBaseline(file: string): Result<readonly BaselineRow[], ConfigProblems> {
  try {
    const { rows } = JSON.parse(readFileSync(file, "utf8")) as { rows?: unknown };
    if (!Array.isArray(rows)) return { ok: false, error: [`${file}: expected {"rows": […]}`] };
    const read: BaselineRow[] = [];
    for (const [index, row] of (rows as readonly Readonly<Record<string, unknown>>[]).entries()) {
      const { b_number: called, callers_per_window: callersPerWindow } = row;
      if (typeof called !== "string" || typeof callersPerWindow !== "number") {
        return { ok: false, error: [`${file}: rows.${index}: needs b_number and callers_per_window`] };
      }
      read.push({ called, callersPerWindow });
    }
    return { ok: true, value: read };
  } catch (error) {
    return { ok: false, error: [`${file}: ${error instanceof Error ? error.message : String(error)}`] };
  }
}

function refuse(problems: ConfigProblems, output: ReplayOutput): number {
  output.complain("config.invalid:");
  for (const problem of problems) output.complain(`  ${problem}`);
  return 2;
}
