import { SPEECH_RATE_HZ, type PayloadFormat } from "../audio.js";
import { ComfortNoise, parseComfortNoise } from "../comfort-noise/comfort-noise.js";
import { Concealer } from "../conceal/concealer.js";
import type { CodedFrame } from "../jitter/jitter-buffer.js";
import { designKernel, type ResamplerKernel } from "../resample/design-kernel.js";
import { Resampler } from "../resample/resampler.js";
import type { AudioDecoder, CreateAudioDecoder } from "./audio-decoder.js";
import { SampleBuffer } from "./sample-buffer.js";

/** Longer gaps are not filled in one piece. */
export const MAX_FILL_MS = 1_000;
/** Of one stream at a time; the one used longest ago goes first. */
const MAX_DECODERS = 4;
/** Clocks of comfort noise; with any other it is made at 16 kHz. */
const NOISE_RATES_HZ: ReadonlySet<number> = new Set([8_000, 32_000, 48_000]);
const NOTHING = new Float32Array(0);

/** What speech decoders of one thread share: filters, and the way to codecs. */
export class SpeechDecoders {
  readonly #create: CreateAudioDecoder;
  readonly #kernels = new Map<number, ResamplerKernel | undefined>();

  /** @param create See `pureDecoders`; opus comes from its adapter. */
  constructor(create: CreateAudioDecoder) {
    this.#create = create;
  }

  /** A decoder for one stream. */
  open(): SpeechDecoder {
    return new SpeechDecoder(this.#create, (rateHz) => this.#resampler(rateHz));
  }

  #resampler(rateHz: number): Resampler | undefined {
    // Rates are those that decoders have: a short list.
    if (!this.#kernels.has(rateHz)) this.#kernels.set(rateHz, designKernel(rateHz, SPEECH_RATE_HZ));
    const kernel = this.#kernels.get(rateHz);
    return kernel === undefined ? undefined : new Resampler(kernel);
  }
}

interface Chain {
  /** As last told; formats that say the same are the same. */
  format: PayloadFormat;
  readonly decoder: AudioDecoder;
  /** Undefined: it is at 16 kHz already. */
  readonly resampler: Resampler | undefined;
}

/**
 * One stream's frames and gaps → 16 kHz mono without holes: decodes whatever codec each frame has, resamples, conceals what was lost,
 * fills pauses with comfort noise where the sender asked for it.
 *
 * What it returns is good until the next call. Sound at full scale may overshoot −1…1 where it was resampled.
 */
export class SpeechDecoder {
  /** Frames that no decoder takes, or that are not of their codec. */
  undecodable = 0;
  readonly #create: CreateAudioDecoder;
  readonly #resamplerOf: (rateHz: number) => Resampler | undefined;
  /** By payload type, in order of use. */
  readonly #chains = new Map<number, Chain>();
  #current: Chain | undefined;
  readonly #concealer = new Concealer(SPEECH_RATE_HZ);
  readonly #output = new SampleBuffer();
  readonly #noise = new ComfortNoise();
  #noiseChain: { readonly rateHz: number; readonly resampler: Resampler | undefined } | undefined;
  readonly #noiseInput = new SampleBuffer();
  #isNoisy = false;

  constructor(create: CreateAudioDecoder, resamplerOf: (rateHz: number) => Resampler | undefined) {
    this.#create = create;
    this.#resamplerOf = resamplerOf;
  }

  /** @returns Its sound at 16 kHz; none for events and comfort noise (which counts for gaps that follow), and for what is undecodable. */
  decode(frame: CodedFrame): Float32Array {
    const { codec } = frame.format;
    if (codec === "telephone-event") return NOTHING;
    if (codec === "CN") {
      this.#takeNoise(frame);
      return NOTHING;
    }
    const chain = this.#current?.format === frame.format ? this.#current : this.#chainOf(frame.format);
    const decoded = chain?.decoder.decode(frame.bytes, frame.from, frame.to) ?? NOTHING;
    if (chain === undefined || decoded.length === 0) {
      this.undecodable++;
      return NOTHING;
    }
    this.#isNoisy = false;
    const samples = this.#atSpeechRate(chain.resampler, decoded);
    this.#concealer.heard(samples);
    return samples;
  }

