import { spawn, type ChildProcess } from "node:child_process";
import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BAD_PORTS } from "../../gateway/wiring/check-ports.js";

/** A fresh folder, and the function that removes it. */
export function temporaryFolder(name: string): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), `ringfence-${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) };
}

/**
 * Below the ports that Linux gives out by itself (from 32768) and those of a test's Asterisk (from 10000): no socket that is opened
 * meanwhile, here or beside, gets one of them.
 */
const PORTS = { from: 2_000, below: 10_000 };
const PORT_TRIES = 100;

/**
 * A port that was free a moment ago, for peers that cannot bind port 0 themselves: free for UDP, and for TCP too, as who speaks SIP
 * binds both.
 */
export const freeUdpPort = (address = "127.0.0.1"): Promise<number> =>
  freePort(async (port) => (await isFreeForUdp(port, address)) && isFreeForTcp(port, address));

/** The same for TCP. */
export const freeTcpPort = (address = "127.0.0.1"): Promise<number> => freePort((port) => isFreeForTcp(port, address));

async function freePort(isFree: (port: number) => Promise<boolean>): Promise<number> {
  for (let tries = 0; tries < PORT_TRIES; tries++) {
    const port = randomInt(PORTS.from, PORTS.below);
    if (!BAD_PORTS.has(port) && (await isFree(port))) return port;
  }
  throw new Error(`none of ${PORT_TRIES} ports was free`);
}

const isFreeForUdp = (port: number, address: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    socket.once("error", () => socket.close(() => resolve(false)));
    socket.bind(port, address, () => socket.close(() => resolve(true)));
  });

const isFreeForTcp = (port: number, address: string): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, address, () => server.close(() => resolve(true)));
  });

/** CPU seconds that a process and all its threads have used so far. proc(5): fields 14 and 15, in ticks of 10 ms. */
export function cpuSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Resident memory of a process in MiB. */
export function residentMiB(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"));
  return Number(line?.[1] ?? 0) / 1024;
}

/** The processes that `pid` has started, whichever of its threads did, and theirs. */
export function descendants(pid: number): number[] {
  let children: number[] = [];
  try {
    children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, "latin1").trim().split(" ").filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
  return children.flatMap((child) => [child, ...descendants(child)]);
}

export interface Running {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Everything it wrote so far, stdout and stderr together; the last 256 KiB. */
  output(): string;
  /** Sends the signal and waits for the end; SIGKILL after `graceMs`. Safe to call twice. */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<number | null>;
  readonly exited: Promise<number | null>;
}

export interface StartOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly onLine?: (line: string) => void;
}

/** Starts a program; the caller stops it. */
export function startProcess(command: string, args: readonly string[], options: StartOptions = {}): Running {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let partial = "";
  const take = (chunk: Buffer): void => {
    output = (output + chunk.toString("latin1")).slice(-262_144);
    if (options.onLine === undefined) return;
    const lines = (partial + chunk.toString("utf8")).split("\n");
    partial = lines.pop() ?? "";
    lines.forEach(options.onLine);
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const exited = new Promise<number | null>((resolve) => {
    child.once("error", () => resolve(null));
    child.once("close", (code) => resolve(code));
  });
  const stop = async (signal: NodeJS.Signals = "SIGTERM", graceMs = 10_000): Promise<number | null> => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    child.kill(signal);
    const killer = setTimeout(() => child.kill("SIGKILL"), graceMs);
    const code = await exited;
    clearTimeout(killer);
    return code;
  };
  return { pid: child.pid ?? -1, child, output: () => output, stop, exited };
}

/** Nobody waits so long where all is well; it only bounds what a fault costs. Machines stand still for seconds at times. */
const WITHIN_MS = 20_000;

/** Resolves once `condition` is true; looks every 20 ms. @throws Error naming `what` after `timeoutMs`. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = WITHIN_MS,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
