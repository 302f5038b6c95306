import { randomBytes } from "node:crypto";
import { link, mkdir, readFile, rm, stat, unlink, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { threadId } from "node:worker_threads";
import { GatewayError } from "../../core/errors.js";

/** Exclusive use of a folder, until `release`. */
export interface FolderLock {
  readonly file: string;
  /** Safe to call twice. */
  release(): Promise<void>;
}

interface Holder {
  readonly pid: number;
  /** Of that process, in clock ticks since boot; tells it from a later process with the same pid. Empty where /proc is absent. */
  readonly started: string;
  readonly boot: string;
  readonly host: string;
  readonly thread: number;
  readonly token: string;
}

const LOCK_NAME = "ringfence.lock";
const HEARTBEAT_MS = 10_000;
/** Another machine's (or container's) process cannot be looked up: it counts as dead when it has not touched the file for so long. */
const FOREIGN_STALE_MS = 60_000;
const ATTEMPTS = 5;

/**
 * Takes the folder for this process. PGlite takes no lock of its own, and two processes on one folder lose rows silently.
 *
 * The lock is a file that appears whole (`link`), names its holder, and is taken over when that holder is dead: no such pid, or
 * a pid that now belongs to a process started at another time, or before another boot, or one that has ended and that its parent
 * has not collected (a zombie, as in containers whose first process collects none). On another host only the file's age
 * counts. Within one process a worker thread takes over from an earlier worker thread, for which the supervisor has seen the end.
 *
 * @throws GatewayError `store.locked`, naming the pid that holds it; `store.unavailable` when the folder cannot be written.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const file = join(folder, LOCK_NAME);
  const self: Holder = {
    pid: process.pid,
    started: (await lookUp(process.pid)).started,
    boot: await bootId(),
    host: hostname(),
    thread: threadId,
    token: randomBytes(8).toString("hex"),
  };
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (await place(file, self)) return hold(file, self);
      await removeStale(file, self);
    }
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw new GatewayError("store.unavailable", `cannot lock ${folder}: ${String(cause)}`, { cause });
  }
  throw new GatewayError("store.locked", `${file} changes hands too fast: several processes start on this folder`);
}

/** @returns False when there is a lock file already. */
async function place(file: string, self: Holder): Promise<boolean> {
  const draft = `${file}.${self.token}`;
  await writeFile(draft, JSON.stringify(self), { mode: 0o600 });
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    await unlink(draft);
  }
}

function hold(file: string, self: Holder): FolderLock {
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => undefined);
  }, HEARTBEAT_MS);
  heartbeat.unref();
  let released = false;
  return {
    file,
    release: async () => {
      if (released) return;
      released = true;
      clearInterval(heartbeat);
      if ((await readHolder(file))?.token === self.token) await rm(file, { force: true });
    },
  };
}

/** Removes the lock of a dead holder. Only one process at a time may look and remove, or two could each remove the other's fresh lock. */
async function removeStale(file: string, self: Holder): Promise<void> {
  const guard = `${file}.takeover`;
  try {
    await writeFile(guard, String(self.pid), { flag: "wx", mode: 0o600 });
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    if ((await ageMs(guard)) > HEARTBEAT_MS) await rm(guard, { force: true });
    else await new Promise((resolve) => setTimeout(resolve, 50));
    return;
  }
  try {
    const holder = await readHolder(file);
    if (holder !== undefined && (await isAlive(file, holder, self))) {
      const where = holder.host === self.host ? "" : ` on ${holder.host}`;
      throw new GatewayError("store.locked", `the store folder is held by process ${holder.pid}${where} (${file})`);
    }
    await rm(file, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

async function isAlive(file: string, holder: Holder, self: Holder): Promise<boolean> {
  if (holder.host !== self.host) return (await ageMs(file)) < FOREIGN_STALE_MS;
  if (holder.boot !== self.boot) return false;
  if (holder.pid === self.pid && holder.started === self.started) {
    return holder.thread === 0 || holder.thread >= self.thread;
  }
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
  const { started, hasEnded } = await lookUp(holder.pid);
  return !hasEnded && started === holder.started;
}

async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    const read: unknown = JSON.parse(await readFile(file, "utf8"));
    if (typeof read !== "object" || read === null) return undefined;
    const holder = read as Partial<Holder>;
    return typeof holder.pid === "number" && typeof holder.token === "string" ? (holder as Holder) : undefined;
  } catch {
    return undefined; // gone meanwhile, or not a lock of ours: it was never linked whole, so nobody holds it
  }
}

/** Fields 22 and 3 of /proc/PID/stat, behind the command name, which may itself contain spaces and parentheses. */
async function lookUp(pid: number): Promise<{ readonly started: string; readonly hasEnded: boolean }> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { started: fields[19] ?? "", hasEnded: fields[0] === "Z" || fields[0] === "X" };
  } catch {
    return { started: "", hasEnded: false };
  }
}

async function bootId(): Promise<string> {
  return readFile("/proc/sys/kernel/random/boot_id", "utf8").then(
    (text) => text.trim(),
    () => "",
  );
}

async function ageMs(file: string): Promise<number> {
  return stat(file).then(
    (found) => Date.now() - found.mtimeMs,
    () => 0,
  );
}

function codeOf(error: unknown): string | undefined {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : undefined;
}
