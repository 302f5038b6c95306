import { closeSync, openSync, writeSync } from "node:fs";

export type Tensor = Float32Array | { readonly half: Uint16Array };

/** Writes whisper.cpp's model files: whatever header, then tensors. */
export class GgmlWriter {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, "wx");
  }

  bytes(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) done += writeSync(this.#file, bytes, done);
  }

  ints(...values: readonly number[]): void {
    this.bytes(new Uint8Array(Int32Array.from(values).buffer));
  }

  floats(values: Float32Array): void {
    this.bytes(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }

  /** @param shape ggml's order: the innermost dimension first. */
  tensor(name: string, shape: readonly number[], values: Tensor): void {
    const isHalf = !(values instanceof Float32Array);
    const bytes = new TextEncoder().encode(name);
    this.ints(shape.length, bytes.length, isHalf ? 1 : 0, ...shape);
    this.bytes(bytes);
    const data = isHalf ? values.half : values;
    this.bytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** IEEE 754 binary16, rounded to nearest; tiny values become 0. */
export function toHalf(x: number): number {
  const bits = new Uint32Array(Float32Array.of(x).buffer)[0] as number;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 112;
  if (exponent <= 0) return sign;
  if (exponent >= 31) return sign | 0x7bff;
  // The carry of the rounding may go into the exponent: that is right.
  return (sign | (exponent << 10) | ((bits >>> 13) & 0x3ff)) + ((bits >>> 12) & 1);
}

export const halves = (values: Iterable<number>): { readonly half: Uint16Array } => ({
  half: Uint16Array.from(values, toHalf),
});
