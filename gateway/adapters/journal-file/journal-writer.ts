import type { Clock } from "../../core/clock.js";
import type { Log } from "../../core/log.js";
import type { Counter, Histogram, Metrics } from "../../core/metrics.js";
import { monoMs } from "../../core/time.js";
import type { JournalFiles } from "./journal-files.js";

export interface WriterOptions {
  readonly files: JournalFiles;
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly slowWriteMs: number;
  readonly retryMs: number;
  /** Everything that a file written anew has to hold, at this moment. */
  readonly openLines: () => readonly string[];
}

/** A slow disk is left to the thread pool for this long, then tried directly again. */
const SLOW_SPELL_MS = 10_000;
/** What may wait for a slow disk; beyond it the file is given up and written anew later. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;

/**
 * One file that is appended to and now and then written anew. In good times a turn's lines go out with one synchronous write, tens of
 * microseconds. When the disk is slow, writes go through the thread pool; when it fails, nothing is written until a whole new
 * file could be, so that a torn line is never followed by others. Callers never wait and never hear of it; metrics and log do.
 */
export class JournalWriter {
  sizeBytes = 0;
  readonly #options: WriterOptions;
  readonly #failures: Counter;
  readonly #rewrites: Counter;
  readonly #took: Histogram;
  #fd: number | undefined;
  #batch: string[] = [];
  #batchBytes = 0;
  #scheduled = false;
  #writing: Promise<void> | undefined;
  #slowUntil = 0;
  /** Lines since a rewrite began: the new file needs them too. */
  #since: string[] | undefined;
  #rewriting: Promise<Error | undefined> | undefined;
  /** The new file is about to take over: nothing more is begun on the old one. */
  #handingOver = false;
  #notBefore = 0;
  #cancelRetry: (() => void) | undefined;
  #closed = false;

