import { mkdirSync, statSync } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Makes a folder and those above it that are not there; one that is there stays as it is.
 *
 * Not by `recursive` of mkdir: where the system says ENOENT of a folder whose parent is there (anywhere in /proc) Node makes the
 * parent and tries again, for ever.
 *
 * @throws Error of the system, with its `code`: it cannot be made, or is no folder.
 */
export async function makeFolder(path: string, mode?: number): Promise<void> {
  try {
    await mkdir(path, mode);
  } catch (error) {
    if (await stat(path).then(isFolder, () => false)) return;
    const above = dirname(path);
    if (codeOf(error) !== "ENOENT" || above === path || (await stat(above).then(isFolder, () => false))) throw error;
    await makeFolder(above, mode);
    await mkdir(path, mode).catch((again: unknown) => {
      if (codeOf(again) !== "EEXIST") throw again;
    });
  }
}

/** As `makeFolder`. */
export function makeFolderSync(path: string, mode?: number): void {
  try {
    mkdirSync(path, mode);
  } catch (error) {
    if (isFolderAt(path)) return;
    const above = dirname(path);
    if (codeOf(error) !== "ENOENT" || above === path || isFolderAt(above)) throw error;
    makeFolderSync(above, mode);
    mkdirSync(path, mode);
  }
}

const isFolder = (found: { isDirectory(): boolean }): boolean => found.isDirectory();

const isFolderAt = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

const codeOf = (error: unknown): unknown => (error instanceof Error && "code" in error ? error.code : undefined);
