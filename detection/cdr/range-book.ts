import type { UnixMs } from "../model/time.js";
import { SliceCounter } from "./slice-counter.js";
import { UsualCalls, type FoundCalls, type SavedUsual } from "./usual-calls.js";

const HOUR_MS = 3_600_000;
const FIVE_MINUTES_MS = 300_000;

/** `RangeActivity` as plain data. */
export interface SavedRange extends SavedUsual {
  readonly calls: readonly number[];
  readonly minutes: readonly number[];
  readonly users: readonly (readonly [user: string, at: number])[];
}

export type SavedRanges = readonly (readonly [range: string, activity: SavedRange])[];

/** What was seen of one range of numbers. */
export class RangeActivity {
  readonly calls = new SliceCounter(FIVE_MINUTES_MS, 12);
  readonly minutes = new SliceCounter(FIVE_MINUTES_MS, 12);
  /** Who was reached or called, and when last; bounded. */
  readonly users = new Map<string, number>();
  readonly #usual: UsualCalls;

  /** @param quietMs An incident that was quiet for so long is over. */
  constructor(quietMs: number) {
    this.#usual = new UsualCalls(quietMs);
  }

  /** Calls within an hour. */
  get usualCalls(): number {
    return this.#usual.value;
  }

  add(at: UnixMs, minutes: number): void {
    this.calls.add(at);
    this.minutes.add(at, minutes);
    this.#usual.add(at);
  }

  /** The call of that time was one too many: it teaches nothing of what is usual. */
  found(at: UnixMs, calls: FoundCalls): void {
    this.#usual.found(at, calls);
  }

  /** @returns Different users of the last hour. */
  reach(user: string, at: UnixMs, mostUsers = 64): number {
    this.users.delete(user);
    this.users.set(user, at);
    for (const [known, last] of this.users) {
      if (this.users.size <= mostUsers && at - last <= HOUR_MS) break;
      this.users.delete(known);
    }
    return this.users.size;
  }

  save(): SavedRange {
    return {
      calls: this.calls.save(),
      minutes: this.minutes.save(),
      users: [...this.users],
      ...this.#usual.save(),
    };
  }

  static load({ calls, minutes, users, ...usual }: SavedRange, quietMs: number): RangeActivity {
    const activity = new RangeActivity(quietMs);
    activity.calls.load(calls);
    activity.minutes.load(minutes);
    for (const [user, at] of users) activity.users.set(user, at);
    activity.#usual.load(usual);
    return activity;
  }
}

/** The ranges that were seen last; those seen longest ago go. */
export class RangeBook {
  readonly #limit: number;
  readonly #quietMs: number;
  readonly #ranges = new Map<string, RangeActivity>();

  /** @param quietMs An incident that was quiet for so long is over. */
  constructor(limit: number, quietMs: number) {
    this.#limit = limit;
    this.#quietMs = quietMs;
  }

  get size(): number {
    return this.#ranges.size;
  }

  peek(range: string): RangeActivity | undefined {
    return this.#ranges.get(range);
  }

  of(range: string): RangeActivity {
    const activity = this.#ranges.get(range) ?? new RangeActivity(this.#quietMs);
    this.#put(range, activity);
    return activity;
  }

  /** Those seen longest ago first, so many at a time. */
  *save(size: number): Generator<SavedRanges> {
    let part: SavedRanges[number][] = [];
    for (const [range, activity] of this.#ranges) {
      part.push([range, activity.save()]);
      if (part.length < size) continue;
      yield part;
      part = [];
    }
    if (part.length > 0) yield part;
  }

  /** Adds what a part of `save` has. */
  load(saved: SavedRanges): void {
    for (const [range, activity] of saved) this.#put(range, RangeActivity.load(activity, this.#quietMs));
  }

  #put(range: string, activity: RangeActivity): void {
    if (!this.#ranges.delete(range) && this.#ranges.size >= this.#limit) {
      const [oldest] = this.#ranges.keys();
      if (oldest !== undefined) this.#ranges.delete(oldest);
    }
    this.#ranges.set(range, activity);
  }
}
