import type { PayloadFormat } from "../audio.js";
import { opusDurationMs } from "../opus/opus-packet.js";
import { writeRtpHeader } from "../rtp/rtp-header.js";

/** @returns False: there was no room for it. The packet is good until this returns. */
export type WritePacket = (packet: Uint8Array, nowMs: number) => boolean;

const HEAD_BYTES = 12;
const FRAME_MS = 20;
/** The jitter buffer takes no longer payloads. */
const MOST_BYTES = 4_000;
/** Silence that is longer than that moves the timestamps on: the sender had paused. */
const PAUSE_MS = 200;
/** Sound that is further ahead of real time is dropped: nobody speaks that fast. */
const AHEAD_MS = 2_000;
/** What was stalled on its way comes all at once: so much of it is taken. */
const MOST_AHEAD_MS = 10_000;

/**
 * A stream of coded sound without packets → RTP packets of 20 ms, as the listening side takes them.
 *
 * Pieces of any length are put together and cut; opus packets stay whole. Linear samples come with the low byte first, as Asterisk has
 * them in memory, and leave with the high byte first (RFC 3551 §4.5.11). Memory: one packet.
 */
export class PcmPackets {
  /** Packets that were written; sound that was dropped, ms: more than real time, or no room. */
  packets = 0;
  droppedMs = 0;
  readonly #write: WritePacket;
  readonly #ssrc: number;
  readonly #packet = new Uint8Array(HEAD_BYTES + MOST_BYTES);
  #format: PayloadFormat | undefined;
  #frameBytes = 0;
  #bytesPerMs = 0;
  /** Of the packet that is being filled. */
  #filled = 0;
  #sequence = 0;
  #timestamp = 0;
  #marker = true;
  /** Where the next byte belongs, on the clock of `nowMs`. */
  #dueMs = 0;
  #begun = false;
  /** Sound that may come at once. */
  #creditMs = AHEAD_MS;
  #putAtMs = 0;

  /** @param ssrc Of the stream, 32 bits: not that of another connection to the same stream. */
  constructor(ssrc: number, write: WritePacket) {
    this.#ssrc = ssrc >>> 0;
    this.#write = write;
  }

  /**
   * @param bytes Sound that ends at `endMs`. Not kept. May be hostile.
   * @param endMs When it had been spoken, at the latest; what was read at once with sound that follows had been spoken before.
   */
  put(format: PayloadFormat, bytes: Uint8Array, endMs: number, nowMs: number): void {
    if (format !== this.#format) this.#use(format, nowMs);
    const isOpus = format.codec === "opus";
    const durationMs = isOpus ? opusDurationMs(bytes, 0, bytes.byteLength) : bytes.byteLength / this.#bytesPerMs;
    if (durationMs === 0 || (isOpus && bytes.byteLength > MOST_BYTES)) return;
    if (!this.#spend(durationMs, nowMs)) {
      this.droppedMs += durationMs;
      return;
    }
    this.#follow(endMs - durationMs, nowMs);
    this.#dueMs += durationMs;
    if (isOpus) this.#putWhole(bytes, durationMs, nowMs);
    else this.#cut(bytes, nowMs);
  }

  /** What waits for the rest of its packet goes out. */
  flush(nowMs: number): void {
    // Half a sample is none.
    const sampleBytes = this.#format?.codec === "L16" ? 2 : 1;
    const whole = this.#filled - (this.#filled % sampleBytes);
    this.#filled = 0;
    if (whole > 0) this.#send(whole, whole / this.#bytesPerMs, nowMs);
  }

  #use(format: PayloadFormat, nowMs: number): void {
    if (this.#format !== undefined) this.flush(nowMs);
    this.#format = format;
    const sampleBytes = format.codec === "L16" ? 2 : 1;
    // G.722's clock is 8,000, and it has a byte a tick. RFC 3551 §4.5.2
    this.#bytesPerMs = (format.clockRateHz * sampleBytes) / 1_000;
    const frames = Math.max(1, Math.ceil((FRAME_MS * this.#bytesPerMs) / MOST_BYTES));
    this.#frameBytes = Math.round((FRAME_MS * format.clockRateHz) / 1_000 / frames) * sampleBytes;
    this.#marker = true;
  }

  /** @returns False: that much sound cannot have been spoken since the last. */
  #spend(durationMs: number, nowMs: number): boolean {
    if (this.#begun) this.#creditMs = Math.min(MOST_AHEAD_MS, this.#creditMs + Math.max(0, nowMs - this.#putAtMs));
    this.#putAtMs = nowMs;
    if (durationMs > this.#creditMs) return false;
    this.#creditMs -= durationMs;
    return true;
  }

  /** Moves the timestamps over a pause. */
  #follow(beginMs: number, nowMs: number): void {
    if (!this.#begun) {
      this.#begun = true;
      this.#dueMs = beginMs;
      return;
    }
    const pauseMs = beginMs - this.#dueMs;
    if (pauseMs < PAUSE_MS) return;
    this.flush(nowMs);
    this.#timestamp = (this.#timestamp + this.#ticks(pauseMs)) >>> 0;
    this.#dueMs = beginMs;
    this.#marker = true;
  }

  #cut(bytes: Uint8Array, nowMs: number): void {
    for (let at = 0; at < bytes.byteLength;) {
      const piece = bytes.subarray(at, at + this.#frameBytes - this.#filled);
      this.#packet.set(piece, HEAD_BYTES + this.#filled);
      this.#filled += piece.byteLength;
      at += piece.byteLength;
      if (this.#filled < this.#frameBytes) return;
      this.#filled = 0;
      this.#send(this.#frameBytes, this.#frameBytes / this.#bytesPerMs, nowMs);
    }
  }

  #putWhole(bytes: Uint8Array, durationMs: number, nowMs: number): void {
    this.#packet.set(bytes, HEAD_BYTES);
    this.#send(bytes.byteLength, durationMs, nowMs);
  }

  #send(size: number, durationMs: number, nowMs: number): void {
    const format = this.#format;
    if (format === undefined) return;
    const packet = this.#packet;
    if (format.codec === "L16") swapBytes(packet, HEAD_BYTES, HEAD_BYTES + size);
    writeRtpHeader(packet, {
      payloadType: format.payloadType,
      marker: this.#marker,
      sequenceNumber: this.#sequence,
      timestamp: this.#timestamp,
      ssrc: this.#ssrc,
    });
    this.#marker = false;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#timestamp = (this.#timestamp + this.#ticks(durationMs)) >>> 0;
    if (this.#write(packet.subarray(0, HEAD_BYTES + size), nowMs)) this.packets++;
    else this.droppedMs += durationMs;
  }

  #ticks(durationMs: number): number {
    return Math.round((durationMs * (this.#format?.clockRateHz ?? 0)) / 1_000);
  }
}

/** Each pair of bytes from `from` to `to` changes places. */
export function swapBytes(bytes: Uint8Array, from: number, to: number): void {
  for (let at = from; at + 1 < to; at += 2) {
    const low = bytes[at] ?? 0;
    bytes[at] = bytes[at + 1] ?? 0;
    bytes[at + 1] = low;
  }
}
