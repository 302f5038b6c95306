import { isUtf8 } from "node:buffer";
import { fail, ok, type Result } from "../../core/result.js";

export const TEXT_CODINGS = ["utf-8", "utf-16le", "utf-16be", "latin1"] as const;
export type TextCoding = (typeof TEXT_CODINGS)[number];

export interface CodingError {
  readonly code: "csv.binary" | "csv.coding";
  readonly text: string;
}

export interface FoundCoding {
  readonly coding: TextCoding;
  /** Bytes of the byte order mark, which are no text. */
  readonly markBytes: number;
}

/** How many bytes of a file are looked at. */
export const HEAD_BYTES = 65_536;

/**
 * The coding of a text by its first bytes: its mark, else by where its zeros are, else UTF-8 where it is that, else Latin-1.
 *
 * @param given What the operator says; a mark that says otherwise is an error.
 */
export function detectCoding(head: Buffer, given: TextCoding | undefined): Result<FoundCoding, CodingError> {
  const kind = binaryKind(head);
  if (kind !== undefined) return fail({ code: "csv.binary", text: kind });
  const marked = byMark(head);
  if (marked !== undefined) {
    if (given === undefined || given === marked.coding) return ok(marked);
    return fail({ code: "csv.coding", text: `the file begins with the mark of ${marked.coding}, not of ${given}` });
  }
  const coding = given ?? guess(head);
  if (coding === undefined) return fail({ code: "csv.binary", text: "it has zero bytes in it" });
  if (coding === "utf-8" && !isMostlyUtf8(head))
    return fail({ code: "csv.coding", text: "it is not UTF-8: try --encoding latin1" });
  return ok({ coding, markBytes: 0 });
}

const MAGIC: readonly (readonly [kind: string, bytes: readonly number[]])[] = [
  ["UTF-32: save it as UTF-8", [0xff, 0xfe, 0x00, 0x00]],
  ["UTF-32: save it as UTF-8", [0x00, 0x00, 0xfe, 0xff]],
  ["a ZIP archive or an Excel workbook: save it as CSV", [0x50, 0x4b, 0x03, 0x04]],
  ["an old Excel workbook: save it as CSV", [0xd0, 0xcf, 0x11, 0xe0]],
  ["gzip: unpack it first", [0x1f, 0x8b]],
  ["zstd: unpack it first", [0x28, 0xb5, 0x2f, 0xfd]],
  ["xz: unpack it first", [0xfd, 0x37, 0x7a, 0x58]],
  ["bzip2: unpack it first", [0x42, 0x5a, 0x68]],
  ["a PDF", [0x25, 0x50, 0x44, 0x46]],
];

const binaryKind = (head: Buffer): string | undefined =>
  MAGIC.find(([, bytes]) => bytes.every((byte, i) => head[i] === byte))?.[0];

function byMark(head: Buffer): FoundCoding | undefined {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return { coding: "utf-8", markBytes: 3 };
  if (head[0] === 0xff && head[1] === 0xfe) return { coding: "utf-16le", markBytes: 2 };
  if (head[0] === 0xfe && head[1] === 0xff) return { coding: "utf-16be", markBytes: 2 };
  return undefined;
}

const STRAY_ZEROS = 0.02;

function guess(head: Buffer): TextCoding | undefined {
  let even = 0;
  let odd = 0;
  for (let i = 0; i < head.length; i++) {
    if (head[i] !== 0) continue;
    if (i % 2 === 0) even++;
    else odd++;
  }
  // A few are damage: their rows are told, the others can be read.
  if (even + odd <= head.length * STRAY_ZEROS) return isMostlyUtf8(head) ? "utf-8" : "latin1";
  // Text of western letters has a zero in every second byte.
  if (odd > head.length / 4 && even < odd / 10) return "utf-16le";
  return even > head.length / 4 && odd < even / 10 ? "utf-16be" : undefined;
}

/** More of its letters beyond ASCII are UTF-8 than are not: a row of another coding among others does not change that of all. */
function isMostlyUtf8(head: Buffer): boolean {
  if (isUtf8(wholeCharacters(head))) return true;
  let letters = 0;
  let strays = 0;
  for (let at = 0; at < head.length;) {
    const byte = head[at] ?? 0;
    const length = byte < 0x80 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    const isLetter = length === 1 || isUtf8(head.subarray(at, at + length));
    if (!isLetter) strays++;
    else if (length > 1) letters++;
    at += isLetter ? length : 1;
  }
  return letters > strays;
}

/** Without the character that the end of the head cuts. */
export function wholeCharacters(bytes: Buffer): Buffer {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return bytes;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return length > back ? bytes.subarray(0, bytes.length - back) : bytes;
    }
  }
  return bytes;
}
