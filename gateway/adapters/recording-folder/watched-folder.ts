import { createHash } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { lstat, open, opendir, realpath } from "node:fs/promises";
import { extname, join } from "node:path";
import type { FileHandle } from "node:fs/promises";

export interface FoundFile {
  readonly path: string;
  /** Without its ending: the call id. */
  readonly name: string;
  /** Path, size and time of change: another file under the same name is another recording. */
  readonly identity: string;
  readonly bytes: number;
  /** Close it. @returns Undefined: by now something else goes by that name, or nothing. @throws UnreadableFile */
  open(): Promise<FileHandle | undefined>;
}

const ENDINGS = new Set([
  ...[
    ".wav",
    ".mp3",
    ".ogg",
    ".opus",
    ".flac",
    ".m4a",
    ".mp4",
    ".webm",
    ".mka",
    ".aac",
    ".amr",
    ".gsm",
    ".au",
    ".aiff",
  ],
  ...[".wma", ".caf", ".3gp"],
]);
/** Endings of files that were passed over, and are told of. */
const MOST_ENDINGS = 20;
/** What may be told of a name: it could hold a number. */
const PLAIN_ENDING = /^\.[a-z][a-z0-9]{0,4}$/;
/** Files that one look has; of more, those by whose names it has come so far are next. */
const FILES_A_LOOK = 100_000;
/** Taken files that are remembered, 60 bytes each; those taken longest ago go, and are known where they were taken to. */
const MAX_TAKEN = 500_000;
/** Short enough to be a string of its own, long enough to be one file's only. */
const KEY_LENGTH = 12;

export interface WatchedFolderOptions {
  /** Files that one look has. */
  readonly most?: number | undefined;
}

/**
 * A folder that another system writes recordings into. A file counts when it was the same in two looks one after the other: it is not
 * being written any more. Links, folders, hidden files and other endings are passed over. No name is taken from outside the folder.
 *
 * Memory is bounded, whatever the folder holds: where it has more files than one look, every second look goes on with the next names,
 * and begins anew behind the last.
 */
export class WatchedFolder {
  readonly #folder: string;
  readonly #most: number;
  /** What was seen in the look before, by path. */
  #before = new Map<string, string>();
  readonly #taken = new Set<string>();
  readonly #passedOver = new Set<string>();
  /** Names up to this have had their turn; empty: it begins with the first. */
  #passed = "";
  #isSecondLook = false;
  #files = 0;

  constructor(folder: string, { most = FILES_A_LOOK }: WatchedFolderOptions = {}) {
    this.#folder = folder;
    this.#most = most;
  }

  /** How many recordings the last look saw in the folder, looked at or not. */
  get files(): number {
    return this.#files;
  }

  /** Endings of files that were passed over so far, twenty at most: none of a recording, or not one that we know. */
  get passedOver(): ReadonlySet<string> {
    return this.#passedOver;
  }

  /** Of them one look has no more than this. */
  get most(): number {
    return this.#most;
  }

  /** @returns Files that are whole and have not been taken. @throws What the file system throws: the folder cannot be read. */
  async look(): Promise<readonly FoundFile[]> {
    const folder = await realpath(this.#folder);
    const names = await this.#names(folder);
    const now = new Map<string, string>();
    const found: FoundFile[] = [];
    for (const name of names) {
      const path = join(folder, name);
      const stats = await lstat(path).catch(() => undefined);
      if (stats === undefined || !stats.isFile()) continue;
      const identity = `${path}\n${stats.size}\n${stats.mtimeMs}`;
      now.set(path, identity);
      if (this.#before.get(path) !== identity || this.#taken.has(keyOf(identity))) continue;
      const base = name.slice(0, name.length - extname(name).length);
      found.push({ path, name: base, identity, bytes: stats.size, open: () => openSame(path, stats) });
    }
    this.#before = now;
    if (this.#files <= this.#most && this.#taken.size > now.size) this.#forgetAllBut(now);
    this.#goOn(names);
    return found;
  }

  /** It is not told again while it stays as it is. */
  taken({ identity }: FoundFile): void {
    if (this.#taken.size >= MAX_TAKEN) {
      const [oldest] = this.#taken;
      if (oldest !== undefined) this.#taken.delete(oldest);
    }
    this.#taken.add(keyOf(identity));
  }

  /** The first names behind those that have had their turn, in order. */
  async #names(folder: string): Promise<readonly string[]> {
    const first = (names: string[]): string[] => names.sort().slice(0, this.#most);
    let names: string[] = [];
    this.#files = 0;
    for await (const entry of await opendir(folder)) {
      const { name } = entry;
      if (name.startsWith(".")) continue;
      const ending = extname(name).toLowerCase();
      if (!ENDINGS.has(ending)) {
        if (entry.isFile() && this.#passedOver.size < MOST_ENDINGS) this.#passedOver.add(shownEnding(ending));
        continue;
      }
      this.#files++;
      if (name > this.#passed) names.push(name);
      if (names.length >= 2 * this.#most) names = first(names);
    }
    return first(names);
  }

  #goOn(names: readonly string[]): void {
    if (this.#isSecondLook) this.#passed = names.length < this.#most ? "" : (names.at(-1) ?? "");
    this.#isSecondLook = !this.#isSecondLook;
    if (this.#files <= this.#most) this.#passed = "";
  }

  #forgetAllBut(present: ReadonlyMap<string, string>): void {
    const keys = new Set([...present.values()].map(keyOf));
    for (const key of this.#taken) if (!keys.has(key)) this.#taken.delete(key);
  }
}

const shownEnding = (ending: string): string => (PLAIN_ENDING.test(ending) ? ending : ending === "" ? "none" : "other");

const keyOf = (identity: string): string => createHash("sha256").update(identity).digest("base64").slice(0, KEY_LENGTH);

/** That one file cannot be opened or read; the others can. */
export class UnreadableFile extends Error {}

/** @throws UnreadableFile */
export async function* bytesOf(file: FileHandle): AsyncIterable<Uint8Array> {
  const stream = file.createReadStream({ autoClose: false });
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (cause) {
    throw new UnreadableFile("it cannot be read", { cause });
  }
}

/** A link is not followed, and a pipe not waited for: whoever may write the folder may have put one in its place. */
async function openSame(path: string, seen: Stats): Promise<FileHandle | undefined> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: unknown) => {
    if (isNoFileNow(error)) return undefined;
    throw new UnreadableFile("it cannot be opened", { cause: error });
  });
  if (file === undefined) return undefined;
  try {
    const now = await file.stat();
    const isSame =
      now.dev === seen.dev && now.ino === seen.ino && now.size === seen.size && now.mtimeMs === seen.mtimeMs;
    if (now.isFile() && isSame) return file;
  } catch (cause) {
    await file.close();
    throw new UnreadableFile("it cannot be read", { cause });
  }
  await file.close();
  return undefined;
}

/** A link, a socket, or gone. */
const isNoFileNow = (error: unknown): boolean =>
  error instanceof Error && "code" in error && ["ELOOP", "EMLINK", "ENXIO", "ENOENT"].includes(String(error.code));
