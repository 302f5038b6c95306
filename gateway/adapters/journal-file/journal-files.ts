import { closeSync, createReadStream, fsync, mkdirSync, openSync, renameSync, rmSync, write, writeSync } from "node:fs";
import { promisify } from "node:util";

const writeLater = promisify(write);
const syncLater = promisify(fsync);

/** What the journal asks of a file system; a test hands in one that fails. Every call throws or rejects as node:fs does. */
export interface JournalFiles {
  makeFolder(path: string): void;
  /** For appending; made where it is missing, readable by us alone. */
  openToAppend(path: string): number;
  /** @returns Bytes written; may be fewer than given. */
  writeNow(fd: number, bytes: Buffer): number;
  writeLater(fd: number, bytes: Buffer): Promise<number>;
  syncLater(fd: number): Promise<void>;
  close(fd: number): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
  /** In chunks; rejects with ENOENT where there is none. */
  read(path: string): AsyncIterable<Buffer>;
}

export const nodeFiles: JournalFiles = {
  makeFolder: (path) => void mkdirSync(path, { recursive: true, mode: 0o700 }),
  openToAppend: (path) => openSync(path, "a", 0o600),
  writeNow: (fd, bytes) => writeSync(fd, bytes),
  writeLater: async (fd, bytes) => (await writeLater(fd, bytes)).bytesWritten,
  syncLater: (fd) => syncLater(fd),
  close: (fd) => closeSync(fd),
  rename: (from, to) => renameSync(from, to),
  remove: (path) => rmSync(path, { force: true }),
  read: (path) => createReadStream(path) as AsyncIterable<Buffer>,
};
