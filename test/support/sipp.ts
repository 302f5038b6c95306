import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { startProcess, temporaryFolder, type Running } from "./processes.js";

/** Why SIPp cannot be used here, or undefined when it can. */
export function sippMissing(): string | undefined {
  try {
    execFileSync("sipp", ["-v"], { stdio: "ignore" });
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return "SIPp is not installed (Debian package sip-tester)";
  }
  return undefined;
}

export interface SippOptions {
  /** Scenario file below test/fixtures/sipp, or a built-in one: `uac`, `uas`. */
  readonly scenario: string;
  /** `host:port` that requests go to; none for a server. */
  readonly remote?: string;
  readonly localPort: number;
  readonly rate?: number;
  readonly calls?: number;
  readonly holdMs?: number;
  /** When a request without an answer is repeated for the first time; default: as the scenario's file says. */
  readonly retransMs?: number;
  /** CSV of `[field0]…` values. */
  readonly csv?: string;
  readonly calledUser?: string;
  readonly callLimit?: number;
  readonly extra?: readonly string[];
  /** Laid into its folder, for scenarios that play them. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
}

export interface SippResult {
  readonly exitCode: number | null;
  readonly created: number;
  readonly successful: number;
  readonly failed: number;
  readonly retransmissions: number;
  /** Response times RTD1, ms, where the scenario measures them (`-trace_rtt`). */
  readonly rttMs: readonly number[];
  readonly output: string;
}

export interface SippRun {
  readonly running: Running;
  /** What it did, once it has ended (a server: after `stop`). */
  result(): Promise<SippResult>;
  stop(): Promise<void>;
}

/** Starts SIPp in a folder of its own. @returns A handle; call `result` or `stop`. */
export function startSipp(options: SippOptions): SippRun {
  const folder = temporaryFolder("sipp");
  const file = scenarioFile(options, folder.path);
  const args = file === undefined ? ["-sn", options.scenario] : ["-sf", file];
  if (options.remote !== undefined) args.unshift(options.remote);
  args.push(
    "-i",
    "127.0.0.1",
    "-p",
    String(options.localPort),
    "-nostdin",
    "-trace_stat",
    "-stf",
    "stat.csv",
    "-fd",
    "1",
    "-trace_rtt",
    "-rtt_freq",
    "1",
  );
  if (options.rate !== undefined) args.push("-r", String(options.rate));
  if (options.calls !== undefined) args.push("-m", String(options.calls));
  if (options.holdMs !== undefined) args.push("-d", String(options.holdMs));
  if (options.calledUser !== undefined) args.push("-s", options.calledUser);
  if (options.csv !== undefined) args.push("-inf", options.csv);
  args.push("-l", String(options.callLimit ?? 100_000), "-buff_size", "4194304", ...(options.extra ?? []));
  for (const [name, bytes] of Object.entries(options.files ?? {})) writeFileSync(join(folder.path, name), bytes);
  const running = startProcess("sipp", args, { cwd: folder.path, env: { TERM: "dumb" } });
  let result: SippResult | undefined;
  const collect = async (): Promise<SippResult> => {
    const exitCode = await running.exited;
    result ??= readResult(folder.path, exitCode, running.output());
    folder.remove();
    return result;
  };
  return {
    running,
    result: collect,
    stop: async () => {
      // No new calls; what is up (time-wait included) ends by itself.
      await running.stop("SIGUSR1", 4_000);
      await collect();
    },
  };
}

/** @returns Undefined for a built-in scenario. */
function scenarioFile({ scenario, retransMs }: SippOptions, folder: string): string | undefined {
  const file = resolve("test/fixtures/sipp", scenario);
  if (!existsSync(file)) return undefined;
  if (retransMs === undefined) return file;
  const own = join(folder, "scenario.xml");
  writeFileSync(own, readFileSync(file, "utf8").replaceAll(/retrans="\d+"/g, `retrans="${retransMs}"`));
  return own;
}

/** Runs a SIPp client to its end. */
export async function runSipp(options: SippOptions): Promise<SippResult> {
  return startSipp(options).result();
}

function readResult(folder: string, exitCode: number | null, output: string): SippResult {
  const lines = existsSync(join(folder, "stat.csv"))
    ? readFileSync(join(folder, "stat.csv"), "latin1").trim().split("\n")
    : [];
  const names = lines[0]?.split(";") ?? [];
  const last = lines.length > 1 ? (lines.at(-1)?.split(";") ?? []) : [];
  const column = (name: string): number => Number(last[names.indexOf(name)] ?? 0);
  const rttMs: number[] = [];
  for (const name of readdirSync(folder).filter((entry) => entry.endsWith("_rtt.csv"))) {
    for (const line of readFileSync(join(folder, name), "latin1").trim().split("\n").slice(1)) {
      const [, value, index] = line.split(";");
      if (index === undefined || index.trim() === "1") rttMs.push(Number(value));
    }
  }
  return {
    exitCode,
    created: column("TotalCallCreated"),
    successful: column("SuccessfulCall(C)"),
    failed: column("FailedCall(C)"),
    retransmissions: column("Retransmissions(C)"),
    rttMs,
    output,
  };
}

/** The value below which `share` (0–1) of the values lie; 0 for none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
