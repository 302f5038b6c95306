import { mkdir, open, readdir, rm, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import { monoMs } from "../../core/time.js";
import type { StoreRecord } from "../../ports/records.js";
import { isStoreRecord, parseJson } from "./record-batch.js";

export interface SpillLogOptions {
  readonly folder: string;
  /** File names are `PREFIX-00000001.jsonl`. One log per folder and prefix. */
  readonly prefix: string;
  /** All segments together, bytes. What does not fit is refused. */
  readonly limitBytes: number;
  /** A new file is begun when one has this size. Default 8 MiB. */
  readonly segmentBytes?: number;
  /** The disk is told to keep what was written at most this often, ms. Default 1,000. */
  readonly syncMs?: number;
  readonly clock: Clock;
}

interface Segment {
  readonly path: string;
  /** Bytes of whole lines. */
  size: number;
}

export interface SpilledBatch {
  readonly records: readonly StoreRecord[];
  /** Lines that were no records: cut off by a crash, or edited. They are skipped. */
  readonly broken: number;
}

const READ_BYTES = 256 * 1024;
/** A longer line is not one of ours. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
const NEWLINE = 10;

/**
 * A queue on disk: JSON lines, appended at the end, read and deleted from the front, in order. At least once: what was read but
 * not committed when the process died is read again.
 *
 * What was appended survives kill -9 at once and a power cut after `syncMs`. Segments of earlier processes are only read: a
 * line cut off at the end of one cannot spoil what comes later. All operations run one after the other.
 */
export class SpillLog {
  readonly #options: SpillLogOptions;
  readonly #segments: Segment[];
  #nextNumber: number;
  #writer: { readonly handle: FileHandle; readonly segment: Segment } | undefined;
  #syncDue = monoMs(0);
  /** In the first segment. */
  #readFrom = 0;
  #readTo = 0;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(options: SpillLogOptions, segments: Segment[], nextNumber: number) {
    this.#options = options;
    this.#segments = segments;
    this.#nextNumber = nextNumber;
  }

  /** Finds what an earlier process left. @throws GatewayError `store.unavailable` when the folder cannot be used. */
  static async open(options: SpillLogOptions): Promise<SpillLog> {
    const { folder, prefix } = options;
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const numbers = (await readdir(folder))
        .filter((name) => name.startsWith(`${prefix}-`) && name.endsWith(".jsonl"))
        .map((name) => Number(name.slice(prefix.length + 1, -".jsonl".length)))
        .filter((number) => Number.isSafeInteger(number) && number > 0)
        .sort((a, b) => a - b);
      const segments: Segment[] = [];
      for (const number of numbers) {
        const path = join(folder, fileName(prefix, number));
        segments.push({ path, size: (await stat(path)).size });
      }
      return new SpillLog(options, segments, (numbers.at(-1) ?? 0) + 1);
    } catch (cause) {
      throw new GatewayError("store.unavailable", `spill folder ${folder} cannot be used`, { cause });
    }
  }

  /** Bytes on disk that are not committed yet. */
  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.size, 0) - this.#readFrom;
  }

  get empty(): boolean {
    return this.#segments.length === 0;
  }

  /**
   * Appends all records or none.
   * @throws GatewayError `store.full`: over the limit or no space left; `store.unavailable`: any other failure.
   */
  append(records: readonly StoreRecord[]): Promise<void> {
    return this.#inTurn(() => this.#append(records));
  }

  /** The oldest records not committed, `most` at the most. Undefined: nothing is left. Repeats itself until `commit`. */
  read(most: number): Promise<SpilledBatch | undefined> {
    return this.#inTurn(() => this.#read(most));
  }

  /** What `read` gave is safe elsewhere. */
  commit(): Promise<void> {
    return this.#inTurn(async () => {
      this.#readFrom = this.#readTo;
      await this.#dropReadSegments();
    });
  }

  /** Safe to call twice. What is in the log stays there. */
  close(): Promise<void> {
    return this.#inTurn(() => this.#closeWriter());
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #append(records: readonly StoreRecord[]): Promise<void> {
    if (records.length === 0) return;
    const bytes = Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join(""));
    if (this.bytes + bytes.length > this.#options.limitBytes) {
      throw new GatewayError("store.full", `the spill files have reached ${this.#options.limitBytes} bytes`);
    }
    try {
      const { handle, segment } = await this.#writerFor(bytes.length);
      try {
        await writeAll(handle, bytes, segment.size);
      } catch (error) {
        // Half a line must not stay in front of the next one.
        await handle.truncate(segment.size).catch(() => undefined);
        throw error;
      }
      segment.size += bytes.length;
      await this.#syncSometimes(handle);
    } catch (cause) {
      throw diskError(cause);
    }
  }

  async #writerFor(bytes: number): Promise<{ readonly handle: FileHandle; readonly segment: Segment }> {
    const limit = this.#options.segmentBytes ?? 8 * 1024 * 1024;
    if (this.#writer !== undefined && this.#writer.segment.size + bytes > limit && this.#writer.segment.size > 0) {
      await this.#closeWriter();
    }
    if (this.#writer === undefined) {
      const path = join(this.#options.folder, fileName(this.#options.prefix, this.#nextNumber));
      const handle = await open(path, "wx", 0o600);
      this.#nextNumber++;
      this.#writer = { handle, segment: { path, size: 0 } };
      this.#segments.push(this.#writer.segment);
    }
    return this.#writer;
  }

  async #syncSometimes(handle: FileHandle): Promise<void> {
    const now = this.#options.clock.mono();
    if (now < this.#syncDue) return;
    this.#syncDue = monoMs(now + (this.#options.syncMs ?? 1_000));
    await handle.datasync();
  }

  async #closeWriter(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    if (writer === undefined) return;
    // Neither failure changes what the file holds; a disk that is gone shows at the next append.
    await writer.handle.datasync().catch(() => undefined);
    await writer.handle.close().catch(() => undefined);
  }

  async #read(most: number): Promise<SpilledBatch | undefined> {
    for (;;) {
      const segment = this.#segments[0];
      if (segment === undefined) return undefined;
      try {
        const { records, broken, bytes } = await readLines(segment, this.#readFrom, most);
        this.#readTo = this.#readFrom + bytes;
        if (bytes > 0) return { records, broken };
      } catch (error) {
        if (!isMissing(error)) throw diskError(error);
        // Someone deleted the file: what was in it is gone.
        segment.size = this.#readFrom;
      }
      this.#readFrom = segment.size;
      await this.#dropReadSegments();
    }
  }

  async #dropReadSegments(): Promise<void> {
    const segment = this.#segments[0];
    if (segment === undefined || this.#readFrom < segment.size) return;
    if (this.#writer?.segment === segment) await this.#closeWriter();
    this.#segments.shift();
    this.#readFrom = 0;
    this.#readTo = 0;
    // If it cannot be deleted it is read once more after the next start, which changes nothing in the store.
    await rm(segment.path, { force: true }).catch(() => undefined);
  }
}

