import { ILB } from "./g722-tables.js";

export const clamp16 = (x: number): number => (x > 32_767 ? 32_767 : x < -32_768 ? -32_768 : x);

/**
 * One sub-band's adaptive predictor and scale factor, as encoder and decoder both run it. ITU-T G.722 §3.6 (blocks 3 and 4), with the
 * fixed-point arithmetic of its annex: 16 bits, products in 1/32768.
 */
export class G722Band {
  /** Signal estimate for the next sample, S(n). */
  s = 0;
  /** Scale factor, DET(n). */
  det: number;
  /** Logarithmic scale factor, NB(n). */
  nb = 0;
  readonly #limits: { readonly det: number; readonly nbMost: number; readonly shift: number };
  /** Differences, [0] is the newest; zero section with six, pole section with two coefficients. */
  readonly #d = new Int32Array(7);
  readonly #b = new Int32Array(7);
  /** Share of the zero section in S. */
  #sz = 0;
  #r1 = 0;
  #p1 = 0;
  #p2 = 0;
  #a1 = 0;
  #a2 = 0;

  /** Low band: det 32, nb up to 18432, shift 8. High band: 8, 22528, 10. */
  constructor(det: number, nbMost: number, shift: number) {
    this.#limits = { det, nbMost, shift };
    this.det = det;
  }

  reset(): void {
    this.s = 0;
    this.det = this.#limits.det;
    this.nb = 0;
    this.#d.fill(0);
    this.#b.fill(0);
    this.#sz = this.#r1 = this.#p1 = this.#p2 = this.#a1 = this.#a2 = 0;
  }

  /** LOGSCL, SCALEL (LOGSCH, SCALEH). @param w Of table 7, for the code that came. */
  adaptScale(w: number): void {
    const { nbMost, shift } = this.#limits;
    const nb = ((this.nb * 127) >> 7) + w;
    this.nb = nb < 0 ? 0 : nb > nbMost ? nbMost : nb;
    const exponent = shift - (this.nb >> 11);
    const mantissa = ILB[(this.nb >> 6) & 31] ?? 0;
    this.det = (exponent < 0 ? mantissa << -exponent : mantissa >> exponent) << 2;
  }

  /** Block 4: RECONS, PARREC, UPPOL2, UPPOL1, UPZERO, DELAYA, FILTEP, FILTEZ, PREDIC. @param difference Quantized, DLT (DH). */
  predict(difference: number): void {
    const d = this.#d;
    const b = this.#b;
    const r0 = clamp16(this.s + difference);
    const p0 = clamp16(this.#sz + difference);
    this.#adaptPoles(p0);

    // UPZERO: each coefficient leaks by 1/256 and follows the sign of the product of differences.
    const gain = difference === 0 ? 0 : 128;
    const sign = difference >> 15;
    d[0] = difference;
    for (let i = 6; i > 0; i--) {
      const earlier = d[i] ?? 0;
      b[i] = clamp16((earlier >> 15 === sign ? gain : -gain) + (((b[i] ?? 0) * 32_640) >> 15));
    }
    // FILTEZ reads the differences after they have moved on by one.
    let zero = 0;
    for (let i = 6; i > 0; i--) {
      const moved = d[i - 1] ?? 0;
      d[i] = moved;
      zero += ((b[i] ?? 0) * clamp16(2 * moved)) >> 15;
    }
    zero = clamp16(zero);
    const pole = clamp16(((this.#a1 * clamp16(2 * r0)) >> 15) + ((this.#a2 * clamp16(2 * this.#r1)) >> 15));
    this.#r1 = r0;
    this.#sz = zero;
    this.s = clamp16(pole + zero);
  }

  /** UPPOL2, UPPOL1 */
  #adaptPoles(p0: number): void {
    const sameAsLast = p0 >> 15 === this.#p1 >> 15;
    const sameAsBefore = p0 >> 15 === this.#p2 >> 15;
    const fourA1 = clamp16(this.#a1 << 2);
    let step = sameAsLast ? -fourA1 : fourA1;
    if (step > 32_767) step = 32_767;
    const a2 = (step >> 7) + (sameAsBefore ? 128 : -128) + ((this.#a2 * 32_512) >> 15);
    this.#a2 = a2 > 12_288 ? 12_288 : a2 < -12_288 ? -12_288 : a2;
    const a1 = (sameAsLast ? 192 : -192) + ((this.#a1 * 32_640) >> 15);
    const most = clamp16(15_360 - this.#a2);
    this.#a1 = a1 > most ? most : a1 < -most ? -most : a1;
    this.#p2 = this.#p1;
    this.#p1 = p0;
  }
}
