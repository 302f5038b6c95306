import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { auditFiles, verifyAuditLog, type AuditGap, type AuditPruning } from "../adapters/audit-file/audit-folder.js";

/** `ringfence audit verify`. */
export function registerAudit(program: Command): void {
  program
    .command("audit")
    .description("the audit log")
    .command("verify")
    .description("check the hash chain; exit status 1 names the first broken record, or says that there is none")
    .argument("<paths...>", "the audit folder or the store folder, or files, oldest first")
    .option("--head <seq:hash...>", "what was noted elsewhere (audit.head in the log): it must still be there")
    .option("--from-start", "the chain must begin with record 1: none was archived or deleted by age")
    .action(async (paths: string[], options: VerifyOptions) => {
      process.exitCode = await verifyAudit(paths, (line) => console.log(line), options);
    });
}

export interface VerifyOptions {
  readonly head?: readonly string[];
  readonly fromStart?: boolean;
}

/**
 * @returns The exit status: 0 intact (what the chain says was lost is printed), 1 broken, cut off behind a given head, unreadable, or
 *   without any record.
 */
export async function verifyAudit(
  paths: readonly string[],
  print: (line: string) => void,
  { head = [], fromStart = false }: VerifyOptions = {},
): Promise<number> {
  const heads = readHeads(head);
  if (typeof heads === "string") {
    print(heads);
    return 1;
  }
  try {
    const files: string[] = [];
    for (const path of paths) {
      const found = (await stat(path)).isDirectory() ? await filesOf(path) : [path];
      if (found.length === 0) return nothingIn(path, print);
      files.push(...found);
    }
    const verdict = await verifyAuditLog(files, { fromStart, heads, onGap: (gap) => print(gapLine(gap)) });
    if (!verdict.intact) {
      print(
        `audit.tampered: ${verdict.file} line ${verdict.line}: ${verdict.reason} (last good record: ${verdict.afterSeq})`,
      );
      return 1;
    }
    if (verdict.records === 0) return nothingIn(files.join(", "), print);
    const { notFound, firstSeq, lastSeq, pruned } = verdict;
    for (const seq of notFound) print(missingLine(seq, firstSeq, lastSeq));
    if (notFound.length > 0) return 1;
    if (firstSeq > 1) print(beginsLine(firstSeq, pruned));
    print(
      `intact: ${verdict.records} records, ${verdict.firstSeq} to ${verdict.lastSeq}, last hash ${verdict.lastHash}`,
    );
    return 0;
  } catch (error) {
    print(`audit log: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

/** The audit files of a folder, or, when it has none, of the `audit` folder in it: the store folder may be given too. */
async function filesOf(folder: string): Promise<readonly string[]> {
  const direct = await auditFiles(folder);
  const below = join(folder, "audit");
  const isStore = direct.length === 0 && (await stat(below).catch(() => undefined))?.isDirectory() === true;
  return (isStore ? await auditFiles(below) : direct).map(({ path }) => path);
}

function nothingIn(place: string, print: (line: string) => void): number {
  print(`audit log: there is no audit record in ${place}`);
  return 1;
}

/** @returns Hashes by number, or what is wrong with the text of one. */
function readHeads(texts: readonly string[]): ReadonlyMap<number, string> | string {
  const heads = new Map<number, string>();
  for (const text of texts) {
    const [, seq, hash = ""] = /^(\d{1,15}):([0-9a-f]{64})$/i.exec(text) ?? [];
    if (seq === undefined) return `--head ${JSON.stringify(text.slice(0, 100))} is not SEQ:HASH`;
    const other = heads.get(Number(seq));
    if (other !== undefined && other !== hash.toLowerCase()) return `--head ${seq} is given with two hashes`;
    heads.set(Number(seq), hash.toLowerCase());
  }
  return heads;
}

/** Files of old records are deleted by age only after a record has said so. */
function beginsLine(firstSeq: number, pruned: AuditPruning | undefined): string {
  const begins = `begins at record ${firstSeq}`;
  if (pruned === undefined) return `${begins}: 1 to ${firstSeq - 1} are not here`;
  const { through, seq, at } = pruned;
  const told = `deleted by age on ${timeText(at)} (record ${seq})`;
  if (through >= firstSeq - 1) return `${begins}: 1 to ${firstSeq - 1} were ${told}`;
  return `${begins}: 1 to ${through} were ${told}, ${through + 1} to ${firstSeq - 1} are not here`;
}

const missingLine = (seq: number, firstSeq: number, lastSeq: number): string =>
  seq > lastSeq
    ? `audit.tampered: record ${seq} was there and is cut off (last record: ${lastSeq})`
    : `audit log: record ${seq} is in older files, the first here is ${firstSeq}`;

const gapLine = ({ seq, count, since, until }: AuditGap): string =>
  `gap: ${count} ${count === 1 ? "entry was" : "entries were"} lost between ${timeText(since)} and ${timeText(until)} (record ${seq})`;

const timeText = (ms: number): string => (Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms));
