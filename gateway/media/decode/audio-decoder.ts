import type { PayloadFormat } from "../audio.js";

/**
 * One stream's payloads → mono sound. Keeps state from payload to payload; used for one stream only.
 *
 * Payloads may be hostile: a decoder neither throws nor reads outside of them.
 */
export interface AudioDecoder {
  /** Of what `decode` gives. */
  readonly sampleRateHz: number;
  /**
   * @param bytes The payload is from `from` to `to`.
   * @returns Samples in −1…1, good until the next call; none where the payload is not of this codec.
   */
  decode(bytes: Uint8Array, from: number, to: number): Float32Array;
  /** Forgets what was before: another source, or payloads have been left out. */
  reset(): void;
  /** Frees what the garbage collector cannot. Safe to call twice; nothing may be decoded after. */
  close(): void;
}

/** Undefined: no sound is in that format, or nobody can decode it. */
export type CreateAudioDecoder = (format: PayloadFormat) => AudioDecoder | undefined;
