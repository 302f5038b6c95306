import type { CodedLevel } from "../media/decode/coded-level.js";
import type { CodedFrame } from "../media/jitter/jitter-buffer.js";

/** A level that opens every gate: whether this frame is loud cannot be told without decoding it. */
export const UNKNOWN_DB = 0;
export const SILENT_DB = -127;

/**
 * How loud a stream's frames are, dB of full scale, told from their coded form, also where that takes more than a table: what costs little is
 * enough to leave silence undecoded. One instance a stream: G.722 says by how much its scale changes, not what it is.
 */
export class FrameLevel {
  readonly #tables: CodedLevel;
  /** G.722: logarithm of the lower band's scale factor. */
  #scale = 0;

  /** @param tables Shared by all streams of the thread. */
  constructor(tables: CodedLevel) {
    this.#tables = tables;
  }

  reset(): void {
    this.#scale = 0;
  }

  of({ format, bytes, from, to }: CodedFrame): number {
    switch (format.codec) {
      case "G722":
        return this.#g722(bytes, from, to);
      case "opus":
        return levelOfOpus(bytes, from, to);
      default:
        return this.#tables.of(format, bytes, from, to) ?? UNKNOWN_DB;
    }
  }

  /**
   * ITU-T G.722 §3.3.2 (QL4 scale factor adaptation, equations 3-12 and 3-13): the scale follows the signal, so its mean is its level, to a few dB.
   */
  #g722(bytes: Uint8Array, from: number, to: number): number {
    let scale = this.#scale;
    let loudest = 0;
    for (let i = from; i < to; i++) {
      // Bits 2–5: the four upper bits of the lower band's six.
      const code = ((bytes[i] ?? 0) >> 2) & 0x0f;
      scale = ((scale * 127) >> 7) + (G722_LOG_MULTIPLIERS[code] ?? 0);
      scale = scale < 0 ? 0 : scale > G722_MOST ? G722_MOST : scale;
      if (scale > loudest) loudest = scale;
    }
    this.#scale = scale;
    return G722_LEAST_DB + (loudest / 2_048) * DB_PER_OCTAVE;
  }
}

/** W_L by the four-bit code: magnitude by the three lower bits, those with the sign bit clear are negative. ITU-T G.722 table 9 */
const G722_LOG_MULTIPLIERS = [-60, 3_042, 1_198, 538, 334, 172, 58, -30, 3_042, 1_198, 538, 334, 172, 58, -30, -60];
const G722_MOST = 18_432;
const DB_PER_OCTAVE = 20 * Math.log10(2);
/** Of the smallest scale factor. Fitted to decoded speech and tones: the scale is that of the prediction's error. */
const G722_LEAST_DB = -71;

/** An opus packet that is no longer is silence that is not sent. RFC 6716 §2.1.9 */
const OPUS_DTX_BYTES = 2;
/** SILK frames of 20 ms (10 ms in one that short) by the duration of an opus frame. RFC 6716 §3.1, table 2 */
const SILK_FRAMES = [1, 1, 2, 3] as const;

/**
 * RFC 6716 §4.2.3: SILK and hybrid packets say in the first bits of their first frame which parts hold voice. CELT does not tell, nor do
 * packets of several frames: they have to be decoded.
 */
function levelOfOpus(bytes: Uint8Array, from: number, to: number): number {
  if (to - from <= OPUS_DTX_BYTES) return SILENT_DB;
  const toc = bytes[from] ?? 0;
  const configuration = toc >> 3;
  if (configuration >= 16 || (toc & 3) !== 0) return UNKNOWN_DB;
  const frames = configuration < 12 ? (SILK_FRAMES[configuration & 3] ?? 1) : 1;
  const first = bytes[from + 1] ?? 0;
  // One bit a SILK frame, then the one for redundancy; the same again for the other channel.
  const mid = first >> (8 - frames);
  const side = (toc & 4) === 0 ? 0 : ((first << (frames + 1)) & 0xff) >> (8 - frames);
  return mid !== 0 || side !== 0 ? UNKNOWN_DB : SILENT_DB;
}
