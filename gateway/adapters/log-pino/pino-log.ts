import pino from "pino";
import { GatewayError } from "../../core/errors.js";
import { Sensitive, type Log, type LogFields } from "../../core/log.js";
import { Redactor } from "./redact.js";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

export interface PinoLogOptions {
  /** Lines below it cost one comparison. */
  readonly level: LogLevel;
  /** Print numbers, URIs and addresses as they are. */
  readonly showNumbers: boolean;
  /** From `loadLogKey`. */
  readonly key: Uint8Array;
  /** Where lines go; default: file descriptor 2 (stdout's first line is the ready line). */
  readonly destination?: LogDestination;
}

/** The least that we need of a stream. */
export interface LogDestination {
  write(line: string): void;
  flushSync?(): void;
  end?(): void;
}

export interface ClosableLog extends Log {
  /** Writes what is still waiting, in this turn. Safe to call twice; call it last, and on `exit`. */
  flush(): void;
}

/** Lines that may wait for a slow reader of stderr; beyond it new ones are dropped rather than memory filled. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
const MAX_CAUSES = 5;
const RESERVED = new Set(["level", "time", "event", "error"]);

/** One JSON object a line: `level`, `time` (ISO), `event`, then the fields; `error` holds type, code, message, stack and causes. */
export function createPinoLog(options: PinoLogOptions): ClosableLog {
  const destination = options.destination ?? standardError();
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return new PinoLog(logger, new Redactor(options.key, options.showNumbers), {}, () => destination.flushSync?.());
}

function standardError(): LogDestination {
  const destination = pino.destination({ dest: 2, sync: false, maxLength: MAX_WAITING_BYTES });
  destination.on("error", () => undefined); // stderr is gone: there is nobody to tell
  return {
    write: (line) => void destination.write(line),
    flushSync: () => {
      try {
        destination.flushSync();
      } catch {
        // Closed, or the reader is gone.
      }
    },
  };
}

class PinoLog implements ClosableLog {
  readonly #logger: pino.Logger;
  readonly #redactor: Redactor;
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #flush: () => void;

  constructor(logger: pino.Logger, redactor: Redactor, fields: Readonly<Record<string, unknown>>, flush: () => void) {
    this.#logger = logger;
    this.#redactor = redactor;
    this.#fields = fields;
    this.#flush = flush;
  }

  debug(event: string, fields?: LogFields): void {
    if (this.#logger.isLevelEnabled("debug")) this.#logger.debug(this.#line(event, fields));
  }

  info(event: string, fields?: LogFields): void {
    if (this.#logger.isLevelEnabled("info")) this.#logger.info(this.#line(event, fields));
  }

  warn(event: string, fields?: LogFields): void {
    if (this.#logger.isLevelEnabled("warn")) this.#logger.warn(this.#line(event, fields));
  }

  error(event: string, fields?: LogFields, cause?: unknown): void {
    if (!this.#logger.isLevelEnabled("error")) return;
    const line = this.#line(event, fields);
    if (cause !== undefined) line["error"] = describeError(cause, this.#redactor);
    this.#logger.error(line);
  }

  child(fields: LogFields): Log {
    return new PinoLog(this.#logger, this.#redactor, { ...this.#fields, ...this.#redacted(fields) }, this.#flush);
  }

  flush(): void {
    this.#flush();
  }

  #line(event: string, fields: LogFields | undefined): Record<string, unknown> {
    const line = { event: this.#redactor.text(event), ...this.#fields };
    return fields === undefined ? line : Object.assign(line, this.#redacted(fields));
  }

  #redacted(fields: LogFields): Record<string, unknown> {
    const out: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(fields)) {
      if (value === undefined) continue;
      const key = RESERVED.has(name) ? `_${name}` : name;
      if (value instanceof Sensitive) out[key] = this.#redactor.sensitive(value);
      else out[key] = typeof value === "string" ? this.#redactor.field(name, value) : value;
    }
    return out;
  }
}

/** Plain data with every text redacted; causes and the parts of an AggregateError to a limit. */
function describeError(error: unknown, redactor: Redactor, depth = 0): unknown {
  if (!(error instanceof Error)) return redactor.text(typeof error === "string" ? error : typeof error);
  const code = error instanceof GatewayError ? error.code : (error as NodeJS.ErrnoException).code;
  const deeper = depth < MAX_CAUSES;
  return {
    type: error.name,
    ...(typeof code === "string" ? { code } : {}),
    message: redactor.text(error.message),
    stack: redactor.text(error.stack ?? ""),
    ...(error.cause !== undefined && deeper ? { cause: describeError(error.cause, redactor, depth + 1) } : {}),
    ...(error instanceof AggregateError && deeper
      ? { errors: error.errors.slice(0, MAX_CAUSES).map((each) => describeError(each, redactor, depth + 1)) }
      : {}),
  };
}