const fileName = (prefix: string, number: number): string => `${prefix}-${String(number).padStart(8, "0")}.jsonl`;

async function writeAll(handle: FileHandle, bytes: Buffer, at: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}

/** Reads whole lines from `from` on. A last line without newline counts as broken. */
async function readLines(
  segment: Segment,
  from: number,
  most: number,
): Promise<SpilledBatch & { readonly bytes: number }> {
  const handle = await open(segment.path, "r");
  try {
    let want = Math.min(READ_BYTES, segment.size - from);
    for (;;) {
      const buffer = Buffer.allocUnsafe(Math.max(want, 0));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, from);
      const atEnd = from + bytesRead >= segment.size || bytesRead < buffer.length;
      const found = parseLines(buffer.subarray(0, bytesRead), most, atEnd);
      if (found.bytes > 0 || bytesRead === 0) return found;
      // Not one newline in the window: a longer line, or rubbish.
      if (want >= MAX_LINE_BYTES) return { records: [], broken: 1, bytes: bytesRead };
      want = Math.min(want * 4, MAX_LINE_BYTES, segment.size - from);
    }
  } finally {
    await handle.close();
  }
}

function parseLines(buffer: Buffer, most: number, atEnd: boolean): SpilledBatch & { readonly bytes: number } {
  const records: StoreRecord[] = [];
  let broken = 0;
  let bytes = 0;
  while (records.length < most && bytes < buffer.length) {
    const newline = buffer.indexOf(NEWLINE, bytes);
    if (newline < 0) {
      if (!atEnd) break;
      broken++;
      bytes = buffer.length;
      break;
    }
    const value = parseJson(buffer.toString("utf8", bytes, newline));
    if (isStoreRecord(value)) records.push(value);
    else broken++;
    bytes = newline + 1;
  }
  return { records, broken, bytes };
}

const codeOf = (error: unknown): unknown =>
  typeof error === "object" && error !== null && "code" in error ? error.code : undefined;

const isMissing = (error: unknown): boolean => codeOf(error) === "ENOENT";

function diskError(cause: unknown): GatewayError {
  if (cause instanceof GatewayError) return cause;
  const full = codeOf(cause) === "ENOSPC" || codeOf(cause) === "EDQUOT";
  const message = cause instanceof Error ? cause.message : "unknown failure";
  return new GatewayError(full ? "store.full" : "store.unavailable", `spill: ${message}`, { cause });
}
