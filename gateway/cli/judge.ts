import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { builtInWeights, loadWeights, ThreatClassifier, type ThreatWeights } from "../../detection/index.js";
import { printable } from "../core/printable.js";
import { fail, ok, type Result } from "../core/result.js";
import { readJudgeInput } from "./judge-input.js";
import { judgedText, judgeTranscript } from "./judge-text.js";

/** As commander hands them over. */
export interface JudgeOptions {
  readonly json?: boolean;
  readonly weights?: string;
}

/** What the command reads from and writes to; tests pass their own. */
export interface JudgeTerminal {
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
  /** @throws What the file system throws. `-` is standard input. */
  readonly read: (file: string) => string;
  readonly colour: boolean;
}

const STANDARD_INPUT = 0;

/** Words with letters missing are judged wrongly. @throws Error for UTF-16, Latin-1 and whatever else is no UTF-8. */
export function utf8Of(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new Error("not UTF-8; convert it first, for example with iconv");
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

/** `ringfence judge TRANSCRIPT.json`. */
export function registerJudge(program: Command): void {
  program
    .command("judge")
    .description("judge transcripts turn by turn: how much a call looks like a fraud, and why")
    .argument(
      "<file>",
      'JSON: [{"speaker":"caller"|"callee"|"agent","text":"…","atMs":0}], or lines of such arrays; - for stdin',
    )
    .option("--json", "print one JSON object a transcript")
    .option("--weights <file>", "weights that `npm run detect:train -- --out FILE` made; default: those built in")
    .action((file: string, options: JudgeOptions) => {
      process.exitCode = judgeFile(file, options, {
        print: (line) => console.log(line),
        complain: (line) => console.error(line),
        read: (from) => utf8Of(readFileSync(from === "-" ? STANDARD_INPUT : from)),
        colour: process.stdout.isTTY && process.env["NO_COLOR"] === undefined,
      });
    });
}

/** @returns The exit status: 0 all was judged, 1 the file cannot be read, 2 it is no transcript, or the weights are wrong. */
export function judgeFile(file: string, options: JudgeOptions, terminal: JudgeTerminal): number {
  const name = file === "-" ? "stdin" : file;
  let text: string;
  try {
    text = terminal.read(file);
  } catch (error) {
    terminal.complain(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
  const inputs = readJudgeInput(text, name);
  const weights = inputs.ok ? weightsOf(options.weights, terminal) : inputs;
  if (!inputs.ok || !weights.ok) {
    terminal.complain(printable(inputs.ok ? (weights.ok ? "" : weights.error) : inputs.error));
    return 2;
  }
  const classifier = new ThreatClassifier(weights.value);
  inputs.value.forEach(({ turns }, index) => {
    const judged = judgeTranscript(classifier, turns);
    if (options.json === true) terminal.print(JSON.stringify(judged));
    else terminal.print(`${index > 0 ? "\n" : ""}${judgedText(turns, judged, terminal.colour)}`);
  });
  return 0;
}

function weightsOf(file: string | undefined, terminal: JudgeTerminal): Result<ThreatWeights, string> {
  if (file === undefined) return ok(builtInWeights());
  try {
    const read = loadWeights(JSON.parse(terminal.read(file)));
    return read.ok ? read : fail(`${file}: ${read.error.code} ${read.error.field}: found ${read.error.found}`);
  } catch (error) {
    return fail(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
