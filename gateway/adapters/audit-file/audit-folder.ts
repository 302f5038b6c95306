import { createReadStream } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { AuditEntry } from "../../ports/records.js";
import { GENESIS, LOST_ACTION, PRUNED_ACTION, readAuditLine, type AuditLine } from "./audit-line.js";

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
  readonly last: (Pick<AuditLine, "seq" | "hash"> & Pick<AuditEntry, "at">) | undefined;
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
    const last = typeof line === "string" ? undefined : { seq: line.seq, hash: line.hash, at: line.entry.at };
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
      /** Numbers of `heads` that are not among the records. Behind `lastSeq`: cut off. Before `firstSeq`: in older files. */
      readonly notFound: readonly number[];
      /** The last deletion by age that the records tell of; undefined: they tell of none. */
      readonly pruned: AuditPruning | undefined;
    }
  | {
      readonly intact: false;
      readonly file: string;
      /** Counts from 1. */
      readonly line: number;
      /** Of the last good record before it; 0: there was none. */
      readonly afterSeq: number;
      readonly reason:
        | "not-a-record"
        | "hash-does-not-match"
        | "chain-broken"
        | "sequence-broken"
        | "beginning-missing"
        | "head-differs"
        /** The records that were deleted by age ended with another hash than the first one here goes on from. */
        | "pruning-differs";
    };

/** What somebody noted elsewhere, or asks for: with it, what a chain cannot show by itself is found. */
export interface AuditExpectations {
  /** The first record must be number 1: nothing was archived. */
  readonly fromStart?: boolean;
  /** Hashes by number, as `audit.head` logged them. One that is missing was cut off; another hash means another chain. */
  readonly heads?: ReadonlyMap<number, string>;
  /** The last record to be looked at: what follows may be half written. */
  readonly through?: number;
  /** Told of every `audit.lost` among the good records. */
  readonly onGap?: (gap: AuditGap) => void;
}

/** Old files that were deleted by age, as the chain itself tells: what goes on after `through` is tied to it by its hash. */
export interface AuditPruning {
  /** Of the record that tells. */
  readonly seq: number;
  /** ms since 1970. */
  readonly at: number;
  /** The last record that was deleted, and its hash. */
  readonly through: number;
  readonly hash: string;
}

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
 * The first file given may begin in the middle of the chain (older ones were archived, or deleted by age); then its first record is
 * taken as given, unless a later one tells that what was before it was deleted, and with which hash that ended.
 * What it cannot see without `heads`: records cut off at the very end, and a chain that was made anew from the start.
 */
export async function verifyAuditLog(
  files: readonly string[],
  expected: AuditExpectations = {},
): Promise<AuditVerdict> {
  const { fromStart = false, heads = new Map<number, string>(), through = Infinity, onGap } = expected;
  const awaited = new Set(heads.keys());
  let records = 0;
  let firstSeq = 0;
  let seq = 0;
  let hash = GENESIS;
  let first: { readonly file: string; readonly seq: number; readonly prev: string } | undefined;
  let pruned: AuditPruning | undefined;
  for (const file of files) {
    if (records > 0 && seq >= through) break;
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
      if (records === 0 && fromStart && line.seq !== 1) return broken("beginning-missing");
      const head = heads.get(line.seq);
      if (head !== undefined && head !== line.hash) return broken("head-differs");
      awaited.delete(line.seq);
      if (records === 0) {
        firstSeq = line.seq;
        first = { file, seq: line.seq, prev: line.prev };
      }
      records++;
      ({ seq, hash } = line);
      const gap = gapOf(line);
      if (gap !== undefined) onGap?.(gap);
      pruned = pruningOf(line) ?? pruned;
      if (seq >= through) break;
    }
  }
  if (first !== undefined && pruned?.through === first.seq - 1) {
    const broken = { intact: false, file: first.file, line: 1, afterSeq: 0 } as const;
    if (pruned.hash !== first.prev) return { ...broken, reason: "pruning-differs" };
    const head = heads.get(pruned.through);
    if (head !== undefined && head !== pruned.hash) return { ...broken, reason: "head-differs" };
    awaited.delete(pruned.through);
  }
  const notFound = [...awaited].sort((a, b) => a - b);
  return { intact: true, records, firstSeq, lastSeq: seq, lastHash: hash, notFound, pruned };
}

function pruningOf({ seq, entry }: AuditLine): AuditPruning | undefined {
  if (entry.action !== PRUNED_ACTION) return undefined;
  const { through, hash } = entry.detail;
  if (typeof through !== "number" || typeof hash !== "string") return undefined;
  return { seq, at: entry.at, through, hash };
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
