import type { UnixMs } from "../model/time.js";

/**
 * Counts by slices of time over a horizon of `slices` × `sliceMs`. The order in which counts come does not matter as long as they are
 * within the horizon of the latest one; older ones are dropped. Memory: 8 bytes a slice, from the first count on.
 */
export class SliceCounter {
  readonly #sliceMs: number;
  readonly #slices: number;
  #counts: Float32Array | undefined;
  /** Which slice a cell holds now. */
  #held: Int32Array | undefined;

  constructor(sliceMs: number, slices: number) {
    this.#sliceMs = sliceMs;
    this.#slices = slices;
  }

  add(at: UnixMs, amount = 1): void {
    const slice = Math.floor(at / this.#sliceMs);
    const cell = slice % this.#slices;
    const counts = (this.#counts ??= new Float32Array(this.#slices));
    const held = (this.#held ??= new Int32Array(this.#slices).fill(-1));
    const holds = held[cell] ?? -1;
    if (holds > slice) return;
    counts[cell] = holds === slice ? (counts[cell] ?? 0) + amount : amount;
    held[cell] = slice;
  }

  /** Of the last `slices` slices up to that of `at`; default: all of them. */
  sum(at: UnixMs, slices = this.#slices): number {
    if (this.#counts === undefined || this.#held === undefined) return 0;
    const last = Math.floor(at / this.#sliceMs);
    let sum = 0;
    for (let slice = last - Math.min(slices, this.#slices) + 1; slice <= last; slice++) {
      const cell = slice % this.#slices;
      if (this.#held[cell] === slice) sum += this.#counts[cell] ?? 0;
    }
    return sum;
  }

  /** Slice, count, slice, count …: what `load` takes up. */
  save(): readonly number[] {
    const saved: number[] = [];
    for (const [cell, slice] of (this.#held ?? []).entries())
      if (slice >= 0) saved.push(slice, this.#counts?.[cell] ?? 0);
    return saved;
  }

  /** Into a counter in which nothing was counted yet. */
  load(saved: readonly number[]): void {
    for (let i = 0; i + 1 < saved.length; i += 2) {
      const slice = saved[i] ?? -1;
      if (Number.isInteger(slice) && slice >= 0) this.add((slice * this.#sliceMs) as UnixMs, saved[i + 1] ?? 0);
    }
  }
}
