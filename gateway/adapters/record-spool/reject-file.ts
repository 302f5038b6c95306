import { appendFile, mkdir, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { StoreRecord } from "../../ports/records.js";

/**
 * Where records go that the database refuses for good, with the reason, for a person to look at. Two files of `limitBytes` at
 * the most: the full one becomes `FILE.1`, replacing the one before.
 */
export class RejectFile {
  readonly #path: string;
  readonly #limitBytes: number;

  constructor(path: string, limitBytes: number) {
    this.#path = path;
    this.#limitBytes = limitBytes;
  }

  /** @returns False when it could not be written. */
  async append(record: StoreRecord, reason: string): Promise<boolean> {
    try {
      await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
      const size = await stat(this.#path).then(
        (found) => found.size,
        () => 0,
      );
      if (size >= this.#limitBytes) await rename(this.#path, `${this.#path}.1`);
      await appendFile(this.#path, `${JSON.stringify({ reason, record })}\n`, { mode: 0o600 });
      return true;
    } catch {
      return false;
    }
  }
}
