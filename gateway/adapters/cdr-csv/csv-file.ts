import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { GatewayError } from "../../core/errors.js";
import { detectCoding, HEAD_BYTES, type TextCoding } from "./text-coding.js";

/** `open`: it ends within quotes, so that the next line belongs to it. */
export type RowState = "whole" | "open" | "broken";

/** One row as it stands in the file, without its line end. */
export interface FileRow {
  /** Of its first line, from 1. */
  readonly line: number;
  readonly text: string;
  /** Why it is no row; `text` is then what stood there, in part. */
  readonly fault?: "csv.open" | "csv.long" | "csv.coding" | "csv.zero";
}

/** Rows that were read together. */
export interface RowBatch {
  readonly rows: readonly FileRow[];
  /** Where the first byte behind them is, and on which line. */
  readonly nextByte: number;
  readonly nextLine: number;
  /** False: it is within a line that is too long, and nobody can go on from there. */
  readonly isAtRow: boolean;
}

export interface CsvFileOptions {
  readonly path: string;
  readonly coding?: TextCoding | undefined;
  readonly judge: (row: string) => RowState;
}

const CHUNK_BYTES = 262_144;
/** RFC 4180 names no limit; a row of ours has 400 bytes. */
const MAX_ROW_BYTES = 65_536;
const MAX_ROW_LINES = 50;
const KEPT_OF_BAD = 1_000;
const RETURN = 0x0d;

/** A CSV file of any length, read in pieces of 256 kB. Positions are bytes of the file. Lines end as the first does. */
export class CsvFile {
  readonly #file: FileHandle;
  readonly #options: CsvFileOptions;
  readonly coding: TextCoding;
  readonly sizeBytes: number;
  /** SHA-256 of its first 64 kB and its coding: the same file, as far as can be told. */
  readonly headHash: string;
  /** Of its first row. */
  readonly firstByte: number;
  readonly firstLineNumber: number;
  /** As a line `sep=;` says before the first row, which Excel writes and reads; undefined: there is none. */
  readonly saidDelimiter: string | undefined;
  /** As it stands, without its line end; cut where it is very long. */
  readonly firstLine: string;
  readonly #lineEnd: LineEnd;

  private constructor(file: FileHandle, options: CsvFileOptions, found: Head) {
    this.#file = file;
    this.#options = options;
    this.coding = found.coding;
    this.sizeBytes = found.sizeBytes;
    this.headHash = found.hash;
    this.firstByte = found.markBytes + found.saidBytes;
    this.firstLineNumber = found.saidBytes > 0 ? 2 : 1;
    this.saidDelimiter = found.saidDelimiter;
    this.firstLine = found.firstLine;
    this.#lineEnd = found.lineEnd;
  }

  /** @throws GatewayError `records.file`: it cannot be read, or is no text. */
  static async open(options: CsvFileOptions): Promise<CsvFile> {
    const file = await open(options.path, "r").catch((cause: unknown) => {
      throw fileError(`cannot be opened: ${words(cause)}`, cause);
    });
    try {
      const stat = await file.stat();
      if (!stat.isFile()) throw fileError("is no file");
      if (stat.size === 0) throw fileError("it is empty");
      const head = Buffer.alloc(Math.min(HEAD_BYTES, stat.size));
      const { bytesRead } = await file.read(head, 0, head.length, 0);
      const read = head.subarray(0, bytesRead);
      const coding = detectCoding(read, options.coding);
      if (!coding.ok) throw fileError(`${coding.error.code}: ${coding.error.text}`);
      const hash = createHash("sha256").update(read).digest("hex");
      const first = firstLineOf(read.subarray(coding.value.markBytes), coding.value.coding);
      return new CsvFile(file, options, { ...coding.value, sizeBytes: stat.size, hash, ...first });
    } catch (error) {
      await file.close();
      throw error instanceof GatewayError ? error : fileError(words(error), error);
    }
  }

