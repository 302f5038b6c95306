import { join } from "node:path";
import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import { silentLog, type Log } from "../../core/log.js";
import { noMetrics, type Counter, type Metrics } from "../../core/metrics.js";
import { monoMs } from "../../core/time.js";
import type { DialogJournal, JournalEntry } from "../../ports/dialog-journal.js";
import { nodeFiles, type JournalFiles } from "./journal-files.js";
import { encodeLine } from "./journal-line.js";
import { JournalWriter } from "./journal-writer.js";
import { LastEntries } from "./last-entries.js";
import { readJournal, type JournalContents } from "./read-journal.js";

export interface FileJournalOptions {
  /** `dialogs.journal` is kept here. One process at a time: the store's lock on its folder guards this one too. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log?: Log;
  readonly metrics?: Metrics;
  /** The file is written anew with open calls alone when it is larger than this and four times what they need. Default 32 MiB. */
  readonly rewriteBytes?: number;
  /** What the file says of a call that is over stays in it for so long at most. Default 5 minutes. */
  readonly keepEndedMs?: number;
  /** Calls journalled at a time; the next are carried, but not recovered. Default 200,000. */
  readonly maxOpenCalls?: number;
  /** A write that takes longer than this sends the next ones to the thread pool for a while. Default 20. */
  readonly slowWriteMs?: number;
  /** After a failure: how long until the file is written anew. Default 5,000. */
  readonly retryMs?: number;
  readonly files?: JournalFiles;
}

type OpenEntry = Exclude<JournalEntry, { readonly kind: "ended" }>;

const KEEP_ENDED_MS = 5 * 60_000;

/**
 * The journal, opened and read.
 * @throws GatewayError `journal.failed`: the folder cannot be read or written.
 */
export async function openDialogJournal(options: FileJournalOptions): Promise<DialogJournal> {
  const journal = new FileDialogJournal(options);
  await journal.recover();
  return journal;
}

/**
 * Append-only file of JSON lines, each with a checksum. What one turn of the event loop appends goes to the kernel in one write at
 * the end of that turn: it survives the death of the process. It is not synced: a power cut can cost the last seconds, and takes
 * the calls with it. The last lines of open calls are kept in memory too, so that after a full disk the file can be made whole again.
 *
 * Numbers of calls that are over do not stay: the file is written anew some minutes after a call has ended, and at the close.
 *
 * `recover` opens the file and has to be called first; what is appended before it has finished is kept and written then.
 */
export class FileDialogJournal implements DialogJournal {
  readonly #files: JournalFiles;
  readonly #folder: string;
  readonly #path: string;
  readonly #writer: JournalWriter;
  readonly #clock: Clock;
  readonly #lines = new LastEntries<string>();
  readonly #maxOpenCalls: number;
  readonly #rewriteBytes: number;
  readonly #keepEndedMs: number;
  readonly #retryMs: number;
  readonly #skipped: Counter;
  #liveBytes = 0;
  /** While the file has lines that count no more. */
  #cancelRewrite: (() => void) | undefined;
  #recovery: Promise<JournalContents> | undefined;
  #closed = false;

  constructor(options: FileJournalOptions) {
    const {
      clock,
      log = silentLog,
      metrics = noMetrics,
      files = nodeFiles,
      slowWriteMs = 20,
      retryMs = 5000,
    } = options;
    this.#clock = clock;
    this.#files = files;
    this.#folder = options.folder;
    this.#path = join(options.folder, "dialogs.journal");
    this.#maxOpenCalls = options.maxOpenCalls ?? 200_000;
    this.#rewriteBytes = options.rewriteBytes ?? 32 * 1024 * 1024;
    this.#keepEndedMs = options.keepEndedMs ?? KEEP_ENDED_MS;
    this.#retryMs = retryMs;
    const openLines = (): readonly string[] => this.#lines.values();
    this.#writer = new JournalWriter({ files, path: this.#path, clock, log, metrics, slowWriteMs, retryMs, openLines });
    this.#skipped = metrics.counter(
      "ringfence_journal_skipped_total",
      "Calls not journalled because too many were open.",
    );
    const open = metrics.gauge("ringfence_journal_open_calls", "Calls in the dialog journal that have not ended.");
    const size = metrics.gauge("ringfence_journal_bytes", "Size of the dialog journal.");
    metrics.onScrape(() => {
      open.set(this.#lines.calls);
      size.set(this.#writer.sizeBytes);
    });
  }

  get failing(): boolean {
    return this.#writer.failing;
  }

  append(entry: JournalEntry): void {
    if (entry.kind === "ended") {
      const known = this.#lines.end(entry.callId);
      if (known.length === 0) return;
      for (const line of known) this.#forgot(line);
      this.#writer.write(encodeLine(entry));
    } else if (this.#lines.calls >= this.#maxOpenCalls && !this.#lines.has(entry.callId)) {
      this.#skipped.inc();
      return;
    } else {
      const line = encodeLine(entry);
      this.#remember(entry, line);
      this.#writer.write(line);
    }
    const { sizeBytes } = this.#writer;
    if (sizeBytes > this.#rewriteBytes && sizeBytes > 4 * this.#liveBytes) this.#writer.rewriteInBackground();
  }

  /**
   * Reads what the last process left and writes it anew without ended calls and broken lines. A second call gives the same.
   * @throws GatewayError `journal.failed`: the folder cannot be read or written; appending is then without effect.
   */
  recover(): Promise<JournalContents> {
    this.#recovery ??= this.#recover();
    return this.#recovery;
  }

  /** Safe to call twice. */
  async close(): Promise<void> {
    this.#closed = true;
    const hasEnded = this.#cancelRewrite !== undefined;
    this.#cancelRewrite?.();
    this.#cancelRewrite = undefined;
    if (hasEnded && !this.#writer.failing) await this.#writer.rewriteAfresh();
    await this.#writer.close();
  }

  async #recover(): Promise<JournalContents> {
    try {
      this.#files.makeFolder(this.#folder);
      const found = await readJournal(this.#files, this.#path);
      for (const entry of found.entries) if (entry.kind !== "ended") this.#remember(entry, encodeLine(entry));
      const error = await this.#writer.rewrite();
      if (error !== undefined) throw error;
      return found;
    } catch (cause) {
      await this.#writer.close();
      const reason = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
      throw new GatewayError("journal.failed", `cannot use the dialog journal: ${reason}`, { cause });
    }
  }

  #remember(entry: OpenEntry, line: string): void {
    const before = this.#lines.put(entry.kind, entry.callId, line);
    this.#liveBytes += line.length;
    if (before !== undefined) this.#forgot(before);
  }

  #forgot(line: string): void {
    this.#liveBytes -= line.length;
    this.#rewriteIn(this.#keepEndedMs);
  }

  #rewriteIn(ms: number): void {
    if (this.#closed || this.#cancelRewrite !== undefined) return;
    this.#cancelRewrite = this.#clock.callAt(monoMs(this.#clock.mono() + ms), () => {
      this.#cancelRewrite = undefined;
      void this.#writer.rewriteAfresh().then((error) => {
        if (error !== undefined) this.#rewriteIn(this.#retryMs);
      });
    });
  }
}
