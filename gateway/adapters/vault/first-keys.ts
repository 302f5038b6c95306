import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GatewayError } from "../../core/errors.js";
import { readKeyFile } from "./key-file.js";
import { SUBJECT_KEYS } from "./subject-keys.js";

/** Below the store's folder: something may have been sealed. */
const MARK = "keys-made";

/**
 * Makes the key file at the first start on a store's folder, and never again: one that is not there later is away (its volume is not
 * mounted). A new one would open nothing of before, and what is sealed with it would be lost as soon as the old one is back.
 *
 * @returns Whether there is a key file.
 * @throws GatewayError `crypto.key`: it cannot be made.
 */
export function makeFirstKeys(path: string, folder: string): boolean {
  const mark = join(folder, MARK);
  const isMarked = existsSync(mark);
  if (!existsSync(path)) {
    // A folder of a version without the mark.
    if (isMarked || hasSubjects(folder)) return false;
    readKeyFile(path, true);
  }
  if (!isMarked) writeMark(mark);
  return true;
}

function hasSubjects(folder: string): boolean {
  const subjects = join(folder, SUBJECT_KEYS);
  return existsSync(subjects) && readdirSync(subjects).length > 0;
}

function writeMark(path: string): void {
  try {
    writeFileSync(path, "", { mode: 0o600 });
  } catch (cause) {
    throw new GatewayError("crypto.key", `${path} cannot be written`, { cause });
  }
}
