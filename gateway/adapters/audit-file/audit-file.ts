import { mkdir, open, truncate, unlink, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import type { Log } from "../../core/log.js";
import type { Metrics } from "../../core/metrics.js";
import type { UnixMs } from "../../core/time.js";
import type { AuditEntry } from "../../ports/records.js";
import { auditFileName, auditFiles, readTail } from "./audit-folder.js";
import { formatAuditLine, GENESIS, LOST_ACTION, PRUNED_ACTION } from "./audit-line.js";
import { prunableFiles } from "./prunable-files.js";

export interface AuditFileOptions {
  /** For `audit-000001.jsonl` and so on. The caller sees to it that only one process writes there. */
  readonly folder: string;
  /** A new file is begun when one has this size. Default 64 MiB. None is deleted but by `prune`: archiving evidence is the operator's decision. */
  readonly maxBytes?: number;
  /** Entries that may wait for the disk; one more is refused. Default 10,000. */
  readonly maxWaiting?: number;
}

export interface AuditFileDeps {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

interface Waiting {
  readonly entry: AuditEntry;
  readonly resolve: () => void;
  readonly reject: (error: GatewayError) => void;
}

/** Entries that never reached the file. */
interface Lost {
  readonly count: number;
  /** When the first and the last of them happened. */
  readonly since: UnixMs;
  readonly until: UnixMs;
}

/** One write holds this many entries at most. */
const GROUP = 1_000;

/**
 * The audit log as evidence: JSON lines, each with the hash of the one before and its own, on disk (fsync) before `append`
 * resolves. Entries that come while the disk is busy share the next write and the next fsync.
 *
 * What could not be written is owed: the next record that can be is `audit.lost`, with how many and of what time, before any other.
 * Only a process that ends while the disk is still full takes that number with it.
 *
 * It shows any change, insertion or deletion inside (`verifyAuditLog`), deletion by age set apart (`prune`). It cannot show that its end was cut off, nor that someone
 * with write access made a whole new chain: note `head` elsewhere from time to time (it is logged at start, at each new file and at close).
 */
export class AuditFile {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #maxWaiting: number;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #counts: { readonly written: (by: number) => void; readonly failed: (by: number) => void };
  #handle: FileHandle | undefined;
  #number: number;
  #size: number;
  #seq: number;
  #hash: string;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #lost: Lost | undefined;
  #failing = false;
  #closed = false;

  private constructor(deps: AuditFileDeps, options: AuditFileOptions, found: Found) {
    this.#folder = options.folder;
    this.#maxBytes = options.maxBytes ?? 64 * 1024 * 1024;
    this.#maxWaiting = options.maxWaiting ?? 10_000;
    this.#clock = deps.clock;
    this.#log = deps.log;
    const written = deps.metrics.counter("ringfence_audit_written_total", "Audit entries on disk");
    const failed = deps.metrics.counter(
      "ringfence_audit_failed_total",
      "Audit entries that could not be written to the audit file",
    );
    this.#counts = { written: (by) => written.inc(by), failed: (by) => failed.inc(by) };
    this.#number = found.number;
    this.#size = found.size;
    this.#seq = found.seq;
    this.#hash = found.hash;
  }

  /**
   * Continues the chain found in the folder. A last line that a crash cut off is removed and a record says so; a last record that
   * is not ours stays, and a new chain begins in a new file, so that checking finds the place.
   *
   * @throws GatewayError `store.unavailable` or `store.full`: the folder cannot be used.
   */
  static async open(deps: AuditFileDeps, options: AuditFileOptions): Promise<AuditFile> {
    try {
      await mkdir(options.folder, { recursive: true, mode: 0o700 });
      const found = await findEnd(options.folder);
      const file = new AuditFile(deps, options, found);
      const { note } = found;
      if (note !== undefined) {
        deps.log.error("audit.recovered", { action: note.action, ...note.detail });
        await file.append(ownEntry(deps.clock.unix(), found.seq + 1, { outcome: "done", ...note }));
      }
      deps.log.info("audit.head", file.head);
      return file;
    } catch (cause) {
      throw diskError(cause);
    }
  }

  /** The last record: its number and hash. */
  get head(): { readonly seq: number; readonly hash: string } {
    return { seq: this.#seq, hash: this.#hash };
  }

  /**
   * @returns Resolves when the entry is on disk.
   * @throws GatewayError `store.full` (no space, or too many wait), `store.unavailable` (any other failure, or closed). The chain
   *   goes on with the next entry, after an `audit.lost` that counts this one.
   */
  append(entry: AuditEntry): Promise<void> {
    if (this.#closed) return Promise.reject(new GatewayError("store.unavailable", "the audit log is closed"));
    if (this.#waiting.length >= this.#maxWaiting) {
      this.#lose([entry]);
      return Promise.reject(new GatewayError("store.full", `${this.#maxWaiting} audit entries wait for the disk`));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry, resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  /**
   * Tries to write the `audit.lost` that is owed, if one is.
   * @returns Whether the file can be written: no entry was lost since the last one that was written.
   */
  async recover(): Promise<boolean> {
    if (!this.#failing) return true;
    if (!this.#closed) this.#writing ??= this.#writeAll();
    await this.#writing;
    return !this.#failing;
  }

  /**
   * Deletes old files, each as a whole: those whose last record is from before `before`, the newest file never. First the chain says so
   * (`audit.pruned`, with the hash that what is left goes on from), on disk: a crash in between leaves files that the next call deletes.
   *
   * @returns How many went.
   * @throws GatewayError `audit.tampered`: what is old is no whole chain, and stays; `store.full`, `store.unavailable`.
   */
  async prune(before: UnixMs): Promise<number> {
    try {
      const found = await prunableFiles(this.#folder, before, this.#number);
      if (found === undefined) return 0;
      const { paths, first, through, hash, until } = found;
      const detail = { files: paths.length, first, through, hash, until };
      const entry = { action: PRUNED_ACTION, outcome: "done", detail } as const;
      await this.append(ownEntry(this.#clock.unix(), this.#seq + 1, entry));
      for (const path of paths) await unlink(path);
      await syncFolder(this.#folder);
      this.#log.info("audit.pruned", detail);
      return paths.length;
    } catch (cause) {
      throw diskError(cause);
    }
  }

  /** Writes what waits, and what is owed. Safe to call twice. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#writing;
    if (this.#lost !== undefined) await this.#writeAll();
    if (this.#handle === undefined) return;
    const handle = this.#handle;
    this.#handle = undefined;
    await handle.close();
    this.#log.info("audit.head", this.head);
  }

  async #writeAll(): Promise<void> {
    // Let what was appended in the same turn share the first write.
    await Promise.resolve();
    do {
      const group = this.#waiting.splice(0, GROUP);
      const entries = group.map(({ entry }) => entry);
      const owed = this.#takeLost();
      try {
        await this.#writeGroup(owed === undefined ? entries : [this.#lostEntry(owed), ...entries]);
        this.#failing = this.#lost !== undefined;
        this.#counts.written(entries.length);
        for (const { resolve } of group) resolve();
      } catch (error) {
        this.#lost = together(owed, this.#lost);
        this.#lose(entries);
        const failure = diskError(error);
        for (const { reject } of group) reject(failure);
      }
    } while (this.#waiting.length > 0);
    // In the same turn as the last look at the queue: an entry appended after it starts a new round.
    this.#writing = undefined;
  }

  #lose(entries: readonly AuditEntry[]): void {
    this.#failing = true;
    this.#counts.failed(entries.length);
    for (const { at } of entries) this.#lost = together(this.#lost, { count: 1, since: at, until: at });
  }

  #takeLost(): Lost | undefined {
    const lost = this.#lost;
    this.#lost = undefined;
    return lost;
  }

  #lostEntry({ count, since, until }: Lost): AuditEntry {
    const detail = { count, since, until };
    return ownEntry(this.#clock.unix(), this.#seq + 1, { action: LOST_ACTION, outcome: "failed", detail });
  }

  async #writeGroup(entries: readonly AuditEntry[]): Promise<void> {
    if (entries.length === 0) return;
    let seq = this.#seq;
    let hash = this.#hash;
    const lines: string[] = [];
    for (const entry of entries) {
      const line = formatAuditLine(++seq, hash, entry);
      hash = line.hash;
      lines.push(line.text, "\n");
    }
    const bytes = Buffer.from(lines.join(""));
    const handle = await this.#fileFor(bytes.length);
    try {
      await handle.appendFile(bytes);
      await handle.sync();
    } catch (error) {
      // Half a record must not stay in front of the next one.
      const cut = await handle.truncate(this.#size).then(
        () => true,
        () => false,
      );
      await this.#closeFile();
      if (!cut) this.#nextFile();
      throw error;
    }
    this.#size += bytes.length;
    this.#seq = seq;
    this.#hash = hash;
  }

  async #fileFor(bytes: number): Promise<FileHandle> {
    if (this.#size > 0 && this.#size + bytes > this.#maxBytes) {
      await this.#closeFile();
      this.#nextFile();
    }
    if (this.#handle !== undefined) return this.#handle;
    this.#handle = await open(join(this.#folder, auditFileName(this.#number)), "a", 0o600);
    if (this.#size === 0) await syncFolder(this.#folder);
    return this.#handle;
  }

  #nextFile(): void {
    this.#number++;
    this.#size = 0;
    this.#log.info("audit.head", this.head);
  }

  async #closeFile(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => undefined);
  }
}

const ownEntry = (at: UnixMs, seq: number, rest: Pick<AuditEntry, "action" | "outcome" | "detail">): AuditEntry => ({
  id: `audit-${at}-${seq}`,
  at,
  actor: "system",
  role: "system",
  target: "audit-file",
  ...rest,
});

function together(a: Lost | undefined, b: Lost | undefined): Lost | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const since = a.since < b.since ? a.since : b.since;
  return { count: a.count + b.count, since, until: a.until > b.until ? a.until : b.until };
}

interface Found {
  readonly number: number;
  readonly size: number;
  readonly seq: number;
  readonly hash: string;
  readonly note: Pick<AuditEntry, "action" | "detail"> | undefined;
}

/** Where the chain goes on. The newest file may be empty: then the one before holds the last record. */
async function findEnd(folder: string): Promise<Found> {
  const files = await auditFiles(folder);
  const newest = files.at(-1)?.number ?? 1;
  let torn = 0;
  for (const { path, number } of [...files].reverse()) {
    const { size, tornBytes, last } = await readTail(path);
    if (tornBytes > 0) await truncate(path, size);
    torn += tornBytes;
    if (last !== undefined) {
      const note = torn > 0 ? { action: "audit.torn-record-removed", detail: { bytes: torn } } : undefined;
      return { number: newest, size: number === newest ? size : 0, ...last, note };
    }
    if (size > 0) {
      const note = { action: "audit.chain-restarted", detail: { after: auditFileName(number) } };
      return { number: newest + 1, size: 0, seq: 0, hash: GENESIS, note };
    }
  }
  const note = torn > 0 ? { action: "audit.torn-record-removed", detail: { bytes: torn } } : undefined;
  return { number: newest, size: 0, seq: 0, hash: GENESIS, note };
}

/** A new file's name is on disk only when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function diskError(cause: unknown): GatewayError {
  if (cause instanceof GatewayError) return cause;
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
  const full = code === "ENOSPC" || code === "EDQUOT";
  const message = cause instanceof Error ? cause.message : "unknown failure";
  return new GatewayError(full ? "store.full" : "store.unavailable", `audit log: ${message}`, { cause });
}
