import { fail, ok, type Result } from "../../core/result.js";

export interface FrameError {
  readonly code: "drachtio.frame-length" | "drachtio.frame-too-large";
}

const HASH = 0x23;
const ZERO = 0x30;

/**
 * Cuts drachtio's stream into frames: `LENGTH#PAYLOAD`, LENGTH in bytes and decimal digits, nothing in between.
 * After an error the stream cannot be read any further: close the connection.
 */
export class FrameReader {
  readonly #maxBytes: number;
  readonly #maxDigits: number;
  #rest: Buffer = Buffer.alloc(0);

  /** @param maxBytes Largest payload that is taken; also bounds what is buffered. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#maxDigits = String(maxBytes).length;
  }

  /** Owned by the reader from now on. */
  push(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
  }

  /** @returns The next payload, a view; undefined: more bytes are needed. */
  next(): Result<Buffer | undefined, FrameError> {
    const rest = this.#rest;
    let length = 0;
    let at = 0;
    for (; at < rest.length; at++) {
      const byte = rest[at] ?? 0;
      if (byte === HASH) break;
      const digit = byte - ZERO;
      if (digit < 0 || digit > 9 || at >= this.#maxDigits) return fail({ code: "drachtio.frame-length" });
      length = length * 10 + digit;
    }
    if (at === rest.length) return ok(undefined);
    if (at === 0 || length === 0) return fail({ code: "drachtio.frame-length" });
    if (length > this.#maxBytes) return fail({ code: "drachtio.frame-too-large" });
    const start = at + 1;
    if (rest.length < start + length) return ok(undefined);
    this.#rest = rest.subarray(start + length);
    return ok(rest.subarray(start, start + length));
  }
}