  /**
   * Sound in place of a gap: made up where packets were lost, else comfort noise or silence.
   *
   * @param durationMs Of more than 1 s only 1 s is given.
   */
  fill(durationMs: number, lost: boolean): Float32Array {
    const count = Math.round((Math.min(durationMs, MAX_FILL_MS) * SPEECH_RATE_HZ) / 1000);
    if (!lost && this.#isNoisy) {
      const noise = this.#makeNoise(count);
      this.#concealer.heard(noise);
      return noise;
    }
    const output = this.#output.reserve(count);
    if (lost) this.#concealer.conceal(output, count);
    else {
      output.fill(0, 0, count);
      this.#concealer.reset();
    }
    return this.#output.first(count);
  }

  /** Another source, or frames have been left out: nothing of what was before counts. */
  restart(): void {
    this.#isNoisy = false;
    this.#concealer.reset();
    for (const chain of this.#chains.values()) resetChain(chain);
  }

  /** Safe to call twice. */
  close(): void {
    for (const { decoder } of this.#chains.values()) decoder.close();
    this.#chains.clear();
    this.#current = undefined;
  }

  #chainOf(format: PayloadFormat): Chain | undefined {
    const known = this.#chains.get(format.payloadType);
    const isSame = known !== undefined && saysTheSame(known.format, format);
    const chain = isSame ? known : this.#open(format);
    this.#chains.delete(format.payloadType);
    if (isSame) {
      known.format = format;
      // Another codec spoke in between: what this one remembers is long past.
      if (known !== this.#current) resetChain(known);
    } else known?.decoder.close();
    this.#current = chain;
    if (chain === undefined) return undefined;
    this.#chains.set(format.payloadType, chain);
    const [oldest] = this.#chains;
    if (this.#chains.size > MAX_DECODERS && oldest !== undefined) {
      oldest[1].decoder.close();
      this.#chains.delete(oldest[0]);
    }
    return chain;
  }

  #open(format: PayloadFormat): Chain | undefined {
    const decoder = this.#create(format);
    if (decoder === undefined) return undefined;
    if (decoder.sampleRateHz === SPEECH_RATE_HZ) return { format, decoder, resampler: undefined };
    const resampler = this.#resamplerOf(decoder.sampleRateHz);
    if (resampler !== undefined) return { format, decoder, resampler };
    decoder.close();
    return undefined;
  }

  /** A copy in `#output`, so that it may be changed. */
  #atSpeechRate(resampler: Resampler | undefined, samples: Float32Array): Float32Array {
    if (resampler === undefined) {
      this.#output.reserve(samples.length).set(samples);
      return this.#output.first(samples.length);
    }
    const output = this.#output.reserve(resampler.mostFor(samples.length));
    return this.#output.first(resampler.process(samples, output));
  }

  #takeNoise({ format, bytes, from, to }: CodedFrame): void {
    const parameters = parseComfortNoise(bytes, from, to);
    if (parameters === undefined) return;
    this.#noise.set(parameters);
    this.#isNoisy = true;
    if (this.#noiseChain?.rateHz === format.clockRateHz) return;
    const rateHz = NOISE_RATES_HZ.has(format.clockRateHz) ? format.clockRateHz : SPEECH_RATE_HZ;
    this.#noiseChain = { rateHz, resampler: rateHz === SPEECH_RATE_HZ ? undefined : this.#resamplerOf(rateHz) };
  }

  #makeNoise(count: number): Float32Array {
    const { rateHz = SPEECH_RATE_HZ, resampler } = this.#noiseChain ?? {};
    const needed = Math.round((count * rateHz) / SPEECH_RATE_HZ);
    const input = this.#noiseInput.reserve(needed);
    this.#noise.fill(input, needed);
    return this.#atSpeechRate(resampler, this.#noiseInput.first(needed));
  }
}

const saysTheSame = (a: PayloadFormat, b: PayloadFormat): boolean =>
  a === b ||
  (a.codec === b.codec &&
    a.clockRateHz === b.clockRateHz &&
    a.channels === b.channels &&
    a.parameters === b.parameters);

function resetChain({ decoder, resampler }: Chain): void {
  decoder.reset();
  resampler?.reset();
}
