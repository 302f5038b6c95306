import type { PayloadFormat } from "../audio.js";
import { G711 } from "../g711/g711.js";
import { G722Decoder } from "../g722/g722-decoder.js";
import type { AudioDecoder, CreateAudioDecoder } from "./audio-decoder.js";
import { SampleBuffer } from "./sample-buffer.js";

/** Clock rates that are used; a peer may name any, and each costs a filter. */
const RATES_HZ: ReadonlySet<number> = new Set([
  8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000,
]);

/** A factory for G.711, G.722 and L16, which need nothing but arithmetic. Make one a thread: its decoders share tables. */
export function pureDecoders(): CreateAudioDecoder {
  const laws = { PCMU: new G711("PCMU"), PCMA: new G711("PCMA") };
  return (format: PayloadFormat): AudioDecoder | undefined => {
    const { codec, clockRateHz, channels } = format;
    if (!RATES_HZ.has(clockRateHz) || channels < 1) return undefined;
    switch (codec) {
      case "PCMU":
      case "PCMA":
        return new G711AudioDecoder(laws[codec], clockRateHz, channels);
      case "G722":
        return channels === 1 ? new G722AudioDecoder() : undefined;
      case "L16":
        return new L16AudioDecoder(clockRateHz, channels);
      case "opus":
      case "CN":
      case "telephone-event":
        return undefined;
    }
  };
}

class G711AudioDecoder implements AudioDecoder {
  readonly sampleRateHz: number;
  readonly #law: G711;
  readonly #channels: number;
  readonly #buffer = new SampleBuffer();

  constructor(law: G711, sampleRateHz: number, channels: number) {
    this.#law = law;
    this.sampleRateHz = sampleRateHz;
    this.#channels = channels;
  }

  decode(bytes: Uint8Array, from: number, to: number): Float32Array {
    const { floats } = this.#law;
    const channels = this.#channels;
    const frames = Math.floor((to - from) / channels);
    const output = this.#buffer.reserve(frames);
    if (channels === 1) for (let i = 0; i < frames; i++) output[i] = floats[bytes[from + i] ?? 0] ?? 0;
    else {
      for (let i = 0, at = from; i < frames; i++) {
        let sum = 0;
        for (let n = 0; n < channels; n++) sum += floats[bytes[at++] ?? 0] ?? 0;
        output[i] = sum / channels;
      }
    }
    return this.#buffer.first(frames);
  }

  reset(): void {
    // G.711 has no memory.
  }
  close(): void {
    // Nothing to free.
  }
}

class G722AudioDecoder implements AudioDecoder {
  readonly sampleRateHz = 16_000;
  readonly #decoder = new G722Decoder();
  readonly #buffer = new SampleBuffer();

  decode(bytes: Uint8Array, from: number, to: number): Float32Array {
    const output = this.#buffer.reserve(2 * (to - from));
    return this.#buffer.first(this.#decoder.decode(bytes, from, to, output));
  }

  reset(): void {
    this.#decoder.reset();
  }
  close(): void {
    // Nothing to free.
  }
}

/** Big-endian, channels one after the other. RFC 3551 §4.5.11 */
class L16AudioDecoder implements AudioDecoder {
  readonly sampleRateHz: number;
  readonly #channels: number;
  readonly #buffer = new SampleBuffer();

  constructor(sampleRateHz: number, channels: number) {
    this.sampleRateHz = sampleRateHz;
    this.#channels = channels;
  }

  decode(bytes: Uint8Array, from: number, to: number): Float32Array {
    const channels = this.#channels;
    const frames = Math.floor((to - from) / (2 * channels));
    const output = this.#buffer.reserve(frames);
    const scale = 1 / (32_768 * 65_536 * channels);
    for (let i = 0, at = from; i < frames; i++) {
      let sum = 0;
      for (let n = 0; n < channels; n++, at += 2) sum += ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16);
      output[i] = sum * scale;
    }
    return this.#buffer.first(frames);
  }

  reset(): void {
    // L16 has no memory.
  }
  close(): void {
    // Nothing to free.
  }
}
