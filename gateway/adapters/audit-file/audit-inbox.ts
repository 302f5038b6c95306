import { chownSync, closeSync, fsyncSync, mkdirSync, openSync, renameSync, statSync, writeSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { unixMs } from "../../core/time.js";
import { GatewayError } from "../../core/errors.js";
import type { AuditEntry } from "../../ports/records.js";

/** Below the store's folder. */
export const AUDIT_INBOX = "audit-inbox";
const NAME = /^\d{13}-[\w-]{1,64}\.json$/;
const MOST_BYTES = 16_384;
/** Taken in one go; the rest comes with the next. */
const MOST_AT_A_TIME = 1_000;
const OUTCOMES: readonly string[] = ["done", "refused", "failed"];

/**
 * Leaves an entry of a command that works on the gateway's folder beside it, for the gateway to take into its chain: now, or when it
 * starts again. Only one process may write the chain itself.
 *
 * @param storeFolder `store.folder` of the gateway.
 * @throws GatewayError `store.unavailable`: it could not be written; what was to be done must not be.
 */
export function leaveForAudit(storeFolder: string, entry: AuditEntry): void {
  const folder = join(storeFolder, AUDIT_INBOX);
  const path = join(folder, `${String(entry.at).padStart(13, "0")}-${entry.id}.json`);
  try {
    const { uid, gid } = statSync(storeFolder);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    giveTo(folder, uid, gid);
    const file = openSync(`${path}.part`, "wx", 0o600);
    try {
      writeSync(file, JSON.stringify(entry));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    giveTo(`${path}.part`, uid, gid);
    renameSync(`${path}.part`, path);
  } catch (cause) {
    throw new GatewayError("store.unavailable", `${folder} cannot be written: without an audit entry nothing is done`, {
      cause,
    });
  }
}

/** A command may run as root, the gateway does not. */
function giveTo(path: string, uid: number, gid: number): void {
  if (process.getuid?.() === 0) chownSync(path, uid, gid);
}

/** Entries that commands have left, oldest first. */
export class AuditInbox {
  readonly #folder: string;
  readonly #onUnreadable: (name: string) => void;

  /** @param onUnreadable Told of what is no entry; it is set aside under the name `….bad`. */
  constructor(storeFolder: string, onUnreadable: (name: string) => void) {
    this.#folder = join(storeFolder, AUDIT_INBOX);
    this.#onUnreadable = onUnreadable;
  }

  /**
   * Hands each over, and deletes it when `put` has it on disk. A crash in between leaves it for the next time, under the same id.
   * @throws What the disk or `put` throws: what is left is tried again.
   */
  async take(put: (entry: AuditEntry) => Promise<void>): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const names = (await readdir(this.#folder)).filter((name) => NAME.test(name)).sort();
    for (const name of names.slice(0, MOST_AT_A_TIME)) {
      const path = join(this.#folder, name);
      const entry = await this.#read(path);
      if (entry === undefined) {
        this.#onUnreadable(name);
        await rename(path, `${path}.bad`);
        continue;
      }
      await put(entry);
      await rm(path);
    }
  }

  async #read(path: string): Promise<AuditEntry | undefined> {
    if ((await stat(path)).size > MOST_BYTES) return undefined;
    const text = await readFile(path, "utf8");
    try {
      return entryOf(JSON.parse(text));
    } catch {
      return undefined;
    }
  }
}

/** Whoever leaves it, it says that it came from a command. */
function entryOf(read: unknown): AuditEntry | undefined {
  const { id, at, actor, role, action, target, outcome, detail } = read as Partial<Record<keyof AuditEntry, unknown>>;
  const texts = [id, actor, role, action, target];
  const values = typeof detail === "object" && detail !== null ? Object.values(detail) : [null];
  if (!texts.every((text) => typeof text === "string") || typeof at !== "number" || !Number.isFinite(at)) {
    return undefined;
  }
  if (typeof outcome !== "string" || !OUTCOMES.includes(outcome)) return undefined;
  if (!values.every((value) => ["string", "number", "boolean"].includes(typeof value))) return undefined;
  const entry = read as AuditEntry;
  return { ...entry, at: unixMs(at), actor: entry.actor.startsWith("cli:") ? entry.actor : `cli:${entry.actor}` };
}
