import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { startGateway } from "../support/gateway-process.js";
import { cpuSeconds, descendants, freeUdpPort, startProcess, until, type Running } from "../support/processes.js";
import { quantile, runSipp, sippMissing, startSipp } from "../support/sipp.js";

/** What stands between SIPp and SIPp. */
interface Relay {
  readonly port: number;
  /** CPU seconds of all its processes so far. */
  cpu(): number;
  /** Messages it sent twice so far; 0 where it does not tell. */
  repeated(): Promise<number>;
  stop(): Promise<unknown>;
}

interface Run {
  readonly rate: number;
  readonly calls: number;
  readonly failed: number;
  readonly repeated: number;
  readonly cpuMsPerCall: number;
  readonly p99Ms: number;
  readonly reachedRate: number;
}

interface Figures {
  readonly maxCallsPerSecond: number;
  readonly cpuMsPerCall: number;
  readonly addedP99Ms: number;
  readonly runs: readonly Run[];
}

/** No call failed, nothing was sent twice, and the offered rate was really reached. */
const isClean = (run: Run): boolean => run.failed === 0 && run.repeated === 0 && run.reachedRate > run.rate * 0.93;

/** Callers and called numbers of their own: honest traffic, each INVITE decided on, no number called twice. */
function writeNumbers(folder: string, calls: number): string {
  const path = join(folder, "numbers.csv");
  const lines = ["SEQUENTIAL"];
  for (let i = 0; i < calls; i++) lines.push(`+1202${String(5_000_000 + i)};+1303${String(5_000_000 + i)}`);
  writeFileSync(path, lines.join("\n"));
  return path;
}

/** One run of `seconds` at `rate` against a fresh called side on `uasPort`. */
async function drive(relay: Relay, uasPort: number, rate: number, seconds: number, csv: string): Promise<Run> {
  const calls = Math.round(rate * seconds);
  const uas = startSipp({ scenario: "uas.xml", localPort: uasPort });
  const localPort = await freeUdpPort();
  const cpuBefore = relay.cpu();
  const repeatedBefore = await relay.repeated();
  const started = performance.now();
  const remote = `127.0.0.1:${relay.port}`;
  const uac = await runSipp({
    scenario: "uac.xml",
    remote,
    localPort,
    rate,
    calls,
    holdMs: 0,
    csv,
    extra: ["-recv_timeout", "10000"],
  });
  const elapsed = (performance.now() - started) / 1000;
  const spent = relay.cpu() - cpuBefore;
  const repeated = (await relay.repeated()) - repeatedBefore;
  await uas.stop();
  const called = await uas.result();
  return {
    rate,
    calls,
    failed: uac.failed + Math.max(0, calls - uac.successful - uac.failed),
    repeated: uac.retransmissions + called.retransmissions + repeated,
    cpuMsPerCall: round((spent * 1000) / Math.max(1, uac.successful)),
    p99Ms: quantile(uac.rttMs, 0.99),
    reachedRate: round(uac.successful / elapsed),
  };
}

/** Twice where the first run is not clean: one hiccup of the machine decides nothing. */
async function rung(relay: Relay, uasPort: number, rate: number, options: Ladder, csv: string): Promise<Run> {
  const run = await drive(relay, uasPort, rate, options.seconds, csv);
  return isClean(run) ? run : drive(relay, uasPort, rate, options.seconds, csv);
}

/** A relay that is warm; an overloaded one has half a minute of transactions behind it and is not used again. */
async function fresh(start: () => Promise<Relay>, uasPort: number, csv: string): Promise<Relay> {
  const relay = await start();
  await drive(relay, uasPort, 500, 3, csv);
  return relay;
}

/** Climbs by `step` to the first rate that is not clean (or down by halves, where the first is not), then halves the gap down to `fine`. */
async function climb(start: () => Promise<Relay>, uasPort: number, options: Ladder, csv: string): Promise<Run[]> {
  const runs: Run[] = [];
  const startedAt = performance.now();
  const left = (): number => options.budgetSeconds - (performance.now() - startedAt) / 1000;
  let relay = await fresh(start, uasPort, csv);
  let clean = 0;
  let failed = Infinity;
  try {
    for (let rate = options.from; rate >= 50 && left() > 0;) {
      const run = await rung(relay, uasPort, rate, options, csv);
      runs.push(run);
      if (isClean(run)) clean = rate;
      else {
        failed = rate;
        await relay.stop();
        relay = await fresh(start, uasPort, csv);
      }
      if (failed === Infinity) rate += options.step;
      else if (clean === 0) rate = Math.round(rate / 2);
      else if (failed - clean <= options.fine) break;
      else rate = clean + Math.max(1, Math.round((failed - clean) / 2 / options.fine)) * options.fine;
      if (rate >= failed) break;
    }
  } finally {
    await relay.stop();
  }
  return runs;
}

