import { createHash } from "node:crypto";
import type { CdrDetection, SavedPart } from "../../detection/index.js";
import type { BadRows } from "../adapters/cdr-csv/bad-rows.js";
import type { CsvFile, RowBatch } from "../adapters/cdr-csv/csv-file.js";
import {
  dropState,
  loadState,
  saveState,
  type FilePlace,
  type ImportCounts,
  type ImportHead,
} from "../adapters/cdr-memory/import-state.js";
import { GatewayError } from "../core/errors.js";
import { RecentIds } from "../pipeline/records/recent-ids.js";

/** Two generations of these: 60 MB at most. */
const REMEMBERED_IDS = 250_000;
/** Of the time is spent on keeping the position, at most: with many users it takes seconds. */
const KEEPING_SHARE = 0.05;
const LONGEST_PAUSE_MS = 60_000;

export interface ImportProgress {
  readonly counts: ImportCounts;
  /** Changed settings that the detectors were told of. */
  readonly changes: number;
}

/**
 * Where an import is, and what it needs to go on from there as if nothing had been: kept beside the file every few seconds, behind
 * the rows that were written. Ids are not kept but read again: a row that came twice is passed over on both sides of an interruption.
 */
export class ImportPosition {
  readonly #path: string;
  readonly #file: CsvFile;
  readonly #settingsHash: string;
  readonly #everyMs: number;
  readonly #ids = new RecentIds(2 * REMEMBERED_IDS);
  #olderIds: FilePlace;
  #youngerIds: FilePlace;
  #keptAt = performance.now();
  #keptMs = 0;
  #fails = false;

  /** @param settings All that decides what a row becomes. */
  constructor(path: string, file: CsvFile, settings: unknown, everyMs: number) {
    this.#path = path;
    this.#file = file;
    this.#everyMs = everyMs;
    this.#settingsHash = createHash("sha256").update(JSON.stringify(settings)).digest("hex");
    this.#olderIds = this.start;
    this.#youngerIds = this.start;
  }

  get start(): FilePlace {
    return { byte: this.#file.firstByte, line: this.#file.firstLineNumber };
  }

  /** @returns False: it came before. */
  isNew(id: string): boolean {
    return this.#ids.add(ownText(id));
  }

  /**
   * Takes up what an interrupted import of this file left.
   * @param idOf A row's id; undefined: it was none.
   * @returns Undefined: nothing is there, it begins at the start.
   * @throws GatewayError `records.file`
   */
  async load(
    detection: CdrDetection | undefined,
    bad: BadRows,
    idOf: (row: RowBatch["rows"][number]) => string | undefined,
  ): Promise<(ImportProgress & { readonly next: FilePlace }) | undefined> {
    const { headHash, sizeBytes } = this.#file;
    const state = await loadState(this.#path, { headHash, settingsHash: this.#settingsHash, sizeBytes });
    if (!state.ok && state.error.code === "import.none") return undefined;
    if (!state.ok) throw otherState();
    const { head, parts } = state.value;
    try {
      for await (const part of parts) if (detection?.load(part as SavedPart) !== true) throw otherState();
    } catch (error) {
      throw error instanceof GatewayError ? error : otherState();
    }
    await this.#readIds(head, idOf);
    await bad.goOn(head.badBytes, head.counts.badRows);
    return { counts: head.counts, changes: head.changes, next: head.next };
  }

  async #readIds(head: ImportHead, idOf: (row: RowBatch["rows"][number]) => string | undefined): Promise<void> {
    const { olderIds, youngerIds, next } = head;
    this.#olderIds = olderIds;
    this.#youngerIds = youngerIds;
    let isOlder = olderIds.byte < youngerIds.byte;
    for await (const { rows } of this.#file.rows(olderIds.byte, olderIds.line)) {
      for (const row of rows) {
        if (row.line >= next.line) return;
        if (isOlder && row.line >= youngerIds.line) {
          this.#ids.turn();
          isOlder = false;
        }
        const id = idOf(row);
        if (id !== undefined) this.#ids.add(ownText(id));
      }
    }
  }

  /** After a batch was written: is it time to keep the position? */
  isDue({ isAtRow, nextByte, nextLine }: RowBatch): boolean {
    if (!isAtRow) return false;
    if (this.#ids.size >= REMEMBERED_IDS) {
      this.#ids.turn();
      this.#olderIds = this.#youngerIds;
      this.#youngerIds = { byte: nextByte, line: nextLine };
    }
    const pauseMs = Math.max(this.#everyMs, Math.min(LONGEST_PAUSE_MS, this.#keptMs / KEEPING_SHARE));
    return !this.#fails && performance.now() - this.#keptAt >= pauseMs;
  }

  /** @returns Why it could not be kept; undefined: it was. */
  async keep(
    { nextByte, nextLine }: RowBatch,
    { counts, changes }: ImportProgress,
    badBytes: number,
    detection: CdrDetection | undefined,
  ): Promise<string | undefined> {
    const begunAt = performance.now();
    const head: ImportHead = {
      part: "import",
      version: 2,
      headHash: this.#file.headHash,
      settingsHash: this.#settingsHash,
      next: { byte: nextByte, line: nextLine },
      olderIds: this.#olderIds,
      youngerIds: this.#youngerIds,
      counts,
      badBytes,
      changes,
    };
    try {
      await saveState(this.#path, head, detection?.save() ?? []);
      return undefined;
    } catch (error) {
      this.#fails = true;
      return error instanceof Error ? error.message : String(error);
    } finally {
      this.#keptAt = performance.now();
      this.#keptMs = this.#keptAt - begunAt;
    }
  }

  /** The import is complete: there is nothing to go on from. */
  async drop(): Promise<void> {
    if (!this.#fails) await dropState(this.#path);
  }
}

/** Of its own bytes: a part of a row keeps all of the row in memory. */
const ownText = (text: string): string => Buffer.from(text, "utf8").toString("utf8");

const otherState = (): GatewayError =>
  new GatewayError(
    "records.file",
    "import.other: what was kept to go on from is of another file or of other options; give the same ones, or start without --resume",
  );
