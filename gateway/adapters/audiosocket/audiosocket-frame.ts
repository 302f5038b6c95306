import type { PayloadFormat } from "../../media/audio.js";
import { carriedFormat } from "../../media/pcm-packets/carried-formats.js";

/** Kinds of messages that carry no sound. Asterisk: include/asterisk/res_audiosocket.h */
export const KIND = { hangUp: 0x00, uuid: 0x01, silence: 0x02, digit: 0x03, error: 0xff } as const;

/** Kinds of sound: 16-bit linear, low byte first. */
const SOUND_KINDS: ReadonlyMap<number, string> = new Map([
  [0x10, "slin"],
  [0x11, "slin12"],
  [0x12, "slin16"],
  [0x13, "slin24"],
  [0x14, "slin32"],
  [0x15, "slin44"],
  [0x16, "slin48"],
  [0x17, "slin96"],
  [0x18, "slin192"],
]);
/** Also of sound in any codec that Asterisk has no kind for. */
export const NARROW_SOUND = 0x10;

export const UUID_BYTES = 16;
const HEAD_BYTES = 3;
/** RFC 9562 §4 */
const UUID_PARTS = [8, 12, 16, 20];

const FORMATS = new Map([...SOUND_KINDS].map(([kind, name]) => [kind, carriedFormat(name)]));

/** @returns Undefined: no sound is in messages of that kind. */
export const soundFormat = (kind: number): PayloadFormat | undefined => FORMATS.get(kind);

export type FrameFault = "unknown-kind" | "bad-length";

/** Length by kind, where only one makes sense. Whatever a hang-up or a silence carries is of no interest. */
function fits(kind: number, length: number): FrameFault | undefined {
  switch (kind) {
    case KIND.uuid:
      return length === UUID_BYTES ? undefined : "bad-length";
    case KIND.digit:
      return length === 1 ? undefined : "bad-length";
    case KIND.hangUp:
    case KIND.silence:
    case KIND.error:
      return undefined;
    default:
      return SOUND_KINDS.has(kind) ? undefined : "unknown-kind";
  }
}

/**
 * Bytes of an AudioSocket → messages: kind (1 byte), length (2 bytes, high byte first), payload. They may come cut in any way.
 *
 * Memory: one message, 64 KiB at most. May be fed anything.
 */
export class FrameReader {
  readonly #head = new Uint8Array(HEAD_BYTES);
  #headFilled = 0;
  #body = new Uint8Array(320);
  #bodyFilled = 0;
  /** Of the message that is not complete. */
  #length = 0;

  /**
   * @param take Told of each message; the payload is good until the next `push`. False: no more of them.
   * @returns Why the stream makes no sense from here on; undefined: it does.
   */
  push(chunk: Uint8Array, take: (kind: number, payload: Uint8Array) => boolean): FrameFault | undefined {
    let at = 0;
    while (at < chunk.byteLength || this.#isComplete) {
      if (this.#headFilled < HEAD_BYTES) {
        this.#head[this.#headFilled++] = chunk[at++] ?? 0;
        if (this.#headFilled < HEAD_BYTES) continue;
        this.#length = ((this.#head[1] ?? 0) << 8) | (this.#head[2] ?? 0);
        const fault = fits(this.#head[0] ?? 0, this.#length);
        if (fault !== undefined) return fault;
      }
      const end = at + this.#length - this.#bodyFilled;
      const isWhole = this.#bodyFilled === 0 && end <= chunk.byteLength;
      const payload = isWhole ? chunk.subarray(at, end) : this.#gather(chunk.subarray(at, end));
      at = Math.min(end, chunk.byteLength);
      if (payload === undefined) return undefined;
      const kind = this.#head[0] ?? 0;
      this.#headFilled = 0;
      this.#bodyFilled = 0;
      if (!take(kind, payload)) return undefined;
    }
    return undefined;
  }

  /** A message without payload, whose head ended the chunk. */
  get #isComplete(): boolean {
    return this.#headFilled === HEAD_BYTES && this.#bodyFilled === this.#length;
  }

  /** @returns The payload, once it is there. */
  #gather(piece: Uint8Array): Uint8Array | undefined {
    if (this.#body.byteLength < this.#length) {
      const longer = new Uint8Array(this.#length);
      longer.set(this.#body.subarray(0, this.#bodyFilled));
      this.#body = longer;
    }
    this.#body.set(piece, this.#bodyFilled);
    this.#bodyFilled += piece.byteLength;
    return this.#bodyFilled < this.#length ? undefined : this.#body.subarray(0, this.#length);
  }
}

/** A message of ours, newly allocated. @param payload 65,535 bytes at most. */
export function buildFrame(kind: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(HEAD_BYTES + payload.byteLength);
  frame[0] = kind;
  frame[1] = payload.byteLength >> 8;
  frame[2] = payload.byteLength;
  frame.set(payload, HEAD_BYTES);
  return frame;
}

/** `40325ec2-5efd-4bd3-805f-53576e581d13` */
export function uuidText(bytes: Uint8Array): string {
  const hex = Array.from(bytes.subarray(0, UUID_BYTES), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [...UUID_PARTS, 32].map((end, i, ends) => hex.slice(i === 0 ? 0 : ends[i - 1], end)).join("-");
}
