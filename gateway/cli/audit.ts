import { stat } from "node:fs/promises";
import type { Command } from "commander";
import { auditFiles, verifyAuditLog } from "../adapters/audit-file/audit-folder.js";

/** `ringfence audit verify`. */
export function registerAudit(program: Command): void {
  program
    .command("audit")
    .description("the audit log")
    .command("verify")
    .description("check the hash chain; exit status 1 names the first broken record")
    .argument("<paths...>", "the audit folder, or files, oldest first")
    .action(async (paths: string[]) => {
      process.exitCode = await verifyAudit(paths, (line) => console.log(line));
    });
}

/** @returns The exit status: 0 intact, 1 broken or unreadable. */
export async function verifyAudit(paths: readonly string[], print: (line: string) => void): Promise<number> {
  try {
    const files: string[] = [];
    for (const path of paths) {
      if ((await stat(path)).isDirectory()) files.push(...(await auditFiles(path)).map((file) => file.path));
      else files.push(path);
    }
    const verdict = await verifyAuditLog(files);
    if (!verdict.intact) {
      print(
        `audit.tampered: ${verdict.file} line ${verdict.line}: ${verdict.reason} (last good record: ${verdict.afterSeq})`,
      );
      return 1;
    }
    print(
      `intact: ${verdict.records} records, ${verdict.firstSeq} to ${verdict.lastSeq}, last hash ${verdict.lastHash}`,
    );
    return 0;
  } catch (error) {
    print(`audit log: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}
