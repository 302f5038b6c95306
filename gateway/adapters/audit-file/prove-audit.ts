import type { AuditProof } from "../../../detection/index.js";
import { auditFiles, verifyAuditLog, type AuditVerdict } from "./audit-folder.js";

const NOTHING = { records: 0, firstSeq: 0, lastSeq: 0, lastHash: "", lost: 0 };

/**
 * Checks the chain of a folder for a report. Never throws.
 *
 * @param head What whoever writes it has as its last record: it must be there, and what is behind it is not looked at. Without it a
 *   line that is just being written counts as broken.
 */
export async function proveAudit(
  folder: string,
  head?: { readonly seq: number; readonly hash: string },
): Promise<AuditProof> {
  if (head?.seq === 0) return { verdict: "absent", ...NOTHING };
  let lost = 0;
  try {
    const files = (await auditFiles(folder)).map(({ path }) => path);
    const verdict = await verifyAuditLog(files, {
      ...(head === undefined ? {} : { through: head.seq, heads: new Map([[head.seq, head.hash]]) }),
      onGap: ({ count }) => (lost += count),
    });
    return proofOf(verdict, lost);
  } catch (error) {
    return { verdict: "unread", ...NOTHING, problem: error instanceof Error ? error.message : "unknown" };
  }
}

function proofOf(verdict: AuditVerdict, lost: number): AuditProof {
  if (!verdict.intact) {
    const { file, line, afterSeq, reason } = verdict;
    const problem = `${reason} in ${file.replace(/^.*[\\/]/, "")}, line ${line}`;
    return { ...NOTHING, verdict: "broken", records: afterSeq, lastSeq: afterSeq, lost, problem };
  }
  const { records, firstSeq, lastSeq, lastHash, notFound, pruned } = verdict;
  const deleted = pruned === undefined ? {} : { deletedThrough: pruned.through };
  const chain = { records, firstSeq, lastSeq, lastHash, lost, ...deleted };
  const [missing] = notFound;
  if (missing !== undefined)
    return { ...chain, verdict: "broken", problem: `record ${missing} was there and is cut off` };
  return records === 0 ? { ...NOTHING, verdict: "absent" } : { ...chain, verdict: "intact" };
}
