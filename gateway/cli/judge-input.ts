import type { Speaker, Turn } from "../../detection/index.js";
import { fail, ok, type Result } from "../core/result.js";

/** One transcript, and the line of the input where it begins. */
export interface JudgeInput {
  readonly line: number;
  readonly turns: readonly Turn[];
}

const SPEAKERS: readonly string[] = ["caller", "callee", "agent"] satisfies readonly Speaker[];
const MAX_TURNS = 10_000;
/** Where `atMs` is missing: so long after the turn before. */
const MS_BETWEEN = 1000;

/**
 * Reads one JSON array of turns, over any number of lines, or JSON lines of such arrays. Empty lines are passed over.
 * @param name Of the input, for messages.
 * @returns The transcripts in order, or what is wrong, as `name:line: …`.
 */
export function readJudgeInput(text: string, name: string): Result<readonly JudgeInput[], string> {
  const clean = (text.startsWith("\uFEFF") ? text.slice(1) : text).trimEnd();
  const lines = clean.split("\n");
  const first = lines.findIndex((line) => line.trim() !== "");
  if (first < 0) return fail(`${name}: empty: needs an array of turns, or lines of such arrays`);
  const whole = parse(clean);
  if (whole.ok) {
    // An array of arrays is several transcripts, too.
    const several = Array.isArray(whole.value) && whole.value.length > 0 && whole.value.every(Array.isArray);
    return readAll(several ? (whole.value as unknown[]) : [whole.value], () => first + 1, name);
  }
  const numbered = lines.map((line, index) => ({ line, number: index + 1 })).filter(({ line }) => line.trim() !== "");
  const values: unknown[] = [];
  for (const { line, number } of numbered) {
    const value = parse(line);
    if (!value.ok) {
      const [at, error] = isSpread(lines) ? [breakOf(lines), whole.error] : [number, value.error];
      return fail(`${name}:${at}: no JSON: ${error}`);
    }
    values.push(value.value);
  }
  return readAll(values, (index) => numbered[index]?.number ?? 1, name);
}

/** One array over several lines. */
const isSpread = (lines: readonly string[]): boolean => lines.filter((line) => line.trim().startsWith("[")).length < 2;

/** The first line with which it cannot go on to be JSON: not all of the parser's messages have a position. */
function breakOf(lines: readonly string[]): number {
  let [good, bad] = [0, lines.length];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (mayGoOn(`${lines.slice(0, middle).join("\n")}\n`)) good = middle;
    else bad = middle;
  }
  return bad;
}

/** It is JSON so far: the parser missed what comes after its end. */
function mayGoOn(text: string): boolean {
  const begun = parse(text);
  if (begun.ok || begun.error === "Unexpected end of JSON input") return true;
  return Number(/ at position (\d+)/.exec(begun.error)?.[1]) === text.length;
}

function readAll(
  values: readonly unknown[],
  lineOf: (index: number) => number,
  name: string,
): Result<readonly JudgeInput[], string> {
  const inputs: JudgeInput[] = [];
  for (const [index, value] of values.entries()) {
    const line = lineOf(index);
    const turns = turnsOf(value);
    if (!turns.ok) return fail(`${name}:${line}: ${turns.error}`);
    inputs.push({ line, turns: turns.value });
  }
  return ok(inputs);
}

function turnsOf(value: unknown): Result<readonly Turn[], string> {
  if (!Array.isArray(value)) return fail(`a transcript is an array of turns, found ${kindOf(value)}`);
  if (value.length === 0) return fail("no turns");
  if (value.length > MAX_TURNS) return fail(`more than ${MAX_TURNS} turns`);
  const turns: Turn[] = [];
  for (const [index, item] of (value as readonly unknown[]).entries()) {
    if (typeof item !== "object" || item === null || Array.isArray(item)) {
      return fail(`turn ${index}: an object with speaker and text, found ${kindOf(item)}`);
    }
    const { speaker, text, atMs } = item as Readonly<Record<string, unknown>>;
    if (typeof speaker !== "string" || !SPEAKERS.includes(speaker)) {
      return fail(`turn ${index}: speaker: one of ${SPEAKERS.join(", ")}, found ${kindOf(speaker)}`);
    }
    if (typeof text !== "string") return fail(`turn ${index}: text: a string, found ${kindOf(text)}`);
    const at = atMs === undefined ? (turns.at(-1)?.atMs ?? -MS_BETWEEN) + MS_BETWEEN : atMs;
    if (typeof at !== "number" || !Number.isFinite(at) || at < 0) {
      return fail(`turn ${index}: atMs: milliseconds since the call began, found ${kindOf(at)}`);
    }
    turns.push({ speaker: speaker as Speaker, text, atMs: at });
  }
  return ok(turns);
}

function parse(text: string): Result<unknown, string> {
  try {
    return ok(JSON.parse(text));
  } catch (error) {
    // It quotes the text around, line ends and all.
    return fail((error instanceof Error ? error.message : String(error)).replace(/\s+/g, " "));
  }
}

function kindOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  return typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : `a ${typeof value}`;
}
