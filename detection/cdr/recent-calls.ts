import type { UnixMs } from "../model/time.js";

/** The last calls of one user, oldest first: 32 bytes each. */
export class RecentCalls {
  readonly #size: number;
  readonly #at: Float64Array;
  readonly #number: Float64Array;
  readonly #durationMs: Float64Array;
  #next = 0;
  #count = 0;

  constructor(size: number) {
    this.#size = size;
    this.#at = new Float64Array(size);
    this.#number = new Float64Array(size);
    this.#durationMs = new Float64Array(size);
  }

  add(at: UnixMs, number: number, durationMs: number): void {
    this.#at[this.#next] = at;
    this.#number[this.#next] = number;
    this.#durationMs[this.#next] = durationMs;
    this.#next = (this.#next + 1) % this.#size;
    if (this.#count < this.#size) this.#count++;
  }

  /** Start, number, length of each, oldest first: what `load` takes up. */
  save(): readonly number[] {
    const saved: number[] = [];
    for (let back = this.#count; back > 0; back--) {
      const cell = (this.#next - back + this.#size) % this.#size;
      saved.push(this.#at[cell] ?? 0, this.#number[cell] ?? 0, this.#durationMs[cell] ?? 0);
    }
    return saved;
  }

  load(saved: readonly number[]): void {
    for (let i = 0; i + 2 < saved.length; i += 3)
      this.add((saved[i] ?? 0) as UnixMs, saved[i + 1] ?? 0, saved[i + 2] ?? 0);
  }

  /** What was called by the one before the last; undefined: none. */
  previous(): { readonly at: number; readonly number: number } | undefined {
    if (this.#count < 2) return undefined;
    const at = (this.#next - 2 + this.#size) % this.#size;
    return { at: this.#at[at] ?? 0, number: this.#number[at] ?? 0 };
  }

  /** Of the calls since then that are remembered. */
  summary(since: number): CallsSummary {
    const numbers = new Set<number>();
    const durations: number[] = [];
    const starts: number[] = [];
    for (let back = 1; back <= this.#count; back++) {
      const cell = (this.#next - back + this.#size) % this.#size;
      const at = this.#at[cell] ?? 0;
      if (at < since) continue;
      numbers.add(this.#number[cell] ?? 0);
      durations.push(this.#durationMs[cell] ?? 0);
      starts.push(at);
    }
    durations.sort((a, b) => a - b);
    starts.sort((a, b) => a - b);
    return {
      calls: durations.length,
      distinct: numbers.size,
      medianMs: durations[durations.length >> 1] ?? 0,
      gapVariation: variation(starts),
    };
  }
}

export interface CallsSummary {
  readonly calls: number;
  readonly distinct: number;
  readonly medianMs: number;
  /** Standard deviation of the gaps between starts over their mean: machines are near 0, people near 1. */
  readonly gapVariation: number;
}

function variation(starts: readonly number[]): number {
  if (starts.length < 3) return 1;
  const gaps = starts.slice(1).map((at, i) => at - (starts[i] ?? at));
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  if (mean === 0) return 0;
  const square = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
  return Math.sqrt(square) / mean;
}

/** A number as a number: E.164 has at most 15 digits, which a double holds exactly. What is no number gets a negative hash. */
export function numericOf(number: string): number {
  const digits = number.startsWith("+") ? number.slice(1) : number;
  if (digits !== "" && digits.length <= 15) {
    const value = Number(digits);
    if (Number.isSafeInteger(value) && value >= 0) return value;
  }
  let hash = 2166136261;
  for (let i = 0; i < number.length; i++) hash = Math.imul(hash ^ number.charCodeAt(i), 16777619);
  return -1 - (hash >>> 0);
}
