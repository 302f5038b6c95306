import { SPEECH_RATE_HZ, type PayloadFormat } from "../../media/audio.js";
import type { AudioDecoder, CreateAudioDecoder } from "../../media/decode/audio-decoder.js";
import { SampleBuffer } from "../../media/decode/sample-buffer.js";
import { isOpusPacket } from "../../media/opus/opus-packet.js";
import { DECODERS_PER_INSTANCE, Libopus } from "./libopus.js";

export interface OpusOptions {
  /** Decoders at a time; one more is refused. Rounded up to 512. */
  readonly most: number;
  /** An instance could not be started: those there go on. */
  readonly onFailed: (error: unknown) => void;
}

/** Fewer left than that: the next instance is started. */
const SPARE = 64;
const NOTHING = new Float32Array(0);

/**
 * Opus decoders for the streams of one thread, by libopus in WebAssembly. Decodes straight to 16 kHz mono. Packets that break the rules
 * of RFC 6716 §3.4 are not shown to libopus; what it makes of others is noise at worst, in a sandbox.
 */
export class OpusDecoders {
  readonly #options: OpusOptions;
  #instances: Libopus[];
  #starting = false;
  #closed = false;

  /** @throws GatewayError `model.missing` */
  static async start(options: OpusOptions): Promise<OpusDecoders> {
    return new OpusDecoders(options, await Libopus.start());
  }

  private constructor(options: OpusOptions, first: Libopus) {
    this.#options = options;
    this.#instances = [first];
  }

  /** For `SpeechDecoders`; formats other than opus are left to `others`. */
  creator(others: CreateAudioDecoder): CreateAudioDecoder {
    return (format) => (format.codec === "opus" ? this.#open(format) : others(format));
  }

  /** @internal A place for a decoder; undefined: none is free (yet). */
  place(): { readonly instance: Libopus; readonly decoder: number } | undefined {
    if (this.#closed) return undefined;
    this.#instances = this.#instances.filter((each) => !each.broken);
    const room = this.#instances.reduce((sum, each) => sum + each.room, 0);
    if (room < SPARE && this.#instances.length * DECODERS_PER_INSTANCE < this.#options.most) this.#startAnother();
    for (const instance of this.#instances) {
      const decoder = instance.open();
      if (decoder !== undefined) return { instance, decoder };
    }
    return undefined;
  }

  /** Safe to call twice. Decoders that are open give nothing any more. */
  close(): void {
    this.#closed = true;
    for (const instance of this.#instances) instance.end();
    this.#instances = [];
  }

  #open(format: PayloadFormat): AudioDecoder | undefined {
    if (format.channels > 2) return undefined;
    const place = this.place();
    return place === undefined ? undefined : new OpusStreamDecoder(this, place);
  }

  #startAnother(): void {
    if (this.#starting) return;
    this.#starting = true;
    Libopus.start().then(
      (instance) => {
        this.#starting = false;
        if (this.#closed) instance.end();
        else this.#instances.push(instance);
      },
      (error: unknown) => {
        this.#starting = false;
        this.#options.onFailed(error);
      },
    );
  }
}

type Place = NonNullable<ReturnType<OpusDecoders["place"]>>;

class OpusStreamDecoder implements AudioDecoder {
  readonly sampleRateHz = SPEECH_RATE_HZ;
  readonly #owner: OpusDecoders;
  readonly #buffer = new SampleBuffer();
  #place: Place | undefined;
  #closed = false;

  constructor(owner: OpusDecoders, place: Place) {
    this.#owner = owner;
    this.#place = place;
  }

  decode(bytes: Uint8Array, from: number, to: number): Float32Array {
    if (this.#closed || !isOpusPacket(bytes, from, to)) return NOTHING;
    if (this.#place === undefined || this.#place.instance.broken) this.#place = this.#owner.place();
    const samples = this.#place?.instance.decode(this.#place.decoder, bytes, from, to);
    if (samples === undefined) return NOTHING;
    // The instance's output is shared by all of its decoders.
    this.#buffer.reserve(samples.length).set(samples);
    return this.#buffer.first(samples.length);
  }

  reset(): void {
    if (this.#closed) return;
    this.#place?.instance.close(this.#place.decoder);
    this.#place = this.#owner.place();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#place?.instance.close(this.#place.decoder);
    this.#place = undefined;
  }
}
