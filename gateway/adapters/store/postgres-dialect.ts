import { PostgresDialect, type PostgresCursor, type PostgresPoolClient, type PostgresQueryResult } from "kysely";
import pg from "pg";
import { GatewayError } from "../../core/errors.js";
import { sqlState } from "./store-errors.js";

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database?sslmode=verify-full`; TLS as the URL says. */
  readonly url: string;
  /** Connections at most. Default 4: one writes, the others read. */
  readonly maxConnections: number;
  /** To get a connection, ms. Default 3,000. */
  readonly connectTimeoutMs: number;
  /** For one statement, ms, at the server; the client gives up 2 s later. Default 10,000. */
  readonly statementTimeoutMs: number;
  /** Told when a connection fails that nobody uses at the time. */
  readonly onIdleError: (error: Error) => void;
}

const INT8 = pg.types.builtins.INT8;

/** Kysely's PostgreSQL dialect on a `pg` pool with limits on everything that waits. */
export function postgresDialect(options: PostgresOptions): PostgresDialect {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.maxConnections,
    connectionTimeoutMillis: options.connectTimeoutMs,
    idleTimeoutMillis: 60_000,
    statement_timeout: options.statementTimeoutMs,
    lock_timeout: options.statementTimeoutMs,
    idle_in_transaction_session_timeout: 3 * options.statementTimeoutMs,
    query_timeout: options.statementTimeoutMs + 2_000,
    keepAlive: true,
    application_name: "ringfence",
    types: {
      // Milliseconds since 1970 fit a double exactly until the year 287396.
      getTypeParser: ((oid, format) =>
        oid === INT8 ? Number : (pg.types.getTypeParser(oid, format) as unknown)) as typeof pg.types.getTypeParser,
    },
  });
  // Without a listener the loss of an idle connection would end the process, and so would that of one that is just being handed out.
  pool.on("error", options.onIdleError);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return new PostgresDialect({
    pool: {
      connect: async () => new GuardedClient(await pool.connect()),
      end: () => pool.end(),
    },
  });
}

/**
 * A pooled connection that is thrown away after a failure that the server did not report itself: after a client-side time-out
 * an answer may still be under way, and the next user would read it as his own.
 */
class GuardedClient implements PostgresPoolClient {
  readonly #client: pg.PoolClient;
  #suspect = false;

  constructor(client: pg.PoolClient) {
    this.#client = client;
    // While it is checked out the pool does not listen.
    client.on("error", this.#onError);
  }

  readonly #onError = (): void => {
    this.#suspect = true;
  };

  query<R>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>;
  query<R>(text: string | PostgresCursor<R>, parameters: readonly unknown[] = []): unknown {
    if (typeof text !== "string") throw new GatewayError("store.rejected", "cursors are not used");
    return this.#ask(text, parameters);
  }

  async #ask(text: string, parameters: readonly unknown[]): Promise<unknown> {
    try {
      return await this.#client.query(text, [...parameters]);
    } catch (error) {
      if (sqlState(error) === undefined) this.#suspect = true;
      throw error;
    }
  }

  release(): void {
    this.#client.off("error", this.#onError);
    this.#client.release(this.#suspect);
  }
}
