import { GatewayError } from "../../core/errors.js";
import type { UnixMs } from "../../core/time.js";
import { auditFiles, readTail, verifyAuditLog } from "./audit-folder.js";

/** Whole files that may go, and the part of the chain that is in them. */
export interface PrunableFiles {
  /** Oldest first. */
  readonly paths: readonly string[];
  readonly first: number;
  readonly through: number;
  /** Of record `through`. */
  readonly hash: string;
  /** When record `through` was written. */
  readonly until: UnixMs;
}

/**
 * The oldest files whose last record is from before `before`, as far as they come one after the other. Not the newest one. All of
 * them are read: what is no whole chain, or does not join what stays, is evidence of something.
 *
 * @param newest Number of the file that is being written.
 * @throws GatewayError `audit.tampered`: that is so, nothing may go. Error of the disk.
 */
export async function prunableFiles(
  folder: string,
  before: UnixMs,
  newest: number,
): Promise<PrunableFiles | undefined> {
  const all = await auditFiles(folder);
  const paths: string[] = [];
  let last: { readonly seq: number; readonly hash: string; readonly at: UnixMs } | undefined;
  for (const { path, number } of all) {
    const tail = number < newest ? await readTail(path) : undefined;
    // Also where its last line is no record.
    if (tail?.last === undefined || !(tail.last.at < before)) break;
    paths.push(path);
    last = tail.last;
  }
  if (last === undefined) return undefined;
  const { seq: through, hash, at: until } = last;
  const next = all[paths.length];
  // The first record of the newest file may be half written.
  const joins = next === undefined || (await readTail(next.path)).size === 0 ? [] : [next.path];
  const verdict = await verifyAuditLog([...paths, ...joins], { through: through + joins.length });
  if (!verdict.intact)
    throw new GatewayError(
      "audit.tampered",
      `${verdict.file} line ${verdict.line}: ${verdict.reason}: old audit files are kept`,
    );
  return { paths, first: verdict.firstSeq, through, hash, until };
}
