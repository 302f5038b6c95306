/** Codes one stream, a frame of 20 ms at a time: Opus, whose library an adapter brings. */
export interface FrameCoder {
  /** Samples a second that it takes. */
  readonly rateHz: number;
  /** @param samples One frame. @returns The payload, newly allocated; undefined: it failed. */
  encode(samples: Float32Array): Uint8Array | undefined;
  /** Gives its memory back. Safe to call twice. */
  close(): void;
}
