import { clamp16, G722Band } from "./g722-band.js";
import { QM2, QM4, QM6, QMF_EVEN, RH2, RL42, WH, WL } from "./g722-tables.js";

const limit15 = (x: number): number => (x > 16_383 ? 16_383 : x < -16_384 ? -16_384 : x);
const TAPS = 24;
const STRETCH_BYTES = 80;

/** ITU-T G.722 at 64 kbit/s (mode 1): each byte becomes two samples at 16 kHz. */
export class G722Decoder {
  readonly #low = new G722Band(32, 18_432, 8);
  readonly #high = new G722Band(8, 22_528, 10);
  /** The last sums and differences, newest last; room for a stretch, so that they need not be moved for every byte. */
  readonly #x = new Int32Array(TAPS + 2 * STRETCH_BYTES);

  /**
   * @param bytes Coded, from `from` to `to`. Any bytes are a signal.
   * @param output Has room for two samples a byte; in −1…1.
   * @returns How many samples were written.
   */
  decode(bytes: Uint8Array, from: number, to: number, output: Float32Array): number {
    let written = 0;
    for (let at = from; at < to; at += STRETCH_BYTES) {
      written = this.#decodeStretch(bytes, at, Math.min(to, at + STRETCH_BYTES), output, written);
    }
    return written;
  }

  /** As new: after a jump of the stream. */
  reset(): void {
    this.#low.reset();
    this.#high.reset();
    this.#x.fill(0);
  }

  #decodeStretch(bytes: Uint8Array, from: number, to: number, output: Float32Array, at: number): number {
    const x = this.#x;
    let written = at;
    let newest = TAPS - 2;
    for (let i = from; i < to; i++) {
      const code = bytes[i] ?? 0;
      const low = this.#decodeLow(code & 0x3f);
      const high = this.#decodeHigh(code >> 6);
      // Receive QMF, §4.4
      newest += 2;
      x[newest] = low + high;
      x[newest + 1] = low - high;
      let even = 0;
      let odd = 0;
      for (let k = 0, a = newest + 2 - TAPS, b = newest + 1; k < TAPS / 2; k++, a += 2, b -= 2) {
        const coefficient = QMF_EVEN[k] ?? 0;
        even += (x[a] ?? 0) * coefficient;
        odd += (x[b] ?? 0) * coefficient;
      }
      output[written++] = clamp16(odd >> 11) / 32_768;
      output[written++] = clamp16(even >> 11) / 32_768;
    }
    x.copyWithin(0, newest + 2 - TAPS, newest + 2);
    return written;
  }

  #decodeLow(code: number): number {
    const band = this.#low;
    const heard = limit15(band.s + ((band.det * (QM6[code] ?? 0)) >> 15));
    const index = code >> 2;
    const difference = (band.det * (QM4[index] ?? 0)) >> 15;
    band.adaptScale(WL[RL42[index] ?? 0] ?? 0);
    band.predict(difference);
    return heard;
  }

  #decodeHigh(code: number): number {
    const band = this.#high;
    const difference = (band.det * (QM2[code] ?? 0)) >> 15;
    const heard = limit15(band.s + difference);
    band.adaptScale(WH[RH2[code] ?? 0] ?? 0);
    band.predict(difference);
    return heard;
  }
}
