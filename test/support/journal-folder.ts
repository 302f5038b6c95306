import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { openDialogJournal, type FileJournalOptions } from "../../gateway/adapters/journal-file/file-dialog-journal.js";
import type { DialogJournal } from "../../gateway/ports/dialog-journal.js";
import { FakeClock } from "./fake-clock.js";

/** An empty one, gone after the test. */
export function journalFolder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "ringfence-journal-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export const openJournal = (path: string, more: Partial<FileJournalOptions> = {}): Promise<DialogJournal> =>
  openDialogJournal({ folder: path, clock: new FakeClock(), ...more });

export const journalFile = (path: string): string => join(path, "dialogs.journal");

/** Lines of the journal, as they would be read after a crash right now. */
export const journalOnDisk = (path: string): string[] =>
  readFileSync(journalFile(path), "utf8")
    .split("\n")
    .filter((line) => line !== "");
