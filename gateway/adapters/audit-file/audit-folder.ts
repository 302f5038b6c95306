import { createReadStream } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { GENESIS, LOST_ACTION, readAuditLine, type AuditLine } from "./audit-line.js";

const NAME = /^audit-(\d{6,})\.jsonl$/;
const TAIL_BYTES = 4 * 1024 * 1024;
/** No record of ours is longer: the rest of such a file is not looked at, its beginning is already no record. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

export const auditFileName = (number: number): string => `audit-${String(number).padStart(6, "0")}.jsonl`;

/** The audit files of a folder, oldest first. */
export async function auditFiles(
  folder: string,
): Promise<readonly { readonly path: string; readonly number: number }[]> {
  const names = await readdir(folder);
  return names
    .flatMap((name) => {
      const number = Number(NAME.exec(name)?.[1] ?? Number.NaN);
      return Number.isSafeInteger(number) ? [{ path: join(folder, name), number }] : [];
    })
    .sort((a, b) => a.number - b.number);
}

export interface Tail {
  /** Bytes up to the last newline. */
  readonly size: number;
  /** Bytes behind it: a record that was being written when the process or the machine died. It was never acknowledged. */
  readonly tornBytes: number;
  /** The last whole record; undefined: the file holds none, or the last line is not one. */
  readonly last: { readonly seq: number; readonly hash: string } | undefined;
}

/** What the end of a file looks like. */
export async function readTail(path: string): Promise<Tail> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const from = Math.max(0, size - TAIL_BYTES);
    const buffer = Buffer.alloc(size - from);
    await handle.read(buffer, 0, buffer.length, from);
    const end = buffer.lastIndexOf(10);
    const start = end <= 0 ? 0 : buffer.lastIndexOf(10, end - 1) + 1;
    const line = end < 0 ? "not-a-record" : readAuditLine(buffer.toString("utf8", start, end));
    const last = typeof line === "string" ? undefined : { seq: line.seq, hash: line.hash };
    return { size: from + end + 1, tornBytes: buffer.length - end - 1, last };
  } finally {
    await handle.close();
  }
}

export type AuditVerdict =
  | {
      readonly intact: true;
      readonly records: number;
      readonly firstSeq: number;
      readonly lastSeq: number;
      /** Hash of the last record: compare it with one noted elsewhere, the end of a chain cannot vouch for itself. */
      readonly lastHash: string;
    }
  | {
      readonly intact: false;
      readonly file: string;
      /** Counts from 1. */
      readonly line: number;
      /** Of the last good record before it; 0: there was none. */
      readonly afterSeq: number;
      readonly reason: "not-a-record" | "hash-does-not-match" | "chain-broken" | "sequence-broken";
    };

/** Entries that could not be written, as the chain itself tells. Times in ms since 1970. */
export interface AuditGap {
  /** Of the record that tells. */
  readonly seq: number;
  readonly count: number;
  readonly since: number;
  readonly until: number;
}

/**
 * Checks every record of the files, given oldest first, and that they form one chain.
 *
 * The first file given may begin in the middle of the chain (older ones were archived); then its first record is taken as given.
 * `onGap` is told of every `audit.lost` among the good records.
 * What it cannot see: records cut off at the very end. For that, compare `lastSeq` and `lastHash` with a copy kept elsewhere.
 */
export async function verifyAuditLog(
  files: readonly string[],
  onGap: (gap: AuditGap) => void = () => undefined,
): Promise<AuditVerdict> {
  let records = 0;
  let firstSeq = 0;
  let seq = 0;
  let hash = GENESIS;
  for (const file of files) {
    let lineNumber = 0;
    for await (const text of linesOf(file)) {
      lineNumber++;
      const broken = (reason: (AuditVerdict & { intact: false })["reason"]): AuditVerdict => ({
        intact: false,
        file,
        line: lineNumber,
        afterSeq: seq,
        reason,
      });
      const line = readAuditLine(text);
      if (typeof line === "string") return broken(line);
      const anchored = records > 0 || line.seq === 1;
      if (anchored && line.prev !== hash) return broken("chain-broken");
      if (anchored && line.seq !== seq + 1) return broken("sequence-broken");
      if (records === 0) firstSeq = line.seq;
      records++;
      ({ seq, hash } = line);
      const gap = gapOf(line);
      if (gap !== undefined) onGap(gap);
    }
  }
  return { intact: true, records, firstSeq, lastSeq: seq, lastHash: hash };
}

function gapOf({ seq, entry }: AuditLine): AuditGap | undefined {
  if (entry.action !== LOST_ACTION) return undefined;
  const { count, since, until } = entry.detail;
  if (typeof count !== "number" || typeof since !== "number" || typeof until !== "number") return undefined;
  return { seq, count, since, until };
}

/** Splits at newlines only: `node:readline` also splits at U+2028, which JSON leaves as it is and an attacker may send. */
async function* linesOf(file: string): AsyncIterable<string> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      yield Buffer.concat([...rest, chunk.subarray(start, end)]).toString("utf8");
      rest = [];
      restBytes = 0;
      start = end + 1;
    }
    rest.push(chunk.subarray(start));
    restBytes += chunk.length - start;
    if (restBytes > MAX_LINE_BYTES) break;
  }
  if (restBytes > 0) yield Buffer.concat(rest).toString("utf8");
}
