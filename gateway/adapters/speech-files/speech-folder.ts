import { createHmac } from "node:crypto";
import { open, readdir, rm, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { GatewayError } from "../../core/errors.js";
import type { SpeechPiece } from "../../ports/speech-keeper.js";
import type { Vault } from "../../ports/vault.js";
import { decodePiece, FILE_HEAD, LENGTH_BYTES, MOST_RECORD_BYTES, speechContext } from "./speech-record.js";

/** Below the store's folder. */
export const SPEECH_FOLDER = "audio";
const SUFFIX = ".speech";
const NAME = /^[0-9a-f]{64}\.speech$/;

/** The files of kept speech: one a call. Their names tell nothing about the call to who has not the installation's key. */
export class SpeechFolder {
  readonly path: string;
  readonly #nameKey: Uint8Array;

  /** @param nameKey The installation's key for hashes: the log key. */
  constructor(path: string, nameKey: Uint8Array) {
    this.path = path;
    this.#nameKey = nameKey;
  }

  pathOf(callId: string): string {
    return join(this.path, createHmac("sha256", this.#nameKey).update(callId).digest("hex") + SUFFIX);
  }

  /** Bytes of all files; 0 where there is no folder yet. */
  async sizeBytes(): Promise<number> {
    let bytes = 0;
    for (const name of await this.#names()) bytes += (await this.#stat(name))?.size ?? 0;
    return bytes;
  }

  /** Deletes these calls' speech. @returns How many had some. @throws GatewayError `store.unavailable` */
  async forget(callIds: readonly string[]): Promise<number> {
    let forgotten = 0;
    for (const callId of callIds) if (await remove(this.pathOf(callId))) forgotten++;
    return forgotten;
  }

  /** Deletes what has not been written to since. @returns How many calls' speech. @throws GatewayError `store.unavailable` */
  async prune(beforeUnixMs: number): Promise<number> {
    let pruned = 0;
    for (const name of await this.#names()) {
      const found = await this.#stat(name);
      if (found !== undefined && found.mtimeMs < beforeUnixMs && (await remove(join(this.path, name)))) pruned++;
    }
    return pruned;
  }

  /**
   * What is kept of a call, piece by piece. A record that a crash cut off at the end is left out.
   * @throws GatewayError `crypto.key`: the keys are others, or a byte was changed; `audio.invalid`: none is kept, or the file is none of ours;
   *   `store.unavailable`: it cannot be read.
   */
  async *read(callId: string, vault: Vault): AsyncGenerator<SpeechPiece> {
    const file = await open(this.pathOf(callId), "r").catch((cause: unknown) => {
      if (isMissing(cause)) throw new GatewayError("audio.invalid", "no speech of that call is kept");
      throw readError(cause);
    });
    try {
      let number = 0;
      for await (const sealed of recordsOf(file)) {
        yield decodePiece(callId, vault.open(sealed, speechContext(callId, number)));
        number++;
      }
    } finally {
      await file.close();
    }
  }

  async #names(): Promise<readonly string[]> {
    try {
      return (await readdir(this.path)).filter((name) => NAME.test(name));
    } catch (cause) {
      if (isMissing(cause)) return [];
      throw readError(cause);
    }
  }

  /** Undefined: it has gone meanwhile. */
  async #stat(name: string): Promise<{ readonly size: number; readonly mtimeMs: number } | undefined> {
    return stat(join(this.path, name)).catch(() => undefined);
  }
}

async function* recordsOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  const head = await bytesAt(file, 0, FILE_HEAD.byteLength);
  if (head?.equals(FILE_HEAD) !== true) throw new GatewayError("audio.invalid", "this is no file of kept speech");
  let at = FILE_HEAD.byteLength;
  for (;;) {
    const length = (await bytesAt(file, at, LENGTH_BYTES))?.readUInt32BE(0);
    if (length === undefined) return;
    if (length > MOST_RECORD_BYTES) throw new GatewayError("audio.invalid", "a file of kept speech was changed");
    const sealed = await bytesAt(file, at + LENGTH_BYTES, length);
    if (sealed === undefined) return;
    yield sealed;
    at += LENGTH_BYTES + length;
  }
}

/** How far a file's records go, and how many they are: what is behind was cut off. A file of another kind has none. */
export async function wholeRecords(path: string): Promise<{ readonly bytes: number; readonly count: number }> {
  const file = await open(path, "r");
  let bytes = 0;
  let count = 0;
  try {
    for await (const sealed of recordsOf(file)) {
      bytes += LENGTH_BYTES + sealed.byteLength;
      count++;
    }
    return { bytes: bytes + FILE_HEAD.byteLength, count };
  } catch (error) {
    if (error instanceof GatewayError) return { bytes: 0, count: 0 };
    throw error;
  } finally {
    await file.close();
  }
}

/** Undefined: the file ends before. */
async function bytesAt(file: FileHandle, position: number, length: number): Promise<Buffer | undefined> {
  const bytes = Buffer.allocUnsafe(length);
  const { bytesRead } = await file.read(bytes, 0, length, position);
  return bytesRead === length ? bytes : undefined;
}

async function remove(path: string): Promise<boolean> {
  try {
    await rm(path);
    return true;
  } catch (cause) {
    if (isMissing(cause)) return false;
    throw new GatewayError("store.unavailable", "kept speech could not be deleted", { cause });
  }
}

export const isMissing = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "code" in error && error.code === "ENOENT";

const readError = (cause: unknown): GatewayError =>
  new GatewayError("store.unavailable", "kept speech cannot be read", { cause });
