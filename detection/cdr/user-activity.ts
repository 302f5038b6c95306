import type { UnixMs } from "../model/time.js";
import { RecentCalls } from "./recent-calls.js";
import { SliceCounter } from "./slice-counter.js";

const MINUTE_MS = 60_000;
const MAX_INTERVALS = 32;
const DISTINCT_BITS = 2_048;

/** `UserActivity` as plain data. */
export interface SavedActivity {
  readonly dialled: readonly number[];
  readonly closed: readonly number[];
  readonly closedInternational: readonly number[];
  readonly closedPremium: readonly number[];
  readonly failures: readonly number[];
  /** Null: there was none. */
  readonly lastFailureBurstAt: number | null;
  /** Absent: there was none. */
  readonly costlyFoundAt?: number;
  readonly recent: readonly number[];
  readonly run: number;
  readonly runSince: number;
  /** Start, end of each, oldest first. */
  readonly intervals: readonly number[];
  readonly day: number;
  /** Bits that are set. */
  readonly distinct: readonly number[];
  readonly hours: number;
}

/** What one user has done lately. 2 to 7 kB: counters take room when something is counted. */
export class UserActivity {
  /** Calls made, by minutes of the last hour. */
  readonly dialled = new SliceCounter(MINUTE_MS, 60);
  /** Calls made while the site was closed, by quarters of the last twelve hours. */
  readonly closed = new SliceCounter(15 * MINUTE_MS, 48);
  readonly closedInternational = new SliceCounter(15 * MINUTE_MS, 48);
  readonly closedPremium = new SliceCounter(15 * MINUTE_MS, 48);
  /** Failed authentications, by ten seconds of the last five minutes. */
  readonly failures = new SliceCounter(10_000, 30);
  lastFailureBurstAt = Number.NEGATIVE_INFINITY;
  /** The last costly call that was one too many. */
  costlyFoundAt = Number.NEGATIVE_INFINITY;
  readonly recent = new RecentCalls(64);
  /** Neighbouring numbers in a row, and since when. */
  run = 0;
  runSince = 0;
  readonly #starts = new Float64Array(MAX_INTERVALS);
  readonly #ends = new Float64Array(MAX_INTERVALS);
  #nextInterval = 0;
  #day = -1;
  #distinct: Uint8Array | undefined;
  #distinctCount = 0;
  #hours = 0;

  /**
   * Notes that a call was up from then to then.
   * @returns How many of the last 32 were up when it began, itself included.
   */
  overlap(start: UnixMs, end: UnixMs): number {
    this.#starts[this.#nextInterval] = start;
    this.#ends[this.#nextInterval] = end;
    this.#nextInterval = (this.#nextInterval + 1) % MAX_INTERVALS;
    let most = 1;
    // The new one may have been up when an earlier recorded, later begun one started: both ends of the overlap are looked at.
    for (let i = 0; i < MAX_INTERVALS; i++) {
      const at = this.#starts[i] ?? 0;
      if (at > end || (this.#ends[i] ?? 0) < start) continue;
      const count = this.#upAt(Math.max(at, start));
      if (count > most) most = count;
    }
    return most;
  }

  #upAt(at: number): number {
    let count = 0;
    for (let i = 0; i < MAX_INTERVALS; i++) if ((this.#starts[i] ?? 0) <= at && at < (this.#ends[i] ?? 0)) count++;
    return count;
  }

  /** Counts a number and an hour of that local day; an earlier day is not counted. */
  spread(day: number, hour: number, number: number): void {
    if (day < this.#day) return;
    if (day > this.#day) {
      this.#day = day;
      this.#distinct?.fill(0);
      this.#distinctCount = 0;
      this.#hours = 0;
    }
    this.#hours |= 1 << hour;
    this.#distinct ??= new Uint8Array(DISTINCT_BITS / 8);
    const bit = Math.imul((number % 0xffffffff) | 0, 0x9e3779b1) >>> 21;
    const mask = 1 << (bit & 7);
    const cell = this.#distinct[bit >> 3] ?? 0;
    if ((cell & mask) === 0) {
      this.#distinct[bit >> 3] = cell | mask;
      this.#distinctCount++;
    }
  }

  /** Different numbers of that day, estimated (linear counting, within a few per cent up to some thousand). */
  distinctOf(day: number): number {
    if (day !== this.#day) return 0;
    const free = DISTINCT_BITS - this.#distinctCount;
    return free === 0 ? DISTINCT_BITS * 8 : Math.round(-DISTINCT_BITS * Math.log(free / DISTINCT_BITS));
  }

  /** Hours of that day in which there was a call. */
  hoursOf(day: number): number {
    if (day !== this.#day) return 0;
    let hours = 0;
    for (let bits = this.#hours; bits !== 0; bits &= bits - 1) hours++;
    return hours;
  }

  save(): SavedActivity {
    const intervals: number[] = [];
    for (let i = 0; i < MAX_INTERVALS; i++) {
      const cell = (this.#nextInterval + i) % MAX_INTERVALS;
      if ((this.#ends[cell] ?? 0) !== 0) intervals.push(this.#starts[cell] ?? 0, this.#ends[cell] ?? 0);
    }
    const distinct: number[] = [];
    for (const [cell, bits] of (this.#distinct ?? []).entries())
      for (let bit = 0; bit < 8; bit++) if ((bits & (1 << bit)) !== 0) distinct.push(cell * 8 + bit);
    return {
      dialled: this.dialled.save(),
      closed: this.closed.save(),
      closedInternational: this.closedInternational.save(),
      closedPremium: this.closedPremium.save(),
      failures: this.failures.save(),
      lastFailureBurstAt: Number.isFinite(this.lastFailureBurstAt) ? this.lastFailureBurstAt : null,
      ...(Number.isFinite(this.costlyFoundAt) ? { costlyFoundAt: this.costlyFoundAt } : {}),
      recent: this.recent.save(),
      run: this.run,
      runSince: this.runSince,
      intervals,
      day: this.#day,
      distinct,
      hours: this.#hours,
    };
  }

  static load(saved: SavedActivity): UserActivity {
    const activity = new UserActivity();
    for (const name of ["dialled", "closed", "closedInternational", "closedPremium", "failures", "recent"] as const)
      activity[name].load(saved[name]);
    activity.lastFailureBurstAt = saved.lastFailureBurstAt ?? Number.NEGATIVE_INFINITY;
    activity.costlyFoundAt = saved.costlyFoundAt ?? Number.NEGATIVE_INFINITY;
    activity.run = saved.run;
    activity.runSince = saved.runSince;
    for (let i = 0; i + 1 < Math.min(saved.intervals.length, 2 * MAX_INTERVALS); i += 2) {
      activity.#starts[activity.#nextInterval] = saved.intervals[i] ?? 0;
      activity.#ends[activity.#nextInterval] = saved.intervals[i + 1] ?? 0;
      activity.#nextInterval = (activity.#nextInterval + 1) % MAX_INTERVALS;
    }
    activity.#day = saved.day;
    activity.#hours = saved.hours;
    if (saved.distinct.length > 0) activity.#distinct = new Uint8Array(DISTINCT_BITS / 8);
    for (const bit of saved.distinct) {
      const cell = activity.#distinct?.[bit >> 3];
      if (activity.#distinct === undefined || cell === undefined || (cell & (1 << (bit & 7))) !== 0) continue;
      activity.#distinct[bit >> 3] = cell | (1 << (bit & 7));
      activity.#distinctCount++;
    }
    return activity;
  }
}
