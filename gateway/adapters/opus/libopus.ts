import { OpusDecoder } from "opus-decoder";
import { GatewayError } from "../../core/errors.js";
import { SPEECH_RATE_HZ } from "../../media/audio.js";

/** Jitter buffers hold no longer payloads. */
const MAX_PACKET_BYTES = 4_096;
/** 120 ms, the longest that a packet may be. */
const MAX_SAMPLES = 1_920;
/** A decoder takes 41 kB of the instance's 28 MB, which do not grow; its wrapper is handed out even where its state no longer fits. */
export const DECODERS_PER_INSTANCE = 512;

/** 20 ms of silence. RFC 6716 §3.1: configuration 31, mono, one frame */
const CELT_SILENCE = Uint8Array.of(0xf8, 0xff, 0xfe);

/** What we use of the module that opus-decoder 0.7.12 brings: several decoders in one memory. The package's own class takes a memory each. */
interface LibopusExports {
  opus_frame_decoder_create(
    rateHz: number,
    channels: number,
    streams: number,
    coupled: number,
    mappingAt: number,
    preSkip: number,
    forceStereo: number,
  ): number;
  opus_frame_decode_float_deinterleaved(decoder: number, inputAt: number, bytes: number, outputAt: number): number;
}

interface Block<T> {
  readonly ptr: number;
  readonly buf: T;
}

/** One instance of libopus with all decoders in it. */
export class Libopus {
  readonly #owner: OpusDecoder<16_000>;
  readonly #exports: LibopusExports;
  readonly #input: Block<Uint8Array>;
  readonly #output: Block<Float32Array>;
  readonly #mapping: Block<Uint8Array>;
  /** Decoders that nobody uses at present. */
  readonly #spare: number[] = [];
  #made = 0;
  #open = 0;
  #broken = false;

  /** @throws GatewayError `model.missing`: the package is not the one that we know. */
  static async start(): Promise<Libopus> {
    const owner = new OpusDecoder({ sampleRate: SPEECH_RATE_HZ, channels: 1 });
    await owner.ready;
    return new Libopus(owner);
  }

  private constructor(owner: OpusDecoder<16_000>) {
    this.#owner = owner;
    const inner: unknown = Reflect.get(owner, "_common");
    const exports: unknown = member(inner, "wasm");
    if (!isLibopus(exports)) throw unknownPackage();
    this.#exports = exports;
    this.#input = allocate(inner, MAX_PACKET_BYTES, Uint8Array);
    this.#output = allocate(inner, MAX_SAMPLES, Float32Array);
    this.#mapping = allocate(inner, 1, Uint8Array);
    this.#mapping.buf[0] = 0;
  }

  /** It trapped: what is in its memory cannot be trusted, nothing is decoded any more. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Decoders that can still be opened. */
  get room(): number {
    return this.#broken ? 0 : DECODERS_PER_INSTANCE - this.#open;
  }

  /** A decoder of its own, 16 kHz mono; undefined: no room. */
  open(): number | undefined {
    if (this.room <= 0) return undefined;
    // A new one as long as there is memory for it: it is the surest to remember nothing.
    const used = this.#made < DECODERS_PER_INSTANCE ? undefined : this.#spare.shift();
    if (used !== undefined) {
      // What it heard last is gone after that: CELT overlaps by one frame, and SILK begins anew after CELT.
      for (let i = 0; i < 2; i++) this.decode(used, CELT_SILENCE, 0, CELT_SILENCE.length);
      this.#open++;
      return used;
    }
    const decoder = this.#exports.opus_frame_decoder_create(SPEECH_RATE_HZ, 1, 1, 0, this.#mapping.ptr, 0, 0);
    if (decoder === 0) return undefined;
    this.#made++;
    this.#open++;
    return decoder;
  }

  /**
   * Kept for whoever opens the next one. Not given back: `opus_frame_decoder_destroy` frees a decoder whole, what the package's own
   * class frees on top of that spoils the heap (`malloc` then may never return), and even without it a decoder made from freed memory
   * was seen to trap on packets of 60 ms.
   */
  close(decoder: number): void {
    this.#open--;
    this.#spare.push(decoder);
  }

  /** @returns The samples, good until the next call for any decoder; undefined: the packet is corrupt, or the instance broke. */
  decode(decoder: number, bytes: Uint8Array, from: number, to: number): Float32Array | undefined {
    const size = to - from;
    if (this.#broken || size > MAX_PACKET_BYTES) return undefined;
    for (let i = 0; i < size; i++) this.#input.buf[i] = bytes[from + i] ?? 0;
    try {
      const { ptr } = this.#output;
      const samples = this.#exports.opus_frame_decode_float_deinterleaved(decoder, this.#input.ptr, size, ptr);
      return samples > 0 && samples <= MAX_SAMPLES ? this.#output.buf.subarray(0, samples) : undefined;
    } catch {
      // A trap of WebAssembly: the sandbox holds, this instance is lost.
      this.#broken = true;
      return undefined;
    }
  }

  /** All decoders are gone with it. */
  end(): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#owner.free();
  }
}

const unknownPackage = (): GatewayError =>
  new GatewayError(
    "model.missing",
    "the opus decoder is not opus-decoder 0.7.12: install the dependencies of package-lock.json",
  );

function member(object: unknown, name: string): unknown {
  return typeof object === "object" && object !== null ? Reflect.get(object, name) : undefined;
}

const FUNCTIONS = [
  "opus_frame_decoder_create",
  "opus_frame_decode_float_deinterleaved",
] as const satisfies (keyof LibopusExports)[];

function isLibopus(exports: unknown): exports is LibopusExports {
  return FUNCTIONS.every((name) => typeof member(exports, name) === "function");
}

function allocate<T extends Uint8Array | Float32Array>(
  inner: unknown,
  count: number,
  kind: { new (buffer: ArrayBuffer): T },
): Block<T> {
  const allocateTypedArray = member(inner, "allocateTypedArray");
  if (typeof allocateTypedArray !== "function") throw unknownPackage();
  const block: unknown = Reflect.apply(allocateTypedArray, inner, [count, kind]);
  const ptr = member(block, "ptr");
  const buf = member(block, "buf");
  if (typeof ptr !== "number" || ptr === 0 || !(buf instanceof kind)) throw unknownPackage();
  return { ptr, buf };
}
