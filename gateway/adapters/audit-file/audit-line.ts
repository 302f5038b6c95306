import { createHash } from "node:crypto";
import type { AuditEntry } from "../../ports/records.js";

/** `prev` of the very first record. */
export const GENESIS = "0".repeat(64);

/** Action of the entry that stands for those that could not be written; `detail` is `{count, since, until}`, times in ms since 1970. */
export const LOST_ACTION = "audit.lost";

/**
 * Action of the entry that is written before old files are deleted by age; `detail` is
 * `{files, first, through, hash, until}`: records `first` to `through` go, the last of them from `until` (ms since 1970) and with
 * `hash`, from which the first record that stays goes on.
 */
export const PRUNED_ACTION = "audit.pruned";

const HASH_SUFFIX_CHARS = `,"hash":"${GENESIS}"}`.length;
const HASH_SUFFIX = /^,"hash":"([0-9a-f]{64})"\}$/;

export interface AuditLine {
  /** Counts from 1 without gaps, across files. */
  readonly seq: number;
  /** Hash of the record before. */
  readonly prev: string;
  readonly hash: string;
  readonly entry: AuditEntry;
}

/**
 * One record, without newline: `{"seq":…,"prev":"…","entry":{…},"hash":"…"}`. The hash is SHA-256, in hex, over the UTF-8 bytes of
 * everything before `,"hash"`: a reader needs no canonical JSON, only the line itself.
 */
export function formatAuditLine(
  seq: number,
  prev: string,
  entry: AuditEntry,
): { readonly text: string; readonly hash: string } {
  const body = `{"seq":${seq},"prev":"${prev}","entry":${JSON.stringify(entry)}`;
  const hash = sha256(body);
  return { text: `${body},"hash":"${hash}"}`, hash };
}

/** @returns The record, or why the line is not one that we wrote. */
export function readAuditLine(text: string): AuditLine | "not-a-record" | "hash-does-not-match" {
  const body = text.slice(0, -HASH_SUFFIX_CHARS);
  const hash = HASH_SUFFIX.exec(text.slice(-HASH_SUFFIX_CHARS))?.[1];
  if (hash === undefined) return "not-a-record";
  if (sha256(body) !== hash) return "hash-does-not-match";
  try {
    const { seq, prev, entry } = JSON.parse(text) as Partial<AuditLine>;
    if (typeof seq !== "number" || typeof prev !== "string" || entry === undefined || !isEntry(entry))
      return "not-a-record";
    return { seq, prev, hash, entry };
  } catch {
    return "not-a-record";
  }
}

/** As far as reading the chain relies on it. */
const isEntry = (entry: unknown): boolean =>
  typeof entry === "object" &&
  entry !== null &&
  "detail" in entry &&
  typeof entry.detail === "object" &&
  entry.detail !== null;

const sha256 = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex");
