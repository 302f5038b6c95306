import { closeSync, fsyncSync, openSync } from "node:fs";

/** Until then a crash of the machine may undo that a file of this folder was made, renamed or deleted. @throws Error of the system */
export function syncFolder(path: string): void {
  // Windows opens no folders.
  if (process.platform === "win32") return;
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
