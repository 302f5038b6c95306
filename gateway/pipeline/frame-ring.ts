import type { PayloadFormat } from "../media/audio.js";
import type { CodedFrame } from "../media/jitter/jitter-buffer.js";

const FIRST_SLOT_BYTES = 256;

/** The last few coded frames of a speaker, undecoded: what was heard just before the gate opened. Memory: `count` × the longest payload so far. */
export class FrameRing {
  readonly #count: number;
  readonly #sizes: Int32Array;
  readonly #starts: Float64Array;
  readonly #durations: Float64Array;
  readonly #formats: (PayloadFormat | undefined)[];
  #slotBytes = 0;
  #bytes = new Uint8Array(0);
  #next = 0;
  #held = 0;

  constructor(count: number) {
    this.#count = count;
    this.#sizes = new Int32Array(count);
    this.#starts = new Float64Array(count);
    this.#durations = new Float64Array(count);
    this.#formats = new Array<PayloadFormat | undefined>(count).fill(undefined);
  }

  get size(): number {
    return this.#held;
  }

  /** Keeps a copy; the oldest goes when there is no room. */
  put({ format, atMs, durationMs, bytes, from, to }: CodedFrame): void {
    const size = to - from;
    if (size > this.#slotBytes) this.#grow(size);
    const slot = this.#next;
    this.#next = (slot + 1) % this.#count;
    this.#held = Math.min(this.#count, this.#held + 1);
    this.#formats[slot] = format;
    this.#starts[slot] = atMs;
    this.#durations[slot] = durationMs;
    this.#sizes[slot] = size;
    const start = slot * this.#slotBytes;
    for (let i = 0; i < size; i++) this.#bytes[start + i] = bytes[from + i] ?? 0;
  }

  /** Hands out what is held from `fromMs` on, oldest first, and forgets all. */
  drain(fromMs: number, take: (frame: CodedFrame) => void): void {
    for (let i = this.#held; i > 0; i--) {
      const slot = (this.#next - i + this.#count) % this.#count;
      const format = this.#formats[slot];
      const atMs = this.#starts[slot] ?? 0;
      if (format === undefined || atMs < fromMs) continue;
      const start = slot * this.#slotBytes;
      const to = start + (this.#sizes[slot] ?? 0);
      const durationMs = this.#durations[slot] ?? 0;
      take({ format, timestamp: 0, atMs, durationMs, bytes: this.#bytes, from: start, to });
    }
    this.clear();
  }

  clear(): void {
    this.#held = 0;
  }

  /** What was held is lost: a longer payload is another codec or another packet time. */
  #grow(size: number): void {
    this.#slotBytes = Math.max(FIRST_SLOT_BYTES, 2 ** Math.ceil(Math.log2(size)));
    this.#bytes = new Uint8Array(this.#count * this.#slotBytes);
    this.#held = 0;
  }
}
