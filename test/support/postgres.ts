import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { until } from "./processes.js";

/** A PostgreSQL cluster of its own, on a Unix socket in a temporary folder. No TCP port is opened. */
export interface ThrowAwayPostgres {
  /** `postgres://…` of an empty database. */
  readonly url: string;
  /** Of the postmaster; changes with `start`. */
  readonly pid: number;
  /** SIGKILL to the postmaster and its children: what a crash or the OOM killer does. */
  crash(): Promise<void>;
  /** Starts it again after a crash. Resolves when it takes connections. */
  start(): Promise<void>;
  /** Makes another empty database in the cluster. */
  createDatabase(name: string): Promise<string>;
  /** Stops it and removes the folder. Safe to call twice. */
  remove(): Promise<void>;
}

const ROOT = "/usr/lib/postgresql";

/** Why there is no PostgreSQL to test with; undefined: there is. */
export function postgresAbsent(): string | undefined {
  return binaries() === undefined ? `no PostgreSQL server binaries under ${ROOT}` : undefined;
}

function binaries(): string | undefined {
  if (!existsSync(ROOT)) return undefined;
  const versions = readdirSync(ROOT).filter((name) => existsSync(join(ROOT, name, "bin", "initdb")));
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  return newest === undefined ? undefined : join(ROOT, newest, "bin");
}

/** PostgreSQL refuses to run as root: then the packages' own user runs it. */
function unprivileged(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith("postgres:"));
  const [, , uid, gid] = line?.split(":") ?? [];
  return { uid: Number(uid ?? 65534), gid: Number(gid ?? 65534) };
}

export async function startPostgres(): Promise<ThrowAwayPostgres> {
  const bin = binaries();
  if (bin === undefined) throw new Error("PostgreSQL is not installed");
  const as = unprivileged();
  const folder = mkdtempSync(join(tmpdir(), "ringfence-pg-"));
  chmodSync(folder, 0o700);
  if (as.uid !== undefined && as.gid !== undefined) chownSync(folder, as.uid, as.gid);
  const data = join(folder, "data");
  execFileSync(join(bin, "initdb"), ["-D", data, "-U", "ringfence", "-A", "trust", "-E", "UTF8", "--no-sync"], {
    ...as,
    cwd: folder,
    stdio: "ignore",
  });

  let pid = 0;
  const urlOf = (database: string): string => `postgres://ringfence@/${database}?host=${encodeURIComponent(folder)}`;

  const start = async (): Promise<void> => {
    const args = [
      "-D",
      data,
      "-k",
      folder,
      "-c",
      "listen_addresses=",
      "-c",
      "max_connections=20",
      "-c",
      "shared_buffers=16MB",
    ];
    const child = spawn(join(bin, "postgres"), args, { ...as, cwd: folder, stdio: "ignore" });
    if (child.pid === undefined) throw new Error("postgres did not start");
    pid = child.pid;
    await untilReady(urlOf("postgres"));
  };
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    if (pid === 0) return;
    const children = signal === "SIGKILL" ? childrenOf(pid) : [];
    for (const victim of [pid, ...children]) {
      try {
        process.kill(victim, signal);
      } catch {
        // It has ended already.
      }
    }
    // The children too: a new postmaster refuses to start while one of them holds the old one's shared memory.
    await until("postgres to end", () => !isAnyoneIn(folder), 60_000);
    pid = 0;
  };

  await start();
  let created = 0;
  const createDatabase = async (name: string): Promise<string> => {
    await ask(urlOf("postgres"), `create database ${name}`);
    return urlOf(name);
  };
  return {
    url: await createDatabase(`ringfence_${++created}`),
    get pid() {
      return pid;
    },
    crash: () => kill("SIGKILL"),
    start,
    createDatabase,
    remove: async () => {
      await kill("SIGINT"); // "fast" shutdown: does not wait for clients
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Runs one statement on a connection of its own. */
export async function ask(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 30_000 });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function untilReady(url: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      await ask(url, "select 1");
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** A process that works in that folder, as a cluster's all do; one that has ended and was not waited for yet has none. */
function isAnyoneIn(folder: string): boolean {
  return readdirSync("/proc").some((name) => {
    try {
      return /^\d+$/.test(name) && readlinkSync(`/proc/${name}/cwd`).startsWith(folder);
    } catch {
      return false;
    }
  });
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim();
  return text === "" ? [] : text.split(" ").map(Number);
}
