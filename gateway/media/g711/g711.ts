export type G711Law = "PCMU" | "PCMA";

/** Both laws as tables; make one of each law once per thread and share it. About 30 kB. ITU-T G.711 */
export class G711 {
  readonly law: G711Law;
  /** By code: the 16-bit sample that it stands for. */
  readonly linear: Int16Array;
  /** By code: the same in −1…1. */
  readonly floats: Float32Array;
  /** By code: the square of that, for energy without decoding. */
  readonly power: Float64Array;
  /** The code of silence: what a sample of 0 becomes. */
  readonly silence: number;
  readonly #codes: Uint8Array;
  readonly #shift: number;

  constructor(law: G711Law) {
    const isMu = law === "PCMU";
    this.law = law;
    this.linear = Int16Array.from({ length: 256 }, (_, code) => (isMu ? expandMu(code) : expandA(code)));
    this.floats = Float32Array.from(this.linear, (sample) => sample / 32_768);
    this.power = Float64Array.from(this.linear, (sample) => (sample / 32_768) ** 2);
    // The laws look at the upper 14 (µ) or 12 (A) bits of a sample only, so a table over those is exact.
    this.#shift = isMu ? 2 : 4;
    const half = 32_768 >> this.#shift;
    const compress = isMu ? compressMu : compressA;
    this.#codes = Uint8Array.from({ length: 2 * half }, (_, i) => compress(i - half));
    this.silence = compress(0);
  }

  /**
   * @param into Has room for `coded.byteLength` samples from `at` on.
   * @returns How many samples were written: one a byte.
   */
  decode(coded: Uint8Array, into: Float32Array, at = 0): number {
    const { floats } = this;
    const count = coded.byteLength;
    for (let i = 0; i < count; i++) into[at + i] = floats[coded[i] ?? 0] ?? 0;
    return count;
  }

  decodeLinear(coded: Uint8Array, into: Int16Array, at = 0): number {
    const { linear } = this;
    const count = coded.byteLength;
    for (let i = 0; i < count; i++) into[at + i] = linear[coded[i] ?? 0] ?? 0;
    return count;
  }

  /** @param sample −32768…32767, a whole number. */
  encodeSample(sample: number): number {
    return this.#codes[(sample >> this.#shift) + (this.#codes.length >> 1)] ?? this.silence;
  }

  /** @param samples −1…1; beyond is clipped. @param into Has room for as many bytes from `at` on. */
  encode(samples: Float32Array, into: Uint8Array, at = 0): number {
    const count = samples.length;
    for (let i = 0; i < count; i++) {
      const scaled = Math.round((samples[i] ?? 0) * 32_768);
      into[at + i] = this.encodeSample(scaled > 32_767 ? 32_767 : scaled < -32_768 ? -32_768 : scaled);
    }
    return count;
  }

  encodeLinear(samples: Int16Array, into: Uint8Array, at = 0): number {
    const count = samples.length;
    for (let i = 0; i < count; i++) into[at + i] = this.encodeSample(samples[i] ?? 0);
    return count;
  }

  /**
   * Mean power of coded audio in dBov (0 = a square wave at full scale), without decoding it. Empty or silent: −127, the least
   * that RFC 6464 and RFC 3389 can say.
   */
  levelDbov(coded: Uint8Array, from = 0, to = coded.byteLength): number {
    const { power } = this;
    let sum = 0;
    for (let i = from; i < to; i++) sum += power[coded[i] ?? 0] ?? 0;
    return to > from && sum > 0 ? Math.max(-127, 10 * Math.log10(sum / (to - from))) : -127;
  }
}

/** ITU-T G.711 §3.2, table 2; codes go inverted over the line. */
function expandMu(code: number): number {
  const inverted = ~code & 0xff;
  const exponent = (inverted >> 4) & 7;
  const magnitude = ((((inverted & 0x0f) << 3) + 0x84) << exponent) - 0x84;
  return (inverted & 0x80) !== 0 ? -magnitude : magnitude;
}

/** @param sample 14 bits, two's complement. */
function compressMu(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min((sample < 0 ? ~sample : sample) + 33, 0x1fff);
  let exponent = 0;
  while (magnitude >> (exponent + 6) !== 0) exponent++;
  return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 1)) & 0x0f)) & 0xff;
}

/** ITU-T G.711 §3.2, table 1; every other bit is inverted on the line. */
function expandA(code: number): number {
  const plain = code ^ 0x55;
  const exponent = (plain >> 4) & 7;
  const mantissa = ((plain & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  return (plain & 0x80) !== 0 ? magnitude : -magnitude;
}

/** @param sample 12 bits and sign, two's complement. */
function compressA(sample: number): number {
  const sign = sample < 0 ? 0 : 0x80;
  let mantissa = sample < 0 ? ~sample : sample;
  let exponent = 0;
  if (mantissa > 15) {
    exponent = 1;
    while (mantissa > 31) {
      mantissa >>= 1;
      exponent++;
    }
    mantissa -= 16;
  }
  return (sign | (exponent << 4) | mantissa) ^ 0x55;
}