  constructor(options: WriterOptions) {
    this.#options = options;
    const { metrics } = options;
    this.#failures = metrics.counter("ringfence_journal_failures_total", "Writes of the dialog journal that failed.");
    this.#rewrites = metrics.counter("ringfence_journal_rewrites_total", "Times the dialog journal was written anew.");
    this.#took = metrics.histogram(
      "ringfence_journal_write_seconds",
      "One write of the dialog journal.",
      [0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.005, 0.02, 0.1],
    );
  }

  /** After a failure, until the file has been written anew. */
  get failing(): boolean {
    return this.#fd === undefined && !this.#closed;
  }

  write(line: string): void {
    this.#since?.push(line);
    if (this.#fd === undefined || this.#closed) return; // a rewrite to come has it from `openLines`
    this.#batch.push(line);
    this.#batchBytes += line.length;
    if (this.#batchBytes > MAX_WAITING_BYTES) this.#fail(new Error("too much waits for a slow disk"));
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  /** Writes a new file with what is open and puts it in the old one's place. @returns Why it could not. */
  rewrite(): Promise<Error | undefined> {
    this.#rewriting ??= this.#rewrite().finally(() => (this.#rewriting = undefined));
    return this.#rewriting;
  }

  /** As `rewrite`, and what had ended by now is in the new file in no case: one that is being written may have it. */
  async rewriteAfresh(): Promise<Error | undefined> {
    while (this.#rewriting !== undefined) await this.#rewriting;
    return this.#closed ? undefined : this.rewrite();
  }

  /** For a file that has grown: like `rewrite`, but not again right after a failure. */
  rewriteInBackground(): void {
    if (this.#rewriting === undefined && this.#options.clock.mono() >= this.#notBefore) void this.rewrite();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    while (this.#rewriting !== undefined) await this.#rewriting;
    while (this.#writing !== undefined) await this.#writing;
    this.#flushNow();
    this.#closed = true;
    this.#cancelRetry?.();
    if (this.#fd === undefined) return;
    await this.#options.files.syncLater(this.#fd).catch(() => undefined);
    this.#options.files.close(this.#fd);
    this.#fd = undefined;
  }

  #flush(): void {
    if (this.#writing !== undefined || this.#handingOver) return; // their end flushes again
    if (this.#options.clock.mono() >= this.#slowUntil) this.#flushNow();
    else this.#flushLater();
  }

  #flushNow(): void {
    if (this.#fd === undefined || this.#batch.length === 0) return;
    const { clock, files, slowWriteMs } = this.#options;
    const bytes = this.#takeBatch();
    const start = clock.mono();
    try {
      if (files.writeNow(this.#fd, bytes) < bytes.length) throw new Error("short write");
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.sizeBytes += bytes.length;
    const took = clock.mono() - start;
    this.#took.observe(took / 1_000);
    if (took > slowWriteMs) this.#slowUntil = clock.mono() + SLOW_SPELL_MS;
  }

  #flushLater(): void {
    const fd = this.#fd;
    if (fd === undefined || this.#batch.length === 0) return;
    const bytes = this.#takeBatch();
    this.#writing = writeAll(this.#options.files, fd, bytes)
      .then(
        () => void (this.sizeBytes += bytes.length),
        (error: unknown) => {
          if (this.#fd === fd) this.#fail(error);
        },
      )
      .then(() => {
        this.#writing = undefined;
        this.#flush();
      });
  }

  #takeBatch(): Buffer {
    const bytes = Buffer.from(this.#batch.join(""), "utf8");
    this.#batch = [];
    this.#batchBytes = 0;
    return bytes;
  }

  /** The file may end in a torn line: no more of it. */
  #fail(error: unknown): void {
    this.#failures.inc();
    this.#options.log.error("journal.failed", { willRetryMs: this.#options.retryMs }, error);
    this.#retire();
    this.#retryLater();
  }

  #retryLater(): void {
    if (this.#closed || this.#cancelRetry !== undefined) return;
    const { clock, retryMs } = this.#options;
    this.#cancelRetry = clock.callAt(monoMs(clock.mono() + retryMs), () => {
      this.#cancelRetry = undefined;
      void this.rewrite();
    });
  }

  async #rewrite(): Promise<Error | undefined> {
    const { files, path, openLines } = this.#options;
    const temporary = `${path}.new`;
    const since: string[] = [];
    let fd: number | undefined;
    try {
      files.remove(temporary);
      fd = files.openToAppend(temporary);
      this.#since = since;
      let size = await writeLines(files, fd, openLines());
      await files.syncLater(fd);
      // Large remainders go by the thread pool too; the last small one in the turn that swaps the files.
      while (since.length > 1000) size += await writeLines(files, fd, since.splice(0));
      this.#handingOver = true;
      while (this.#writing !== undefined) await this.#writing;
      const last = Buffer.from(since.join(""), "utf8");
      if (last.length > 0 && files.writeNow(fd, last) < last.length) throw new Error("short write");
      files.rename(temporary, path);
      this.#swapTo(fd, size + last.length);
      return undefined;
    } catch (error) {
      if (fd !== undefined) this.#closeQuietly(fd);
      this.#removeQuietly(temporary);
      this.#notBefore = this.#options.clock.mono() + this.#options.retryMs;
      if (this.#fd === undefined) this.#retryLater();
      this.#failures.inc();
      this.#options.log.warn("journal.rewrite-failed", { reason: (error as NodeJS.ErrnoException).code ?? "error" });
      return error as Error;
    } finally {
      this.#since = undefined;
      this.#handingOver = false;
      this.#flush();
    }
  }

  #swapTo(fd: number, sizeBytes: number): void {
    this.#retire(); // what waited for the old file is in the new one already
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#fd = fd;
    this.sizeBytes = sizeBytes;
    this.#rewrites.inc();
  }

  /** Lets go of the file in use. A write that is under way keeps its descriptor: closed now, its number could become another file's. */
  #retire(): void {
    const fd = this.#fd;
    this.#fd = undefined;
    this.#batch = [];
    this.#batchBytes = 0;
    if (fd === undefined) return;
    if (this.#writing === undefined) this.#closeQuietly(fd);
    else void this.#writing.then(() => this.#closeQuietly(fd));
  }

  #closeQuietly(fd: number): void {
    try {
      this.#options.files.close(fd);
    } catch {
      // It was of no use any more.
    }
  }

  #removeQuietly(path: string): void {
    try {
      this.#options.files.remove(path);
    } catch {
      // The next attempt removes it.
    }
  }
}

async function writeLines(files: JournalFiles, fd: number, lines: readonly string[]): Promise<number> {
  let total = 0;
  let chunk: string[] = [];
  let chunkBytes = 0;
  const flush = async (): Promise<void> => {
    const bytes = Buffer.from(chunk.join(""), "utf8");
    chunk = [];
    chunkBytes = 0;
    await writeAll(files, fd, bytes);
    total += bytes.length;
  };
  for (const line of lines) {
    chunk.push(line);
    chunkBytes += line.length;
    if (chunkBytes >= CHUNK_BYTES) await flush();
  }
  if (chunk.length > 0) await flush();
  return total;
}

async function writeAll(files: JournalFiles, fd: number, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const written = await files.writeLater(fd, bytes.subarray(at));
    if (written === 0) throw new Error("short write");
    at += written;
  }
}
