import { clamp16, G722Band } from "./g722-band.js";
import { ILN, ILP, Q6, QM2, QM4, QMF_EVEN, RH2, RL42, WH, WL } from "./g722-tables.js";

const TAPS = 24;
/** Decision level of the high band, table 6. */
const Q2 = 564;

/** ITU-T G.722 at 64 kbit/s: two samples at 16 kHz become a byte. For prompts and tests. */
export class G722Encoder {
  readonly #low = new G722Band(32, 18_432, 8);
  readonly #high = new G722Band(8, 22_528, 10);
  readonly #x = new Int32Array(TAPS);

  /**
   * @param samples −1…1 at 16 kHz, an even number; an odd last one is left out.
   * @param into Has room for a byte every two samples.
   * @returns How many bytes were written.
   */
  encode(samples: Float32Array, into: Uint8Array): number {
    const x = this.#x;
    let written = 0;
    for (let i = 0; i + 1 < samples.length; i += 2) {
      // Transmit QMF, §3.1
      x.copyWithin(0, 2);
      x[TAPS - 2] = clamp16(Math.round((samples[i] ?? 0) * 32_768));
      x[TAPS - 1] = clamp16(Math.round((samples[i + 1] ?? 0) * 32_768));
      let odd = 0;
      let even = 0;
      for (let k = 0; k < TAPS / 2; k++) {
        const coefficient = QMF_EVEN[k] ?? 0;
        odd += (x[2 * k] ?? 0) * coefficient;
        even += (x[TAPS - 1 - 2 * k] ?? 0) * coefficient;
      }
      into[written++] = (this.#encodeHigh((even - odd) >> 14) << 6) | this.#encodeLow((even + odd) >> 14);
    }
    return written;
  }

  #encodeLow(sample: number): number {
    const band = this.#low;
    const error = clamp16(sample - band.s);
    const magnitude = error >= 0 ? error : ~error;
    let interval = 1;
    while (interval < 30 && magnitude >= ((Q6[interval] ?? 0) * band.det) >> 12) interval++;
    const code = (error < 0 ? ILN[interval] : ILP[interval]) ?? 0;
    const index = code >> 2;
    const difference = (band.det * (QM4[index] ?? 0)) >> 15;
    band.adaptScale(WL[RL42[index] ?? 0] ?? 0);
    band.predict(difference);
    return code;
  }

  #encodeHigh(sample: number): number {
    const band = this.#high;
    const error = clamp16(sample - band.s);
    const magnitude = error >= 0 ? error : ~error;
    const isLarge = magnitude >= (Q2 * band.det) >> 12;
    const code = error < 0 ? (isLarge ? 0 : 1) : isLarge ? 2 : 3;
    const difference = (band.det * (QM2[code] ?? 0)) >> 15;
    band.adaptScale(WH[RH2[code] ?? 0] ?? 0);
    band.predict(difference);
    return code;
  }
}
