import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { GatewayError } from "../../core/errors.js";
import { syncFolder } from "./sync-folder.js";

export interface KeySet {
  /** The key that new pieces are sealed with. */
  readonly current: string;
  /** 32 bytes each, by id. */
  readonly keys: ReadonlyMap<string, Uint8Array>;
}

const KEY_BYTES = 32;
const KEY_ID = /^[\w-]{1,32}$/;
/** Old keys that a file may hold: a new one every month for eight years. */
const MAX_KEYS = 100;

/**
 * Reads the keys for data at rest: JSON, `{"current": "k1", "keys": {"k1": "BASE64 of 32 bytes"}}`.
 * @param make Makes the file with a first key where there is none; see `makeFirstKeys`.
 * @throws GatewayError `crypto.key`: missing, unreadable, open to other users of the machine, or no key file. No key is in the message.
 */
export function readKeyFile(path: string, make: boolean): KeySet {
  if (make && !existsSync(path)) return writeKeys(path, freshKeys(new Map()));
  const mode = stat(path).mode & 0o077;
  if (process.platform !== "win32" && mode !== 0) {
    throw new GatewayError("crypto.key", `${path} can be read by other users: chmod 600 it`);
  }
  let read: unknown;
  try {
    read = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new GatewayError("crypto.key", `${path} is no key file`, { cause });
  }
  return keysOf(path, read);
}

/** Adds a key and makes it the current one. What was sealed with older keys stays readable. */
export function rotateKeys(path: string): KeySet {
  const { keys } = readKeyFile(path, false);
  if (keys.size >= MAX_KEYS)
    throw new GatewayError("crypto.key", `${path} has ${MAX_KEYS} keys: drop those of expired data`);
  return writeKeys(path, freshKeys(keys));
}

function stat(path: string) {
  try {
    return statSync(path);
  } catch (cause) {
    throw new GatewayError("crypto.key", `${path} cannot be read: without it nothing that was sealed can be opened`, {
      cause,
    });
  }
}

function keysOf(path: string, read: unknown): KeySet {
  const { current, keys } = (typeof read === "object" && read !== null ? read : {}) as {
    current?: unknown;
    keys?: unknown;
  };
  if (typeof current !== "string" || typeof keys !== "object" || keys === null) {
    throw new GatewayError("crypto.key", `${path} is no key file: it needs current and keys`);
  }
  const found = new Map<string, Uint8Array>();
  for (const [id, text] of Object.entries(keys)) {
    const key = typeof text === "string" ? Buffer.from(text, "base64") : undefined;
    if (!KEY_ID.test(id) || key?.byteLength !== KEY_BYTES) {
      throw new GatewayError("crypto.key", `${path}: key ${JSON.stringify(id.slice(0, 32))} is not base64 of 32 bytes`);
    }
    found.set(id, key);
  }
  if (!found.has(current)) throw new GatewayError("crypto.key", `${path}: the current key is not among its keys`);
  return { current, keys: found };
}

function freshKeys(keys: ReadonlyMap<string, Uint8Array>): KeySet {
  const taken = new Set([...keys.keys()].map((id) => id.split("-")[0]));
  let number = keys.size + 1;
  while (taken.has(`k${number}`)) number++;
  // Not by its number alone: of two that were made apart, the wrong one would be said to have found a changed piece.
  const current = `k${number}-${randomBytes(4).toString("hex")}`;
  return { current, keys: new Map([...keys, [current, randomBytes(KEY_BYTES)]]) };
}

/** In one step and synced: half a key file would be the end of everything that was sealed. */
function writeKeys(path: string, set: KeySet): KeySet {
  const keys = Object.fromEntries([...set.keys].map(([id, key]) => [id, Buffer.from(key).toString("base64")]));
  const next = `${path}.next`;
  try {
    // One that was left behind, or laid there, keeps its own mode and may be a link.
    rmSync(next, { force: true });
    const file = openSync(next, "wx", 0o600);
    try {
      writeSync(file, `${JSON.stringify({ current: set.current, keys }, null, 2)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(next, path);
    syncFolder(dirname(path));
  } catch (cause) {
    throw new GatewayError("crypto.key", `${path} cannot be written`, { cause });
  }
  return set;
}
