// Constants of ITU-T G.722, by the names that the recommendation gives them. Indices that codes cannot take are filled with 0.

/** Table 7: scale factors, low band; index by RL42. */
export const WL = Int16Array.of(-60, -30, 58, 172, 334, 538, 1198, 3042);
/** Table 5: 4-bit code without sign → index into WL. */
export const RL42 = Uint8Array.of(0, 7, 6, 5, 4, 3, 2, 1, 7, 6, 5, 4, 3, 2, 1, 0);
/** Table 8: antilogarithm. */
export const ILB = Int16Array.of(
  2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
  2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
); // prettier-ignore
/** Table 7: scale factors, high band; index by RH2. */
export const WH = Int16Array.of(0, -214, 798);
/** Table 6: 2-bit code → index into WH. */
export const RH2 = Uint8Array.of(2, 1, 2, 1);
/** Table 6: inverse quantizer, high band. */
export const QM2 = Int16Array.of(-7408, -1616, 7408, 1616);
/** Table 5: inverse quantizer of 4 bits, low band: drives the predictor. */
export const QM4 = Int16Array.of(
  0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0,
); // prettier-ignore
/** Table 5: inverse quantizer of 6 bits, low band: what is heard at 64 kbit/s. */
export const QM6 = Int16Array.of(
  -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576, -7856,
  -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040, -728,
  24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456,
  4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
); // prettier-ignore
/** Table 5: decision levels, low band. */
export const Q6 = Int16Array.of(
  0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714,
  786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
); // prettier-ignore
/** Table 5: interval → code, of negative and positive differences. */
export const ILN = Uint8Array.of(
  0, 63, 62, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4,
); // prettier-ignore
export const ILP = Uint8Array.of(
  0, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41, 40, 39, 38, 37, 36, 35, 34, 33, 32,
); // prettier-ignore
/** Table 4: half of the quadrature mirror filter, which is symmetric; even and odd taps apart. In 1/4096. */
export const QMF_EVEN = Int16Array.of(3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11);
