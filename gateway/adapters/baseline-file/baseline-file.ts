import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BaselineRow } from "../../../detection/index.js";
import { GatewayError } from "../../core/errors.js";

/** A day of learning is worth little, a month of it a lot: a file that cannot be read is put aside, not overwritten. */
const BROKEN_SUFFIX = ".unreadable";

/** Learned busy numbers between two runs: `<folder>/baseline.json`, mode 0600, always a whole file. */
export class BaselineFile {
  readonly #path: string;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.#path = join(folder, "baseline.json");
  }

  /** @returns What was saved last; empty where nothing was; undefined where the file was no baseline and has been put aside. */
  async load(): Promise<readonly BaselineRow[] | undefined> {
    const text = await readFile(this.#path, "utf8").catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw new GatewayError("store.unavailable", "the baseline file cannot be read", { cause: error });
    });
    if (text === undefined) return [];
    const rows = parseRows(text);
    if (rows === undefined) await rename(this.#path, `${this.#path}${BROKEN_SUFFIX}`);
    return rows;
  }

  /** @throws GatewayError `store.full`, `store.unavailable`: what was saved before is still there. */
  async save(rows: readonly BaselineRow[]): Promise<void> {
    const next = `${this.#path}.next`;
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await writeFile(next, JSON.stringify({ version: 1, rows }), { mode: 0o600, flush: true });
      await rename(next, this.#path);
    } catch (cause) {
      const full = (cause as NodeJS.ErrnoException).code === "ENOSPC";
      throw new GatewayError(full ? "store.full" : "store.unavailable", "the baseline file cannot be written", {
        cause,
      });
    }
  }
}

function parseRows(text: string): readonly BaselineRow[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const rows = (value as { rows?: unknown } | null)?.rows;
  return Array.isArray(rows) && rows.every(isRow) ? rows : undefined;
}

function isRow(value: unknown): value is BaselineRow {
  const row = value as Partial<BaselineRow> | null;
  return (
    typeof row?.called === "string" &&
    typeof row.callersPerWindow === "number" &&
    (row.hours === undefined || Array.isArray(row.hours))
  );
}
