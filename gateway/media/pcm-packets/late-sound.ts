import type { PayloadFormat } from "../audio.js";
import { opusDurationMs } from "../opus/opus-packet.js";
import type { PcmPackets } from "./pcm-packets.js";

interface Piece {
  readonly format: PayloadFormat;
  readonly bytes: Uint8Array;
  readonly durationMs: number;
}

/** Handed on at once beyond that: a sender that floods must not fill the memory. */
const MOST_BYTES = 262_144;

/**
 * Pieces of sound that have come since the last look: spoken one after the other, and the last of them now. So a stall on the way
 * (ours, or the sender's, who then sends all of it at once) makes no hole in the middle of a word, as a real pause does between words.
 */
export class LateSound {
  #pieces: Piece[] = [];
  #bytes = 0;

  /** @param bytes Copied. */
  put(format: PayloadFormat, bytes: Uint8Array, to: PcmPackets, nowMs: number): void {
    const copy = bytes.slice();
    this.#pieces.push({ format, bytes: copy, durationMs: durationOf(format, copy) });
    this.#bytes += copy.byteLength;
    if (this.#bytes > MOST_BYTES) this.hand(to, nowMs);
  }

  /** Every 10 ms or so. @returns Whether there was any. */
  hand(to: PcmPackets, nowMs: number): boolean {
    if (this.#pieces.length === 0) return false;
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#bytes = 0;
    let laterMs = pieces.reduce((sum, { durationMs }) => sum + durationMs, 0);
    for (const { format, bytes, durationMs } of pieces) {
      laterMs -= durationMs;
      to.put(format, bytes, nowMs - laterMs, nowMs);
    }
    return true;
  }
}

function durationOf({ codec, clockRateHz }: PayloadFormat, bytes: Uint8Array): number {
  if (codec === "opus") return opusDurationMs(bytes, 0, bytes.byteLength);
  return (bytes.byteLength * 1_000) / (clockRateHz * (codec === "L16" ? 2 : 1));
}