  /** Rows from there on; empty lines are none. @throws GatewayError `records.file` */
  async *rows(fromByte: number, fromLine: number): AsyncGenerator<RowBatch> {
    const isWide = this.coding === "utf-16le" || this.coding === "utf-16be";
    let at = fromByte;
    let line = fromLine;
    let skips = false;
    let rest: Buffer = Buffer.alloc(0);
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await this.#file.read(chunk, 0, CHUNK_BYTES, at + rest.length).catch((cause: unknown) => {
        throw fileError(words(cause), cause);
      });
      const isLast = bytesRead === 0;
      const bytes =
        rest.length === 0 ? chunk.subarray(0, bytesRead) : Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      const place: Place = { line, isLast, skips };
      const cut: Cut = isWide ? this.#cutWide(bytes, place) : this.#cut(bytes, place);
      at += cut.used;
      ({ nextLine: line, skips } = cut);
      // A copy: the chunk is written over by the next read.
      rest = Buffer.from(bytes.subarray(cut.used));
      if (cut.rows.length > 0 || isLast) yield { rows: cut.rows, nextByte: at, nextLine: line, isAtRow: !skips };
      if (isLast) return;
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** Two bytes a unit: read as text, cut, and counted back. */
  #cutWide(bytes: Buffer, place: Place): Cut {
    const even = bytes.length - (bytes.length % 2);
    const units = Buffer.from(bytes.subarray(0, even));
    if (this.coding === "utf-16be") units.swap16();
    const text = units.toString("utf16le");
    const cut = cutRows(textLines(text, this.#lineEnd), place, this.#options.judge);
    return { ...cut, used: place.isLast ? bytes.length : cut.used * 2 };
  }

  #cut(bytes: Buffer, place: Place): Cut {
    const isLatin = this.coding === "latin1";
    // Mostly all of it is good: then no row has to be looked at alone.
    const isClean = isLatin || isUtf8(bytes);
    return cutRows(byteLines(bytes, this.#lineEnd, isLatin, isClean), place, this.#options.judge);
  }
}

type LineEnd = "\n" | "\r";

interface Head {
  readonly coding: TextCoding;
  readonly sizeBytes: number;
  readonly hash: string;
  readonly markBytes: number;
  readonly firstLine: string;
  readonly lineEnd: LineEnd;
  readonly saidDelimiter: string | undefined;
  /** Of the line that says it, with its end. */
  readonly saidBytes: number;
}

const SAID_DELIMITER = /^"?sep=([^"\r\n])"?(?:\r\n|\n|\r)/i;

/** A carriage return ends lines where there is no line feed at all, as old Macintosh programs wrote them. */
function firstLineOf(
  head: Buffer,
  coding: TextCoding,
): Pick<Head, "firstLine" | "lineEnd" | "saidDelimiter" | "saidBytes"> {
  const bytes = Buffer.from(head.subarray(0, head.length - (head.length % 2)));
  if (coding === "utf-16be") bytes.swap16();
  const isWide = coding === "utf-16le" || coding === "utf-16be";
  const text = isWide ? bytes.toString("utf16le") : head.toString(coding === "latin1" ? "latin1" : "utf8");
  const lineEnd = !text.includes("\n") && text.includes("\r") ? "\r" : "\n";
  const [said = "", saidDelimiter] = SAID_DELIMITER.exec(text) ?? [];
  const saidBytes = isWide ? 2 * said.length : Buffer.byteLength(said, coding === "latin1" ? "latin1" : "utf8");
  const firstLine = /^[\r\n]*([^\r\n]*)/.exec(text.slice(said.length))?.[1] ?? "";
  return { lineEnd, firstLine, saidDelimiter, saidBytes };
}

/** Where a cut begins. */
interface Place {
  readonly line: number;
  readonly isLast: boolean;
  /** Within a line that was told to be too long. */
  readonly skips: boolean;
}

interface Cut {
  readonly rows: FileRow[];
  /** Bytes, or units of UTF-16, that are in rows. */
  readonly used: number;
  readonly nextLine: number;
  readonly skips: boolean;
}

interface Lines {
  readonly length: number;
  /** Where the line ends that begins at `from`; −1: not in here. */
  end(from: number): number;
  text(from: number, to: number): string;
  isGood(from: number, to: number): boolean;
}

