import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Command } from "commander";

/** As commander hands them over. */
export interface SimulateOptions {
  readonly url: string;
  readonly key?: string;
  readonly called: string;
  readonly callers: string;
  readonly spreadMs: string;
  readonly seconds: string;
  readonly trunk: string;
  readonly shape: string;
  readonly json?: boolean;
}

/** One call of a traffic shape, `afterMs` after the first. */
export interface SimulatedCall {
  readonly afterMs: number;
  readonly caller: string;
  readonly called: string;
}

/** What came back. */
interface Verdict {
  readonly callId: string;
  readonly detected: boolean;
  readonly verdict: string;
  readonly alertId: string;
}

const SHAPES = ["attack", "honest", "hotline"] as const;
type Shape = (typeof SHAPES)[number];
const MAX_CALLS = 10_000;
const ANSWER_MS = 10_000;
const HOTLINE_CALL_MS = 1_000;
const HONEST_CALL_MS = 500;

/** `ringfence simulate`. */
export function registerSimulate(program: Command): void {
  program
    .command("simulate")
    .description("report made-up calls to a running gateway as a switch would, and print what it decides")
    .argument(
      "[shape]",
      "attack (many callers, one number), honest (each calls another number), hotline (a caller a second)",
      "attack",
    )
    .option(
      "--url <url>",
      "the gateway's HTTP address; env RINGFENCE_URL",
      process.env["RINGFENCE_URL"] ?? "http://127.0.0.1:5000",
    )
    .option("--key <key>", "API key; not needed from http.switchSources; env RINGFENCE_KEY")
    .option("--called <number>", "the number under attack, or the hotline", "+12025550123")
    .option("--callers <n>", "different callers", "5")
    .option("--spread-ms <ms>", "attack: from the first call to the last", "0")
    .option("--seconds <s>", "hotline and honest: how long", "20")
    .option("--trunk <name>", "the trunk that the calls are reported for", "simulated")
    .option("--json", "print one JSON object a call")
    .action(async (shape: string, options: Omit<SimulateOptions, "shape">) => {
      const key = options.key ?? process.env["RINGFENCE_KEY"];
      const given = { ...options, shape, ...(key === undefined ? {} : { key }) };
      process.exitCode = await simulate(
        given,
        (line) => console.log(line),
        (line) => console.error(line),
      );
    });
}

/** @returns The exit status: 0 all calls were decided on, 1 the gateway did not answer or refused, 2 the options are wrong. */
export async function simulate(
  options: SimulateOptions,
  print: (line: string) => void,
  complain: (line: string) => void,
): Promise<number> {
  const callers = Number(options.callers);
  const spreadMs = Number(options.spreadMs);
  const seconds = Number(options.seconds);
  const shape = SHAPES.find((known) => known === options.shape);
  if (shape === undefined) return refuse(complain, `${options.shape}: one of ${SHAPES.join(", ")}`);
  if (!isCount(callers, 1, MAX_CALLS)) return refuse(complain, `--callers: 1 to ${MAX_CALLS}`);
  if (!isCount(spreadMs, 0, 3_600_000)) return refuse(complain, "--spread-ms: 0 to 3600000");
  if (!isCount(seconds, 1, 3_600)) return refuse(complain, "--seconds: 1 to 3600");
  const target = eventUrl(options.url);
  if (target === undefined) return refuse(complain, `--url ${options.url}: not an HTTP address`);
  const calls = simulatedCalls(shape, { called: options.called, callers, spreadMs, seconds });
  const run = randomBytes(4).toString("hex");
  const started = performance.now();
  const verdicts: Verdict[] = [];
  for (const [index, call] of calls.entries()) {
    const wait = call.afterMs - (performance.now() - started);
    if (wait > 1) await pause(wait);
    const verdict = await report(target, options, `simulated-${run}-${index}`, call);
    if (typeof verdict === "string") {
      complain(verdict);
      return 1;
    }
    verdicts.push(verdict);
    print(options.json === true ? JSON.stringify({ ...call, ...verdict }) : verdictLine(call, verdict));
  }
  if (options.json !== true) print(summaryLine(verdicts));
  return 0;
}

/** The calls of a shape, in order. Numbers are of the documentation range, or counted up from it. */
export function simulatedCalls(
  shape: Shape,
  { called, callers, spreadMs, seconds }: { called: string; callers: number; spreadMs: number; seconds: number },
): readonly SimulatedCall[] {
  if (shape === "attack") {
    const gapMs = callers > 1 ? spreadMs / (callers - 1) : 0;
    return Array.from({ length: callers }, (_, i) => ({
      afterMs: Math.round(i * gapMs),
      caller: number(303, i),
      called,
    }));
  }
  const gapMs = shape === "hotline" ? HOTLINE_CALL_MS : HONEST_CALL_MS;
  return Array.from({ length: Math.min(MAX_CALLS, Math.ceil((seconds * 1_000) / gapMs)) }, (_, i) => ({
    afterMs: i * gapMs,
    caller: number(404, i),
    called: shape === "hotline" ? called : number(505, i),
  }));
}

/** +1 AREA 555 01xx for the first hundred, then a range of seven digits. */
const number = (area: number, index: number): string =>
  index < 100 ? `+1${area}55501${String(index).padStart(2, "0")}` : `+1${area}${String(5_560_000 + index)}`;

async function report(
  target: URL,
  options: SimulateOptions,
  callId: string,
  call: SimulatedCall,
): Promise<Verdict | string> {
  const body = {
    call_id: callId,
    a_number: call.caller,
    b_number: call.called,
    timestamp: new Date().toISOString(),
    status: "active",
    switch_id: options.trunk,
  };
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (options.key !== undefined) headers["authorization"] = `Bearer ${options.key}`;
  try {
    const answer = await fetch(target, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
      redirect: "error",
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const text = await answer.text();
    if (!answer.ok) return `${target.href}: HTTP ${answer.status} ${text.slice(0, 200)}`;
    return readVerdict(callId, JSON.parse(text));
  } catch (error) {
    return `${target.href}: ${error instanceof Error ? (causeOf(error) ?? error.message) : String(error)}`;
  }
}

function readVerdict(callId: string, answer: unknown): Verdict {
  const fields = (typeof answer === "object" && answer !== null ? answer : {}) as Readonly<Record<string, unknown>>;
  const text = (name: string): string => (typeof fields[name] === "string" ? fields[name] : "");
  return { callId, detected: fields["detected"] === true, verdict: text("verdict"), alertId: text("alert_id") };
}

function verdictLine(call: SimulatedCall, { verdict, detected, alertId }: Verdict): string {
  const found = detected ? `  DETECTED ${alertId}` : "";
  return `+${(call.afterMs / 1000).toFixed(1)} s  ${call.caller} → ${call.called}  ${verdict === "" ? "processed" : verdict}${found}`;
}

function summaryLine(verdicts: readonly Verdict[]): string {
  const detected = verdicts.filter((verdict) => verdict.detected).length;
  const refused = verdicts.filter(({ verdict }) => verdict === "refuse").length;
  return `${verdicts.length} calls: ${detected} part of an attack, ${refused} refused`;
}

function eventUrl(url: string): URL | undefined {
  if (!URL.canParse(url)) return undefined;
  const base = new URL(url);
  return base.protocol === "http:" || base.protocol === "https:" ? new URL("/event", base) : undefined;
}

const isCount = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most;

const causeOf = (error: Error): string | undefined => (error.cause instanceof Error ? error.cause.message : undefined);

function refuse(complain: (line: string) => void, line: string): number {
  complain(line);
  return 2;
}
