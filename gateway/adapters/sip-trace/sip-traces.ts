import { mkdir, open, readdir, readFile, rm, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../core/clock.js";
import { silentLog, type Log } from "../../core/log.js";
import { fail, ok, type Result } from "../../core/result.js";
import { monoMs, unixMs, type UnixMs } from "../../core/time.js";
import { formatMessage, type TracedMessage } from "./format-message.js";

export interface SipTraceOptions {
  /** One file a trace, `ID.txt`, readable by us alone. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log?: Log;
  /** Of one trace; then it ends by itself. Default 16 MiB. */
  readonly limitBytes?: number;
  /** At a time. Default 16. */
  readonly maxActive?: number;
  /** No trace is longer. Default 24 h. */
  readonly maxDurationMs?: number;
  /** Files kept; the oldest go when a trace begins. Default 100. */
  readonly maxFiles?: number;
}

export interface TraceError {
  /** `trace.bad-id`: not 1–64 letters, digits, `-` or `_`. `trace.exists`. `trace.too-many`. `trace.failed`: the file cannot be written. */
  readonly code: "trace.bad-id" | "trace.exists" | "trace.too-many" | "trace.failed";
}

export interface TraceView {
  readonly id: string;
  readonly until: UnixMs;
  readonly messages: number;
  readonly bytes: number;
}

interface Trace {
  readonly until: UnixMs;
  readonly file: FileHandle;
  cancelEnd: () => void;
  waiting: Buffer[];
  waitingBytes: number;
  writing: Promise<void> | undefined;
  messages: number;
  bytes: number;
  skipped: number;
  /** Messages of all calls, of its own among them or not. */
  unseen: number;
}

const ID = /^[\w-]{1,64}$/;
/** What may wait for the disk; beyond it messages are left out, and the file says how many. */
const MAX_WAITING_BYTES = 2 * 1024 * 1024;

/** SIP messages of calls that an admin wants to see, into files, for a time and to a size. Which messages those are is the caller's affair. */
export class SipTraces {
  readonly #options: Required<Omit<SipTraceOptions, "log">>;
  readonly #log: Log;
  readonly #active = new Map<string, Trace>();
  /** Being opened: they count, and an id is not given out twice. */
  readonly #starting = new Set<string>();

  constructor(options: SipTraceOptions) {
    const defaults = { limitBytes: 16 * 1024 * 1024, maxActive: 16, maxDurationMs: 24 * 3600 * 1000, maxFiles: 100 };
    this.#options = { ...defaults, ...options };
    this.#log = options.log ?? silentLog;
  }

  /** @returns Until when it runs: `until`, or the longest that is allowed. */
  async start(order: {
    readonly id: string;
    readonly until: UnixMs;
  }): Promise<Result<{ readonly until: UnixMs }, TraceError>> {
    const { id } = order;
    const { clock, folder, maxActive, maxDurationMs } = this.#options;
    if (!ID.test(id)) return fail({ code: "trace.bad-id" });
    if (this.#active.has(id) || this.#starting.has(id)) return fail({ code: "trace.exists" });
    if (this.#active.size + this.#starting.size >= maxActive) return fail({ code: "trace.too-many" });
    this.#starting.add(id);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await this.#removeOldest();
      const file = await create(join(folder, `${id}.txt`));
      if (file === undefined) return fail({ code: "trace.exists" });
      const now = clock.unix();
      const until = unixMs(Math.min(order.until, now + maxDurationMs));
      const cancelEnd = clock.callAt(monoMs(clock.mono() + Math.max(0, until - now)), () => void this.stop(id));
      this.#active.set(id, {
        until,
        file,
        cancelEnd,
        waiting: [],
        waitingBytes: 0,
        writing: undefined,
        messages: 0,
        bytes: 0,
        skipped: 0,
        unseen: 0,
      });
      return ok({ until });
    } catch (cause) {
      this.#log.error("trace.failed", { id }, cause);
      return fail({ code: "trace.failed" });
    } finally {
      this.#starting.delete(id);
    }
  }

  /** True while any trace runs: the caller's quick way past everything else. */
  get running(): boolean {
    return this.#active.size > 0;
  }

  list(): readonly TraceView[] {
    return [...this.#active].map(([id, { until, messages, bytes }]) => ({ id, until, messages, bytes }));
  }

  /** Never waits. `message.bytes` is copied. @returns False where that trace does not run (any more). */
  write(id: string, message: TracedMessage): boolean {
    const trace = this.#active.get(id);
    if (trace === undefined) return false;
    const text = formatMessage(message);
    if (trace.bytes + text.length > this.#options.limitBytes) {
      void this.stop(id);
      return false;
    }
    if (trace.waitingBytes + text.length > MAX_WAITING_BYTES) {
      trace.skipped++;
      return true;
    }
    trace.waiting.push(text);
    trace.waitingBytes += text.length;
    trace.bytes += text.length;
    trace.messages++;
    trace.writing ??= this.#drain(id, trace);
    return true;
  }

  /** There is more to do than there is time for: a message is not looked at, so it may be one of any trace; each says so at its end. */
  leaveOut(): void {
    for (const trace of this.#active.values()) trace.unseen++;
  }

  /** Writes what waits and closes the file. @returns False where no such trace runs. */
  async stop(id: string): Promise<boolean> {
    const trace = this.#active.get(id);
    if (trace === undefined) return false;
    this.#active.delete(id);
    trace.cancelEnd();
    while (trace.writing !== undefined) await trace.writing;
    const missing = [
      ...(trace.skipped > 0 ? [`--- ${trace.skipped} messages left out: the disk was too slow\n`] : []),
      ...(trace.unseen > 0 ? [`--- up to ${trace.unseen} messages left out: there was too much to do\n`] : []),
    ];
    if (missing.length > 0) await trace.file.appendFile(missing.join("")).catch(() => undefined);
    await trace.file.close().catch(() => undefined);
    return true;
  }

  /** The text so far, or of a trace that has ended; undefined: no such trace. */
  async read(id: string): Promise<Buffer | undefined> {
    if (!ID.test(id)) return undefined;
    return readFile(join(this.#options.folder, `${id}.txt`)).catch(() => undefined);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#active.keys()].map((id) => this.stop(id)));
  }

  async #drain(id: string, trace: Trace): Promise<void> {
    try {
      while (trace.waiting.length > 0) {
        const bytes = Buffer.concat(trace.waiting);
        trace.waiting = [];
        trace.waitingBytes = 0;
        await trace.file.appendFile(bytes);
      }
    } catch (cause) {
      this.#log.error("trace.failed", { id }, cause);
      trace.waiting = [];
      trace.waitingBytes = 0;
      queueMicrotask(() => void this.stop(id));
    } finally {
      trace.writing = undefined;
    }
  }

  async #removeOldest(): Promise<void> {
    const { folder, maxFiles } = this.#options;
    const names = (await readdir(folder)).filter(
      (name) => name.endsWith(".txt") && !this.#active.has(name.slice(0, -4)),
    );
    if (names.length < maxFiles) return;
    const aged = await Promise.all(names.map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })));
    aged.sort((a, b) => a.at - b.at);
    for (const { name } of aged.slice(0, names.length - maxFiles + 1)) await rm(join(folder, name), { force: true });
  }
}

/** @returns Undefined where there is one of that name. */
async function create(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "wx", 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return undefined;
    throw error;
  }
}
