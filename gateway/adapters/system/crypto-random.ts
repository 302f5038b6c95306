import { randomFillSync } from "node:crypto";
import type { Random } from "../../core/random.js";

const POOL_BYTES = 8192;

/**
 * The kernel's randomness, fetched a pool at a time: one `randomFillSync` a call costs microseconds, a token from the pool tens
 * of nanoseconds. Used bytes are never given out twice.
 */
export class CryptoRandom implements Random {
  readonly #pool = Buffer.allocUnsafeSlow(POOL_BYTES);
  #used = POOL_BYTES;

  token(bytes: number): string {
    const from = this.#take(bytes);
    return this.#pool.toString("hex", from, from + bytes);
  }

  next(): number {
    const from = this.#take(6);
    return this.#pool.readUIntBE(from, 6) / 2 ** 48;
  }

  /** @returns Where `bytes` fresh ones begin. */
  #take(bytes: number): number {
    if (bytes > POOL_BYTES) throw new RangeError(`a token has at most ${POOL_BYTES} bytes`);
    if (this.#used + bytes > POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    const from = this.#used;
    this.#used += bytes;
    return from;
  }
}
