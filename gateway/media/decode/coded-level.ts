import type { PayloadFormat } from "../audio.js";
import { G711 } from "../g711/g711.js";

/** The least level that is told. */
export const SILENCE_DBOV = -127;

/** How loud payloads are, without decoding them: for gates that look at every packet. Make one a thread. */
export class CodedLevel {
  readonly #laws = { PCMU: new G711("PCMU"), PCMA: new G711("PCMA") };

  /**
   * @param bytes The payload is from `from` to `to`.
   * @returns Mean power, dBov (0: a square wave at full scale), −127…0; undefined: this codec has to be decoded to tell (G.722, opus).
   */
  of(format: PayloadFormat, bytes: Uint8Array, from: number, to: number): number | undefined {
    switch (format.codec) {
      case "PCMU":
      case "PCMA":
        return this.#laws[format.codec].levelDbov(bytes, from, to);
      case "L16": {
        let sum = 0;
        for (let at = from; at + 1 < to; at += 2) {
          const sample = (((bytes[at] ?? 0) << 24) >> 16) | (bytes[at + 1] ?? 0);
          sum += sample * sample;
        }
        return dbov(sum / (32_768 * 32_768) / Math.max(1, (to - from) >> 1));
      }
      case "CN":
        return to > from ? -((bytes[from] ?? 0) & 0x7f) : SILENCE_DBOV;
      case "telephone-event":
        return SILENCE_DBOV;
      case "G722":
      case "opus":
        return undefined;
    }
  }

  /** The same of decoded sound. */
  ofSamples(samples: Float32Array): number {
    let sum = 0;
    for (let i = 0; i < samples.length; i++) sum += (samples[i] ?? 0) ** 2;
    return dbov(sum / Math.max(1, samples.length));
  }
}

const dbov = (power: number): number => (power > 0 ? Math.max(SILENCE_DBOV, 10 * Math.log10(power)) : SILENCE_DBOV);
