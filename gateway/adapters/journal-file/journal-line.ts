import { crc32 } from "node:zlib";
import type { JournalEntry } from "../../ports/dialog-journal.js";

const CRC_DIGITS = 8;
const SPACE = 0x20;

/** `crc32 json\n`: the checksum is of the JSON's UTF-8 bytes, in eight hexadecimal digits. JSON holds no line end of its own. */
export function encodeLine(entry: JournalEntry): string {
  const json = JSON.stringify(entry);
  return `${crc32(json).toString(16).padStart(CRC_DIGITS, "0")} ${json}\n`;
}

/** @param line Without its line end. @returns Undefined where it is cut off, altered, or of a shape that we never wrote. */
export function decodeLine(line: Buffer): JournalEntry | undefined {
  if (line.length < CRC_DIGITS + 2 || line[CRC_DIGITS] !== SPACE) return undefined;
  const json = line.subarray(CRC_DIGITS + 1);
  if (Number.parseInt(line.toString("latin1", 0, CRC_DIGITS), 16) !== crc32(json)) return undefined;
  try {
    const value: unknown = JSON.parse(json.toString("utf8"));
    return isEntry(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The checksum has vouched for the rest; this guards against files of another version. */
function isEntry(value: unknown): value is JournalEntry {
  if (typeof value !== "object" || value === null) return false;
  const entry = value as Partial<Record<string, unknown>>;
  if (typeof entry["callId"] !== "string") return false;
  switch (entry["kind"]) {
    case "ended":
      return true;
    case "invited":
      return typeof entry["bCallId"] === "string" && typeof entry["bFromTag"] === "string";
    case "answered":
      return isObject(entry["a"]) && isObject(entry["b"]) && isObject(entry["facts"]);
    default:
      return false;
  }
}

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;
