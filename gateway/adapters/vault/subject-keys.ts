import { createHmac, randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { GatewayError } from "../../core/errors.js";
import type { UnixMs } from "../../core/time.js";
import type { Vault } from "../../ports/vault.js";
import { AesVault } from "./aes-vault.js";
import { syncFolder } from "./sync-folder.js";

/** Below the store's folder. */
export const SUBJECT_KEYS = "subject-keys";
const KEY_BYTES = 32;
const ID_CHARS = 32;
const KEY_FILE = /^([0-9a-f]{32})\.key$/;
const PIECE = /^subject:([0-9a-f]{32}):([\w-]+)$/;
/** Subjects whose key is at hand without another look at its file. */
const MOST_KNOWN = 1_000;
const TOUCH_EVERY_MS = 86_400_000;

/**
 * A key of its own for every subject (a canonical number), sealed with the installation's keys, a file each. What is sealed with it
 * may stand where nothing can be deleted, as in the audit log's hash chain: destroying the key makes it unreadable everywhere, in
 * copies too, and no byte of the chain changes.
 *
 * Blocks for as long as the disk takes: not for the SIP thread.
 */
export class SubjectKeys {
  readonly #folder: string;
  readonly #nameKey: Uint8Array;
  readonly #vault: () => Vault;
  readonly #known = new Map<string, Uint8Array>();
  /** When the file of a key was last told that it is in use, ms. */
  readonly #touched = new Map<string, number>();

  /**
   * @param nameKey The installation's key for hashes: files and pieces name a subject by an HMAC under it.
   * @param vault Of the installation; asked for each key file.
   */
  constructor(folder: string, nameKey: Uint8Array, vault: () => Vault) {
    this.#folder = folder;
    this.#nameKey = nameKey;
    this.#vault = vault;
  }

  /** What stands for a subject where its number must not: `subject:` and 32 hex digits. The same for the same number. */
  nameOf(number: string): string {
    return `subject:${this.idOf(number)}`;
  }

  /** @returns `subject:ID:BASE64URL`. The key is made where there is none. @throws GatewayError `crypto.key` */
  seal(number: string, text: string, context: string): string {
    const { id, key } = this.keyOf(number);
    const sealed = Buffer.from(vaultOf(key).seal(Buffer.from(text, "utf8"), context));
    return `subject:${id}:${sealed.toString("base64url")}`;
  }

  /** @returns Undefined: its key was destroyed, or this is no piece of ours. @throws GatewayError `crypto.key`: it was changed. */
  open(piece: string, context: string): string | undefined {
    const [, id, sealed] = PIECE.exec(piece) ?? [];
    if (id === undefined || sealed === undefined) return undefined;
    const key = this.keyById(id);
    if (key === undefined) return undefined;
    return Buffer.from(vaultOf(key).open(Buffer.from(sealed, "base64url"), context)).toString("utf8");
  }

  /** Made where there is none. @returns The key, and what stands for its subject. @throws GatewayError `crypto.key` */
  keyOf(number: string): { readonly id: string; readonly key: Uint8Array } {
    const id = this.idOf(number);
    const key = this.keyById(id) ?? this.#make(id);
    this.#touch(id);
    return { id, key };
  }

  /** @param id Of `keyOf`. @returns Undefined: it was destroyed. @throws GatewayError `crypto.key` */
  keyById(id: string): Uint8Array | undefined {
    const known = this.#known.get(id);
    // Another process may have destroyed it: what is sealed with it now could not be read after the next start.
    if (known !== undefined && existsSync(this.#pathOf(id))) return known;
    this.#known.delete(id);
    return this.#read(id);
  }

  /** For good. @returns Whether there was one. @throws GatewayError `crypto.key`: it is still there. */
  destroy(number: string): boolean {
    const id = this.idOf(number);
    this.#known.delete(id);
    if (!existsSync(this.#pathOf(id))) return false;
    this.#remove([id]);
    return true;
  }

  /** Destroys the keys that nothing was sealed with since. @returns How many. @throws GatewayError `crypto.key` */
  prune(before: UnixMs): number {
    if (!existsSync(this.#folder)) return 0;
    const old = readdirSync(this.#folder).flatMap((name) => {
      const id = KEY_FILE.exec(name)?.[1];
      return id !== undefined && statSync(join(this.#folder, name)).mtimeMs < before ? [id] : [];
    });
    this.#remove(old);
    for (const id of old) this.#known.delete(id);
    return old.length;
  }

  #remove(ids: readonly string[]): void {
    if (ids.length === 0) return;
    try {
      for (const id of ids) rmSync(this.#pathOf(id));
      syncFolder(this.#folder);
    } catch (cause) {
      throw new GatewayError("crypto.key", "a subject's key cannot be destroyed", { cause });
    }
  }

  /** Its file's time of change says to a day when it was last used. */
  #touch(id: string): void {
    const now = Date.now();
    if (now - (this.#touched.get(id) ?? 0) < TOUCH_EVERY_MS) return;
    if (this.#touched.size >= MOST_KNOWN) this.#touched.clear();
    this.#touched.set(id, now);
    try {
      utimesSync(this.#pathOf(id), now / 1_000, now / 1_000);
    } catch {
      // One that cannot be marked is pruned early at the worst: a folder that we cannot write to has other trouble.
    }
  }

  /** Of a number's key, whether there is one or not: what a piece names it by. */
  idOf(number: string): string {
    return createHmac("sha256", this.#nameKey).update(`subject:${number}`).digest("hex").slice(0, ID_CHARS);
  }

  #pathOf(id: string): string {
    return join(this.#folder, `${id}.key`);
  }

  #read(id: string): Uint8Array | undefined {
    const path = this.#pathOf(id);
    if (!existsSync(path)) return undefined;
    return this.#remember(id, this.#vault().open(readFileSync(path), `subject-key:${id}`));
  }

  /** On disk before anything is sealed with it. */
  #make(id: string): Uint8Array {
    const key = randomBytes(KEY_BYTES);
    const path = this.#pathOf(id);
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      rmSync(`${path}.next`, { force: true });
      const file = openSync(`${path}.next`, "wx", 0o600);
      try {
        writeSync(file, this.#vault().seal(key, `subject-key:${id}`));
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(`${path}.next`, path);
      syncFolder(this.#folder);
    } catch (cause) {
      throw new GatewayError("crypto.key", "a subject's key cannot be written", { cause });
    }
    return this.#remember(id, key);
  }

  #remember(id: string, key: Uint8Array): Uint8Array {
    this.#known.set(id, key);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST_KNOWN && oldest !== undefined) this.#known.delete(oldest);
    return key;
  }
}

const vaultOf = (key: Uint8Array): Vault => new AesVault({ current: "s", keys: new Map([["s", key]]) });