const byteLines = (bytes: Buffer, lineEnd: LineEnd, isLatin: boolean, isClean: boolean): Lines => ({
  length: bytes.length,
  end: (from) => bytes.indexOf(lineEnd.charCodeAt(0), from),
  text: (from, to) => {
    const end = to > from && bytes[to - 1] === RETURN ? to - 1 : to;
    // Of its own bytes, not a slice of the chunk: what is kept of it must not keep all of that.
    return isLatin ? bytes.toString("latin1", from, end) : bytes.toString("utf8", from, end);
  },
  isGood: (from, to) => isClean || isUtf8(bytes.subarray(from, to)),
});

const textLines = (text: string, lineEnd: LineEnd): Lines => ({
  length: text.length,
  end: (from) => text.indexOf(lineEnd, from),
  text: (from, to) => Buffer.from(text.slice(from, to).replace(/\r$/, ""), "utf8").toString("utf8"),
  isGood: () => true,
});

function cutRows(lines: Lines, place: Place, judge: (row: string) => RowState): Cut {
  const rows: FileRow[] = [];
  const { isLast } = place;
  let { line, skips } = place;
  let from = 0;
  if (skips) {
    const end = endOf(lines, 0, isLast);
    if (end < 0) return { rows, used: lines.length, nextLine: line, skips };
    from = end + 1;
    line++;
    skips = false;
  }
  while (from < lines.length) {
    const first = endOf(lines, from, isLast);
    if (first < 0) {
      if (lines.length - from <= MAX_ROW_BYTES) break;
      // No line end for so long: what is here is told, the rest of the line passed over.
      rows.push({ line, text: lines.text(from, from + KEPT_OF_BAD), fault: "csv.long" });
      return { rows, used: lines.length, nextLine: line, skips: true };
    }
    const text = lines.text(from, first);
    const state = judge(text);
    const joined = state === "open" ? joinLines(lines, from, first, isLast, judge) : undefined;
    if (joined === "more") break;
    const { end, count } = joined ?? { end: first, count: 1 };
    if (state === "open" && joined === undefined)
      // A quote that nobody closes: only its own line is lost.
      rows.push({ line, text: text.slice(0, KEPT_OF_BAD), fault: "csv.open" });
    else if (text !== "") rows.push(rowOf(lines, line, from, end, count === 1 ? text : lines.text(from, end)));
    from = end + 1;
    line += count;
  }
  return { rows, used: Math.min(from, lines.length), nextLine: line, skips };
}

/** A row of several lines. @returns `more`: its end is not in here yet; undefined: it is none. */
function joinLines(
  lines: Lines,
  from: number,
  first: number,
  isLast: boolean,
  judge: (row: string) => RowState,
): { readonly end: number; readonly count: number } | "more" | undefined {
  let end = first;
  for (let count = 2; count <= MAX_ROW_LINES && end - from < MAX_ROW_BYTES; count++) {
    const next = end + 1 < lines.length ? endOf(lines, end + 1, isLast) : -1;
    if (next < 0) return isLast || lines.length - from > MAX_ROW_BYTES ? undefined : "more";
    end = next;
    const state = judge(lines.text(from, end));
    if (state !== "open") return state === "whole" ? { end, count } : undefined;
  }
  return undefined;
}

function endOf(lines: Lines, from: number, isLast: boolean): number {
  const end = lines.end(from);
  return end < 0 && isLast ? lines.length : end;
}

function rowOf(lines: Lines, line: number, from: number, end: number, text: string): FileRow {
  if (end - from > MAX_ROW_BYTES) return { line, text: text.slice(0, KEPT_OF_BAD), fault: "csv.long" };
  if (text.includes("\0")) return { line, text: text.slice(0, KEPT_OF_BAD), fault: "csv.zero" };
  return lines.isGood(from, end) ? { line, text } : { line, text: text.slice(0, KEPT_OF_BAD), fault: "csv.coding" };
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const fileError = (message: string, cause?: unknown): GatewayError =>
  new GatewayError("records.file", message, cause === undefined ? undefined : { cause });
