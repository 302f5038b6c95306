import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { auditFiles, verifyAuditLog, type AuditGap } from "../adapters/audit-file/audit-folder.js";

/** `ringfence audit verify`. */
export function registerAudit(program: Command): void {
  program
    .command("audit")
    .description("the audit log")
    .command("verify")
    .description("check the hash chain; exit status 1 names the first broken record, or says that there is none")
    .argument("<paths...>", "the audit folder or the store folder, or files, oldest first")
    .action(async (paths: string[]) => {
      process.exitCode = await verifyAudit(paths, (line) => console.log(line));
    });
}

/** @returns The exit status: 0 intact (what the chain says was lost is printed), 1 broken, unreadable, or without any record. */
export async function verifyAudit(paths: readonly string[], print: (line: string) => void): Promise<number> {
  try {
    const files: string[] = [];
    for (const path of paths) {
      const found = (await stat(path)).isDirectory() ? await filesOf(path) : [path];
      if (found.length === 0) return nothingIn(path, print);
      files.push(...found);
    }
    const verdict = await verifyAuditLog(files, (gap) => print(gapLine(gap)));
    if (!verdict.intact) {
      print(
        `audit.tampered: ${verdict.file} line ${verdict.line}: ${verdict.reason} (last good record: ${verdict.afterSeq})`,
      );
      return 1;
    }
    if (verdict.records === 0) return nothingIn(files.join(", "), print);
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

const gapLine = ({ seq, count, since, until }: AuditGap): string =>
  `gap: ${count} ${count === 1 ? "entry was" : "entries were"} lost between ${timeText(since)} and ${timeText(until)} (record ${seq})`;

const timeText = (ms: number): string => (Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms));
