import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const KEY_BYTES = 32;

/**
 * The key of this installation for hashes in logs: `<folder>/log.key`, made at the first start, readable by us alone.
 * Where the folder cannot be used a fresh key is returned: lines can then be joined within one run only.
 */
export function loadLogKey(folder: string): Uint8Array {
  const path = join(folder, "log.key");
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(path, randomBytes(KEY_BYTES), { flag: "wx", mode: 0o600 });
  } catch {
    // It is there already, or cannot be written: reading tells.
  }
  try {
    const key = readFileSync(path);
    if (key.byteLength >= KEY_BYTES) return key;
  } catch {
    // Falls through to a key for this run.
  }
  return randomBytes(KEY_BYTES);
}