/** The ladder, then half load on a fresh relay, and the same without one. */
async function measure(start: () => Promise<Relay>, uasPort: number, options: Ladder, csv: string): Promise<Figures> {
  const runs = await climb(start, uasPort, options, csv);
  const best = runs
    .filter(isClean)
    .sort((a, b) => a.rate - b.rate)
    .at(-1);
  if (best === undefined)
    return { maxCallsPerSecond: 0, cpuMsPerCall: runs[0]?.cpuMsPerCall ?? 0, addedP99Ms: runs[0]?.p99Ms ?? 0, runs };
  const halfRate = Math.round(best.rate / 2);
  const relay = await fresh(start, uasPort, csv);
  const half = await drive(relay, uasPort, halfRate, options.seconds, csv).finally(() => relay.stop());
  const direct = await drive(nothingBetween(uasPort), uasPort, halfRate, options.seconds, csv);
  return {
    maxCallsPerSecond: best.rate,
    cpuMsPerCall: best.cpuMsPerCall,
    addedP99Ms: round(half.p99Ms - direct.p99Ms),
    runs: [...runs, half, direct],
  };
}

const nothingBetween = (uasPort: number): Relay => ({
  port: uasPort,
  cpu: () => 0,
  repeated: () => Promise.resolve(0),
  stop: () => Promise.resolve(),
});

interface Ladder {
  /** Calls/s. */
  readonly from: number;
  readonly step: number;
  readonly fine: number;
  /** Of one run. */
  readonly seconds: number;
  /** No further rung is begun after it. */
  readonly budgetSeconds: number;
}

async function gatewayRelay(uasPort: number, nodeArgs: readonly string[]): Promise<Relay> {
  const sections = {
    sip: { listenPort: 0, nextHops: [`127.0.0.1:${uasPort}`], optionsPingMs: 0 },
    detection: { masking: { mode: "enforce" } },
  };
  const gateway = await startGateway(sections, { nodeArgs });
  const pid = gateway.running.pid;
  return {
    port: gateway.sipPort,
    cpu: () => cpuSeconds(pid),
    repeated: () => gateway.metric("ringfence_sip_retransmitted_total"),
    stop: () => gateway.stop(),
  };
}

const kamailioMissing = (): string | undefined =>
  existsSync("/usr/sbin/kamailio") ? undefined : "kamailio is not installed (Debian package kamailio)";

async function kamailioRelay(uasPort: number): Promise<Relay> {
  const port = await freeUdpPort();
  const folder = mkdtempSync(join(tmpdir(), "ringfence-kamailio-"));
  const args = [
    "-DD",
    "-E",
    "-f",
    "test/bench/kamailio-relay.cfg",
    "-m",
    "512",
    "-M",
    "32",
    "-Y",
    folder,
    "-A",
    `LISTEN=udp:127.0.0.1:${port}`,
    "-A",
    `DESTINATION="sip:127.0.0.1:${uasPort}"`,
  ];
  const running: Running = startProcess("kamailio", args);
  const pids = (): number[] => [running.pid, ...descendants(running.pid)];
  await until("kamailio's workers", () => pids().length > 2, 10_000);
  return {
    port,
    cpu: () => pids().reduce((sum, pid) => sum + cpuSeconds(pid), 0),
    repeated: () => Promise.resolve(0),
    stop: async () => {
      await running.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Bench `hop`: SIPp uac → relay → SIPp uas, no hold time, everything of the production process on, detection enforcing.
 * The highest rate at which no call fails and no message is sent twice; Kamailio (tm, Record-Route) in the same run, which takes
 * about five minutes. Options: `from`, `step`, `fine` (calls/s), `seconds` a run, `budget` (seconds a relay's ladder may take),
 * `skip-kamailio`, `only-kamailio`, `node-args` (of the gateway, without dashes, with commas: `max-semi-space-size=4`).
 */
export async function run(options: Readonly<Record<string, string>>): Promise<Readonly<Record<string, unknown>>> {
  const missing = sippMissing();
  if (missing !== undefined) throw new Error(missing);
  const ladder = {
    from: Number(options["from"] ?? 1_000),
    step: Number(options["step"] ?? 500),
    fine: Number(options["fine"] ?? 100),
    seconds: Number(options["seconds"] ?? 5),
    budgetSeconds: Number(options["budget"] ?? 110),
  };
  const nodeArgs = (options["node-args"] ?? "")
    .split(",")
    .filter((arg) => arg !== "")
    .map((arg) => `--${arg}`);
  const folder = mkdtempSync(join(tmpdir(), "ringfence-hop-"));
  const csv = writeNumbers(folder, 50_000);
  const uasPort = await freeUdpPort();
  try {
    if (options["only-kamailio"] === "true")
      return { kamailio: await measure(() => kamailioRelay(uasPort), uasPort, ladder, csv) };
    const gateway = await measure(() => gatewayRelay(uasPort, nodeArgs), uasPort, ladder, csv);
    const reason = options["skip-kamailio"] === "true" ? "skipped by --skip-kamailio" : kamailioMissing();
    if (reason !== undefined) return { ...gateway, kamailio: null, kamailioReason: reason, machine: machine() };
    const kamailio = await measure(() => kamailioRelay(uasPort), uasPort, ladder, csv);
    return { ...gateway, kamailio, machine: machine() };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const machine = (): string => `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Node ${process.version}`;
const round = (value: number): number => Math.round(value * 1000) / 1000;
