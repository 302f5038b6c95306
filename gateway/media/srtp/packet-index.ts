const HALF = 0x8000;
const WINDOW = 128;
const SEQUENCES = 0x10000;

/**
 * Which packet of a source a sequence number means, over its wraps, and whether it came before. RFC 3711 §3.3.1, §3.3.2, appendix A.
 *
 * The index is roll-over counter × 65,536 + sequence number, at most 48 bits. `remember` only what was authentic.
 */
export class PacketIndex {
  readonly #firstRoc: number;
  #highest = -1;
  /** Bit i of word i/32: the packet `highest − i` was seen. */
  readonly #seen = new Uint32Array(WINDOW / 32);

  /** @param roc Roll-over counter that the first packet is taken to have. */
  constructor(firstRoc = 0) {
    this.#firstRoc = firstRoc;
  }

  /** The most likely index of that packet; −1: it would lie before the beginning. */
  estimate(sequenceNumber: number): number {
    if (this.#highest < 0) return this.#firstRoc * SEQUENCES + sequenceNumber;
    const roc = Math.floor(this.#highest / SEQUENCES);
    const last = this.#highest % SEQUENCES;
    let guess = roc;
    if (last < HALF) {
      if (sequenceNumber - last > HALF) guess = roc - 1;
    } else if (last - HALF > sequenceNumber) guess = roc + 1;
    return guess < 0 ? -1 : guess * SEQUENCES + sequenceNumber;
  }

  /** The index of that sequence number `wraps` (at least 1) later than that of the newest packet. */
  indexAfter(wraps: number, sequenceNumber: number): number {
    const roc = this.#highest < 0 ? this.#firstRoc : Math.floor(this.#highest / SEQUENCES);
    return (roc + wraps) * SEQUENCES + sequenceNumber;
  }

  /** It came already, or is older than the window tells. */
  isReplay(index: number): boolean {
    const age = this.#highest - index;
    if (age < 0) return false;
    return age >= WINDOW || ((this.#seen[age >>> 5] ?? 0) & (1 << (age & 31))) !== 0;
  }

  remember(index: number): void {
    if (index > this.#highest) {
      this.#shift(this.#highest < 0 ? WINDOW : index - this.#highest);
      this.#highest = index;
    }
    const age = this.#highest - index;
    if (age < WINDOW) this.#seen[age >>> 5] = (this.#seen[age >>> 5] ?? 0) | (1 << (age & 31));
  }

  #shift(by: number): void {
    if (by >= WINDOW) {
      this.#seen.fill(0);
      return;
    }
    const words = by >>> 5;
    const bits = by & 31;
    for (let i = this.#seen.length - 1; i >= 0; i--) {
      const high = this.#seen[i - words] ?? 0;
      const low = bits === 0 ? 0 : (this.#seen[i - words - 1] ?? 0) >>> (32 - bits);
      this.#seen[i] = (high << bits) | low;
    }
  }
}
