import { createHmac } from "node:crypto";
import { open, readdir, rm, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { GatewayError } from "../../core/errors.js";
import { unixMs, type UnixMs } from "../../core/time.js";
import type { SpeechPiece } from "../../ports/speech-keeper.js";
import type { Opener } from "../../ports/vault.js";
import {
  decodePiece,
  FILE_HEAD_BYTES,
  fileHead,
  LENGTH_BYTES,
  MOST_RECORD_BYTES,
  readFileHead,
  speechContext,
  speechKeyContext,
} from "./speech-record.js";

/** Below the store's folder. */
export const SPEECH_FOLDER = "audio";
const SUFFIX = ".speech";
const NAME = /^[0-9a-f]{64}\.speech$/;

export interface UnboundSpeech {
  readonly path: string;
  /** When a piece was added to it last. */
  readonly writtenAt: UnixMs;
}

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

  /**
   * Deletes these calls' speech. @returns How many had some. @throws GatewayError `store.unavailable`
   * @param may Says of the key of speech as it is sealed whether it is of who is meant.
   */
  async forget(callIds: readonly string[], may: (sealedKey: Uint8Array) => boolean = () => true): Promise<number> {
    let forgotten = 0;
    for (const callId of callIds) {
      const path = this.pathOf(callId);
      const sealedKey = await sealedKeyOf(path);
      if ((sealedKey === undefined || may(sealedKey)) && (await remove(path))) forgotten++;
    }
    return forgotten;
  }

  /** Deletes what has not been written to since, but for these calls. @returns How many calls' speech. @throws GatewayError `store.unavailable` */
  async prune(beforeUnixMs: number, keep: ReadonlySet<string> = new Set()): Promise<number> {
    const kept = new Set([...keep].map((callId) => this.pathOf(callId)));
    let pruned = 0;
    for (const name of await this.#names()) {
      const path = join(this.path, name);
      const found = kept.has(path) ? undefined : await this.#stat(name);
      if (found !== undefined && found.mtimeMs < beforeUnixMs && (await remove(path))) pruned++;
    }
    return pruned;
  }

  /**
   * What is kept of a call, piece by piece. A record that a crash cut off at the end is left out.
   * @throws GatewayError `crypto.key`: the keys are others, or a byte was changed; `audio.invalid`: none is kept, or the file is none of ours;
   *   `subject.forgotten`; `store.unavailable`: it cannot be read.
   */
  async *read(callId: string, opener: Opener): AsyncGenerator<SpeechPiece> {
    const file = await open(this.pathOf(callId), "r").catch((cause: unknown) => {
      if (isMissing(cause)) throw new GatewayError("audio.invalid", "no speech of that call is kept");
      throw readError(cause);
    });
    try {
      const { headBytes, sealedKey } = await headOf(file);
      const vault = sealedKey === undefined ? opener : opener.withKey(opener.open(sealedKey, speechKeyContext(callId)));
      let number = 0;
      for await (const sealed of recordsOf(file, headBytes)) {
        yield decodePiece(callId, vault.open(sealed, speechContext(callId, number)));
        number++;
      }
    } finally {
      await file.close();
    }
  }

  /**
   * Seals the key of a call's speech anew, where it is: for other readers than before. Who writes more into the file is not disturbed, and
   * its age stays that of what was said.
   * @param may Says of the key as it is sealed now whether it may be: a call that has taken the Call-ID of another must not take its speech.
   * @returns False: nothing is kept of that call, or a file of before, whose records are under the installation's keys.
   * @throws GatewayError `crypto.key`: also where it may not be; `subject.forgotten`, `store.unavailable`
   */
  async bind(
    callId: string,
    opener: Opener,
    seal: (key: Uint8Array, context: string) => Uint8Array,
    may: (sealedKey: Uint8Array) => boolean = () => true,
  ): Promise<boolean> {
    const file = await open(this.pathOf(callId), "r+").catch((cause: unknown) => {
      if (isMissing(cause)) return undefined;
      throw readError(cause);
    });
    if (file === undefined) return false;
    try {
      const { sealedKey } = await headOf(file);
      if (sealedKey === undefined) return false;
      if (!may(sealedKey)) throw new GatewayError("crypto.key", "the speech is of another call with that Call-ID");
      const context = speechKeyContext(callId);
      const head = fileHead(seal(opener.open(sealedKey, context), context));
      const { atime, mtime } = await file.stat();
      await file.write(head, 0, head.byteLength, 0);
      await file.utimes(atime, mtime);
      await file.datasync();
      return true;
    } finally {
      await file.close();
    }
  }

  /**
   * Files whose key is under the installation's keys. Those of before, without a key of their own, are not among them.
   * @param isBound Whether a sealed key belongs to somebody. @throws GatewayError `store.unavailable`
   */
  async unbound(isBound: (sealedKey: Uint8Array) => boolean): Promise<readonly UnboundSpeech[]> {
    const found: UnboundSpeech[] = [];
    for (const name of await this.#names()) {
      const path = join(this.path, name);
      const sealedKey = await sealedKeyOf(path);
      const file = sealedKey === undefined || isBound(sealedKey) ? undefined : await this.#stat(name);
      if (file !== undefined) found.push({ path, writtenAt: unixMs(Math.round(file.mtimeMs)) });
    }
    return found;
  }

  /** @param path Of `unbound`. @returns Whether it was there. @throws GatewayError `store.unavailable` */
  remove(path: string): Promise<boolean> {
    return remove(path);
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

/** @throws GatewayError `audio.invalid` */
async function headOf(file: FileHandle) {
  const bytes = Buffer.alloc(FILE_HEAD_BYTES);
  const { bytesRead } = await file.read(bytes, 0, FILE_HEAD_BYTES, 0);
  const head = readFileHead(bytes.subarray(0, bytesRead));
  if (head === undefined) throw new GatewayError("audio.invalid", "this is no file of kept speech");
  return head;
}

/** Undefined: it has gone, has none, or is none of ours. */
async function sealedKeyOf(path: string): Promise<Uint8Array | undefined> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    return (await headOf(file)).sealedKey;
  } catch {
    return undefined;
  } finally {
    await file.close();
  }
}

async function* recordsOf(file: FileHandle, headBytes: number): AsyncGenerator<Uint8Array> {
  let at = headBytes;
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

/**
 * How far a file's records go, and how many they are: what is behind was cut off. A file of another kind has none.
 * @returns The sealed key of its records; undefined: they are under the installation's keys.
 */
export async function wholeRecords(path: string): Promise<{
  readonly bytes: number;
  readonly count: number;
  readonly sealedKey: Uint8Array | undefined;
}> {
  const file = await open(path, "r");
  try {
    const { headBytes, sealedKey } = await headOf(file);
    let bytes = headBytes;
    let count = 0;
    for await (const sealed of recordsOf(file, headBytes)) {
      bytes += LENGTH_BYTES + sealed.byteLength;
      count++;
    }
    return { bytes, count, sealedKey };
  } catch (error) {
    if (error instanceof GatewayError) return { bytes: 0, count: 0, sealedKey: undefined };
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
