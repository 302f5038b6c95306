import { createReadStream } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { GatewayError } from "../../core/errors.js";
import type { Vault } from "../../ports/vault.js";

const FRAME_BYTES = 1_048_576;
const HEAD_BYTES = 4;
/** A sealed frame is little longer than what is in it. */
const MAX_SEALED_BYTES = FRAME_BYTES + 1_024;

/**
 * A file of any length, sealed frame by frame as it comes in: length (4 bytes, big end first) and the sealed frame, again and again.
 * Frames are numbered and named in their context, so they cannot change places. What a crash leaves of a last frame is cut off.
 */
export class SealedFrames {
  readonly #vault: Pick<Vault, "seal" | "open">;
  readonly #context: string;

  constructor(vault: Pick<Vault, "seal" | "open">, context: string) {
    this.#vault = vault;
    this.#context = context;
  }

  /** @returns How many bytes are in whole frames, and where in the file the next one goes. */
  async length(
    path: string,
  ): Promise<{ readonly plainBytes: number; readonly fileBytes: number; readonly frames: number }> {
    let [plainBytes, fileBytes, frames] = [0, 0, 0];
    for await (const frame of this.#frames(path, true)) {
      plainBytes += frame.plain.byteLength;
      fileBytes += frame.fileBytes;
      frames++;
    }
    return { plainBytes, fileBytes, frames };
  }

  /** Appends what comes to what is there. @returns All bytes. @throws What `bytes` throws: what came until then is kept. */
  async append(path: string, bytes: AsyncIterable<Uint8Array>): Promise<number> {
    const before = await this.length(path).catch(() => ({ plainBytes: 0, fileBytes: 0, frames: 0 }));
    const file = await open(path, "a", 0o600);
    let total = before.plainBytes;
    try {
      await file.truncate(before.fileBytes);
      let index = before.frames;
      let waiting: Uint8Array[] = [];
      let waitingBytes = 0;
      const flush = async (): Promise<void> => {
        const all = Buffer.concat(waiting);
        waiting = [];
        waitingBytes = 0;
        for (let at = 0; at < all.byteLength; at += FRAME_BYTES) {
          const plain = all.subarray(at, at + FRAME_BYTES);
          await this.#write(file, plain, index++);
          total += plain.byteLength;
        }
      };
      try {
        for await (const chunk of bytes) {
          waiting.push(chunk);
          waitingBytes += chunk.byteLength;
          if (waitingBytes >= FRAME_BYTES) await flush();
        }
      } finally {
        await flush();
      }
      await file.datasync();
      return total;
    } finally {
      await file.close();
    }
  }

  /** @throws GatewayError `crypto.key`; what the file system throws. */
  async *read(path: string): AsyncIterable<Uint8Array> {
    for await (const { plain } of this.#frames(path, false)) yield plain;
  }

  async #write(file: FileHandle, plain: Uint8Array, index: number): Promise<void> {
    const sealed = this.#vault.seal(plain, `${this.#context}:${index}`);
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt32BE(sealed.byteLength);
    // Not `write`: a disk that is nearly full takes a part, and says so by a number only.
    await file.appendFile(Buffer.concat([head, sealed]));
  }

  async *#frames(
    path: string,
    cutAllowed: boolean,
  ): AsyncIterable<{ readonly plain: Uint8Array; readonly fileBytes: number }> {
    let rest = Buffer.alloc(0);
    let index = 0;
    for await (const chunk of createReadStream(path, { highWaterMark: FRAME_BYTES })) {
      rest = Buffer.concat([rest, chunk as Buffer]);
      while (rest.byteLength >= HEAD_BYTES) {
        const bytes = rest.readUInt32BE(0);
        if (bytes > MAX_SEALED_BYTES) throw new GatewayError("crypto.key", "a sealed file is damaged");
        if (rest.byteLength < HEAD_BYTES + bytes) break;
        const sealed = rest.subarray(HEAD_BYTES, HEAD_BYTES + bytes);
        yield { plain: this.#vault.open(sealed, `${this.#context}:${index++}`), fileBytes: HEAD_BYTES + bytes };
        rest = rest.subarray(HEAD_BYTES + bytes);
      }
    }
    if (rest.byteLength > 0 && !cutAllowed) throw new GatewayError("crypto.key", "a sealed file is cut off");
  }
}
