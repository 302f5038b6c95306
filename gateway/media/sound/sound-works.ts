import type { PayloadFormat } from "../../core/payload-format.js";
import type { PcmAudio } from "../audio.js";
import { G711, type G711Law } from "../g711/g711.js";
import { G722Encoder } from "../g722/g722-encoder.js";
import { designKernel, type ResamplerKernel } from "../resample/design-kernel.js";
import { PromptSound, type Sound } from "./prompt-sound.js";

/** Makes payloads of one length out of sound. */
export interface SoundEncoder {
  readonly format: PayloadFormat;
  /** Samples a second that it wants. */
  readonly rateHz: number;
  /** Of RTP timestamps, a payload. */
  readonly ticks: number;
  readonly mostBytes: number;
  /** @returns Bytes written from the start of `into` on; 0: the sound is over. */
  encode(sound: Sound, into: Uint8Array): number;
}

type Coder = (samples: Float32Array, into: Uint8Array) => number;

const G722_RATE_HZ = 16_000;
/** Filters of ratios that were asked for. */
const MAX_KERNELS = 32;

/** What prompts are coded with: tables and filters that all share. */
export class SoundWorks {
  readonly #frameMs: number;
  readonly #laws: Readonly<Record<G711Law, G711>> = { PCMU: new G711("PCMU"), PCMA: new G711("PCMA") };
  readonly #kernels = new Map<string, ResamplerKernel>();

  constructor(frameMs: number) {
    this.#frameMs = frameMs;
  }

  /** @returns Undefined: a coding that is not made here (Opus: see `FrameCoder`), or none of sound. */
  encoderFor(format: PayloadFormat): SoundEncoder | undefined {
    const { codec, clockRateHz, channels } = format;
    switch (codec) {
      case "PCMU":
      case "PCMA": {
        const law = this.#laws[codec];
        if (channels !== 1) return undefined;
        return this.#encoder(format, clockRateHz, 1, (samples, into) => law.encode(samples, into));
      }
      case "L16": {
        const code: Coder = (samples, into) => encodeL16(samples, channels, into);
        return this.#encoder(format, clockRateHz, 2 * channels, code);
      }
      case "G722": {
        if (channels !== 1) return undefined;
        const coder = new G722Encoder();
        // Two samples a byte; its clock says 8,000 for historical reasons (RFC 3551 §4.5.2).
        return this.#encoder(format, G722_RATE_HZ, 0.5, (samples, into) => coder.encode(samples, into));
      }
      case "opus":
      case "telephone-event":
      case "CN":
        return undefined;
    }
  }

  /** @returns Undefined: there is no way from that rate to this one. */
  promptAt(audio: PcmAudio, rateHz: number): Sound | undefined {
    if (audio.sampleRateHz === rateHz) return new PromptSound(audio, undefined);
    const name = `${audio.sampleRateHz}>${rateHz}`;
    const kernel = this.#kernels.get(name) ?? designKernel(audio.sampleRateHz, rateHz);
    if (kernel === undefined) return undefined;
    if (this.#kernels.size >= MAX_KERNELS) this.#kernels.clear();
    this.#kernels.set(name, kernel);
    return new PromptSound(audio, kernel);
  }

  #encoder(format: PayloadFormat, rateHz: number, bytesPerSample: number, code: Coder): SoundEncoder {
    const samples = new Float32Array(Math.round((rateHz * this.#frameMs) / 1000));
    return {
      format,
      rateHz,
      ticks: Math.round((format.clockRateHz * this.#frameMs) / 1000),
      mostBytes: Math.ceil(samples.length * bytesPerSample),
      encode: (sound, into) => (sound.take(samples) === 0 ? 0 : code(samples, into)),
    };
  }
}

/** RFC 3551 §4.5.11: big-endian, channels interleaved. */
function encodeL16(samples: Float32Array, channels: number, into: Uint8Array): number {
  let at = 0;
  for (const sample of samples) {
    const value = Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_768)));
    for (let channel = 0; channel < channels; channel++) {
      into[at++] = value >> 8;
      into[at++] = value;
    }
  }
  return at;
}
