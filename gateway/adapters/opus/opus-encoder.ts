import OpusScript from "opusscript";
import type { FrameCoder } from "../../media/sound/frame-coder.js";

/** Wide band: prompts are speech, and telephones hear no more of it. */
const RATE_HZ = 16_000;
const FRAME_SAMPLES = 320;
const BIT_RATE = 24_000;
const COMPLEXITY = 5;
const SET_BITRATE = 4002;
const SET_COMPLEXITY = 4010;
/** Their 100 kB each fit into the 16 MiB that an instance begins with; growing would move its memory. */
const MOST_OPEN = 32;

/** What we use of opusscript 0.1.1: its own `encode` writes beside the buffer that it has allocated. */
interface Inner {
  readonly handler: { _encode(inputAt: number, bytes: number, outputAt: number, samples: number): number };
  readonly inPCM: { readonly buffer: ArrayBuffer };
  readonly inPCMPointer: number;
  readonly outOpusPointer: number;
}

/** libopus, one encoder. It hears nothing but our own prompts. */
export class OpusEncoder implements FrameCoder {
  static #open = 0;

  readonly rateHz = RATE_HZ;
  readonly #owner: OpusScript;
  readonly #inner: Inner;
  /** A byte of the samples in each: that is how the library takes them. */
  readonly #input: Uint16Array;
  readonly #output: Uint8Array;
  #closed = false;

  /** @returns Undefined: too many are open, or the package is not the one that we know. */
  static open(): OpusEncoder | undefined {
    if (OpusEncoder.#open >= MOST_OPEN) return undefined;
    try {
      const owner = new OpusScript(RATE_HZ, 1, OpusScript.Application.VOIP);
      const inner: unknown = owner;
      if (!isKnown(inner)) return undefined;
      owner.encoderCTL(SET_BITRATE, BIT_RATE);
      owner.encoderCTL(SET_COMPLEXITY, COMPLEXITY);
      OpusEncoder.#open++;
      return new OpusEncoder(owner, inner);
    } catch {
      // Its file is not there, or it trapped: prompts are spoken in the other codings.
      return undefined;
    }
  }

  private constructor(owner: OpusScript, inner: Inner) {
    this.#owner = owner;
    this.#inner = inner;
    this.#input = new Uint16Array(inner.inPCM.buffer, inner.inPCMPointer, 2 * FRAME_SAMPLES);
    this.#output = new Uint8Array(inner.inPCM.buffer, inner.outOpusPointer, OpusScript.MAX_PACKET_SIZE);
  }

  encode(samples: Float32Array): Uint8Array | undefined {
    if (this.#closed || samples.length !== FRAME_SAMPLES || this.#input.length === 0) return undefined;
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      const value = Math.max(-32_768, Math.min(32_767, Math.round((samples[i] ?? 0) * 32_768)));
      this.#input[2 * i] = value & 0xff;
      this.#input[2 * i + 1] = (value >> 8) & 0xff;
    }
    const { handler, inPCMPointer, outOpusPointer } = this.#inner;
    const size = handler._encode(inPCMPointer, 2 * FRAME_SAMPLES, outOpusPointer, FRAME_SAMPLES);
    return size > 0 ? this.#output.slice(0, size) : undefined;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    OpusEncoder.#open--;
    this.#owner.delete();
  }
}

function isKnown(owner: unknown): owner is Inner {
  const { handler, inPCM, inPCMPointer, outOpusPointer } = owner as Partial<Inner>;
  return (
    typeof handler?._encode === "function" &&
    inPCM?.buffer instanceof ArrayBuffer &&
    typeof inPCMPointer === "number" &&
    inPCMPointer % 2 === 0 &&
    typeof outOpusPointer === "number"
  );
}
