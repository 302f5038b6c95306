import { constants, type Stats } from "node:fs";
import { lstat, open, readdir, realpath } from "node:fs/promises";
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
const MAX_ENTRIES = 100_000;

/**
 * A folder that another system writes recordings into. A file counts when it was the same in two looks one after the other: it is not
 * being written any more. Links, folders, hidden files and other endings are passed over. No name is taken from outside the folder.
 */
export class WatchedFolder {
  readonly #folder: string;
  /** What was seen in the look before, by path. */
  #before = new Map<string, string>();
  readonly #taken = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @returns Files that are whole and have not been taken. @throws What the file system throws: the folder cannot be read. */
  async look(): Promise<readonly FoundFile[]> {
    const folder = await realpath(this.#folder);
    const names = (await readdir(folder)).filter(
      (name) => !name.startsWith(".") && ENDINGS.has(extname(name).toLowerCase()),
    );
    const now = new Map<string, string>();
    const found: FoundFile[] = [];
    for (const name of names.sort().slice(0, MAX_ENTRIES)) {
      const path = join(folder, name);
      const stats = await lstat(path).catch(() => undefined);
      if (stats === undefined || !stats.isFile()) continue;
      const identity = `${path}\n${stats.size}\n${stats.mtimeMs}`;
      now.set(path, identity);
      if (this.#before.get(path) !== identity || this.#taken.has(identity)) continue;
      const base = name.slice(0, name.length - extname(name).length);
      found.push({ path, name: base, identity, bytes: stats.size, open: () => openSame(path, stats) });
    }
    this.#before = now;
    const present = new Set(now.values());
    for (const identity of this.#taken) if (!present.has(identity)) this.#taken.delete(identity);
    return found;
  }

  /** It is not told again while it stays as it is. */
  taken({ identity }: FoundFile): void {
    this.#taken.add(identity);
  }
}

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
