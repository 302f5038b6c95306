/** A checkpoint of so much takes a tenth of a second. */
export const LOG_LIMIT_BYTES = 64 * 1024 * 1024;

/** The size of the log is asked for after so many statements, or so many characters that they brought. */
const STATEMENTS = 16;
const CHARS = 4_000_000;

/**
 * PGlite is PostgreSQL without its background processes, so nobody writes checkpoints: the write-ahead log would grow until the database
 * is closed, and after a crash all of it would be replayed. Here one is written whenever so much has been logged since the last.
 */
export class PgliteLogLimit {
  readonly #limitBytes: number;
  #statements = 0;
  #chars = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Reading counts as well: whoever reads a row first notes in its page that it is valid, and with checksums pages are logged. */
  ran(parameters: readonly unknown[]): void {
    this.#statements++;
    for (const parameter of parameters) if (typeof parameter === "string") this.#chars += parameter.length;
  }

  /** @param query Runs a statement, outside of transactions. @throws What that throws. */
  async keep(query: (sql: string) => Promise<{ readonly rows: readonly unknown[] }>): Promise<void> {
    if (this.#limitBytes === Infinity || (this.#statements < STATEMENTS && this.#chars < CHARS)) return;
    this.#statements = 0;
    this.#chars = 0;
    const [logged] = (await query(LOGGED)).rows as readonly { readonly bytes: number }[];
    if (logged !== undefined && logged.bytes >= this.#limitBytes) await query("checkpoint");
  }
}

const LOGGED = `select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), redo_lsn)::float8 as bytes from pg_control_checkpoint()`;
