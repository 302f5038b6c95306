import {
  CompiledQuery,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  type QueryCompiler,
  type QueryResult,
  type TransactionSettings,
} from "kysely";
import { GatewayError } from "../../core/errors.js";
import { PgliteLogLimit } from "./pglite-log-limit.js";
import { sqlState } from "./store-errors.js";

/** The part of a PGlite that the dialect needs. */
export interface PgliteLike {
  query(
    sql: string,
    parameters: unknown[],
  ): Promise<{ readonly rows: unknown[]; readonly affectedRows?: number; readonly command?: string }>;
  close(): Promise<void>;
}

export interface PgliteDialectOptions {
  /** Opens the database. Called at first use, and again after the database has died (disk full while writing WAL). */
  readonly open: () => Promise<PgliteLike>;
  /** How long a query or transaction may wait for its turn, ms. */
  readonly waitMs: number;
  /** How many may wait. One more is refused at once. */
  readonly maxWaiting: number;
  /** How much may stand in the write-ahead log until a checkpoint is written. */
  readonly logLimitBytes: number;
}

/**
 * Kysely on PGlite: one database, one connection. Whoever has the connection has the database: transactions and single queries
 * run one after the other, so no statement of another caller can slip into an open transaction.
 */
export class PgliteDialect implements Dialect {
  readonly #options: PgliteDialectOptions;

  constructor(options: PgliteDialectOptions) {
    this.#options = options;
  }

  createDriver(): Driver {
    return new PgliteDriver(this.#options);
  }
  createQueryCompiler(): QueryCompiler {
    return new PostgresQueryCompiler();
  }
  createAdapter(): DialectAdapter {
    return new PostgresAdapter();
  }
  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new PostgresIntrospector(db);
  }
}

class PgliteDriver implements Driver {
  readonly #options: PgliteDialectOptions;
  readonly #turn: Turn;
  #connection: PgliteConnection | undefined;
  #destroyed = false;

  constructor(options: PgliteDialectOptions) {
    this.#options = options;
    this.#turn = new Turn(options.waitMs, options.maxWaiting);
  }

  async init(): Promise<void> {
    // The database is opened with the first connection, so that a failure can be tried again.
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    await this.#turn.take();
    try {
      if (this.#destroyed) throw new GatewayError("store.unavailable", "the store is closed");
      if (this.#connection?.broken === true) await this.#discard();
      this.#connection ??= new PgliteConnection(await this.#options.open(), this.#options.logLimitBytes);
      return this.#connection;
    } catch (error) {
      this.#turn.give();
      throw error;
    }
  }

  async beginTransaction(connection: DatabaseConnection, _settings: TransactionSettings): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("begin"));
  }
  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("commit"));
  }
  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("rollback"));
  }

  async releaseConnection(_connection: DatabaseConnection): Promise<void> {
    // What was to be done is done: a checkpoint that fails is tried again.
    await this.#connection?.limitLog().catch(() => undefined);
    this.#turn.give();
  }

  async destroy(): Promise<void> {
    if (this.#destroyed) return;
    await this.#turn.take();
    this.#destroyed = true;
    try {
      await this.#discard();
    } finally {
      this.#turn.give();
    }
  }

  async #discard(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    // A database that died in the middle of a write cannot be closed in good order; its WAL is replayed at the next opening.
    await connection?.close().catch(() => undefined);
  }
}

class PgliteConnection implements DatabaseConnection {
  readonly #db: PgliteLike;
  readonly #log: PgliteLogLimit;
  #broken = false;

  constructor(db: PgliteLike, logLimitBytes: number) {
    this.#db = db;
    this.#log = new PgliteLogLimit(logLimitBytes);
  }

  /** The database itself is gone (WebAssembly aborted, or PostgreSQL panicked), not just a statement refused. */
  get broken(): boolean {
    return this.#broken;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    try {
      const result = await this.#db.query(query.sql, [...query.parameters]);
      this.#log.ran(query.parameters);
      return {
        rows: result.rows as R[],
        ...(isChange(result.command) ? { numAffectedRows: BigInt(result.affectedRows ?? 0) } : {}),
      };
    } catch (error) {
      if (sqlState(error) === undefined || isFatal(error)) this.#broken = true;
      throw error;
    }
  }

  /** Not within a transaction. */
  limitLog(): Promise<void> {
    return this.#log.keep((text) => this.executeQuery(CompiledQuery.raw(text)));
  }

  /** PGlite has no cursors; the store pages by key instead of streaming. */
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    await Promise.reject(new GatewayError("store.rejected", "PGlite does not stream"));
  }

  close(): Promise<void> {
    return this.#db.close();
  }
}

const isChange = (command: string | undefined): boolean =>
  command === "INSERT" || command === "UPDATE" || command === "DELETE";

function isFatal(error: unknown): boolean {
  if (typeof error !== "object" || error === null || !("severity" in error)) return false;
  return error.severity === "FATAL" || error.severity === "PANIC";
}

/** Mutual exclusion, first come first served, with a limit on who waits and how long. */
class Turn {
  readonly #waitMs: number;
  readonly #maxWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #taken = false;

  constructor(waitMs: number, maxWaiting: number) {
    this.#waitMs = waitMs;
    this.#maxWaiting = maxWaiting;
  }

  /** @throws GatewayError `store.unavailable` when too many wait already, or the turn did not come in time. */
  async take(): Promise<void> {
    if (!this.#taken) {
      this.#taken = true;
      return;
    }
    if (this.#waiting.length >= this.#maxWaiting) throw new GatewayError("store.unavailable", "too many queries wait");
    await new Promise<void>((resolve, reject) => {
      const enter = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(new GatewayError("store.unavailable", `the database was busy for ${this.#waitMs} ms`));
      }, this.#waitMs);
      this.#waiting.push(enter);
    });
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#taken = false;
    else next();
  }
}
