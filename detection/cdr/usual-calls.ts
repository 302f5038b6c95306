import type { UnixMs } from "../model/time.js";

const HOUR_MS = 3_600_000;
const DAY_HOURS = 24;
const DAY_MS = DAY_HOURS * HOUR_MS;
/** Weight of a day; of the first one all. */
const DAY_WEIGHT = 0.1;
/** So often an incident has to come back before what it had is usual … */
const TIMES_TOLD = 3;
/** … unless the last one was so long ago. */
const FORGOTTEN_MS = 30 * DAY_MS;
/** Or one has to go on for so many days. */
const DAYS_TOLD = 7;
/** So many users at once, or it is no work. */
const WORKING_USERS = 3;

/** `UsualCalls` as plain data. */
export interface SavedUsual {
  /** Usual calls, days, hour, its calls, day, its peak; calls of the hour before, the incident's start, last call, most users, 1 where it may be work, end of the last one. */
  readonly figures: readonly number[];
  /** Peaks of the incident's days, and of incidents before it. */
  readonly parts?: readonly number[];
  readonly told?: readonly number[];
}

export interface FoundCalls {
  /** In the hour before. */
  readonly calls: number;
  readonly users: number;
  /** The site is open, and the numbers are not costly. */
  readonly isOrdinary: boolean;
}

/**
 * How many calls an hour are usual: the mean of the busiest hours of former days, forgotten by a tenth a day.
 *
 * Days are UTC's, and it does not matter: a day is learned an hour after its end, when no attack that began in it can be unseen
 * any more, and a day on which something was found is not learned at all. So what is usual does not change while an incident is
 * open, whatever the clock says.
 *
 * What was found becomes usual in its own time, after the incident: at once where it looked like work (by day, ordinary numbers,
 * several users), else when it came back for the third time, or had gone on for seven days: by then it has been told often enough.
 */
export class UsualCalls {
  value = 0;
  readonly #quietMs: number;
  #days = 0;
  #hour = -1;
  #hourCalls = 0;
  #hourBefore = 0;
  /** The day that is being learned. */
  #day = -1;
  #dayPeak = 0;
  #foundFrom = -1;
  #foundAt = -1;
  #mostUsers = 0;
  #isOrdinary = true;
  /** Peaks of the days of the incident, the last one still counting; empty: there is none. */
  #parts: number[] = [];
  /** Peaks of incidents that did not look like work. */
  #told: number[] = [];
  #toldAt = -1;

  /** @param quietMs An incident that was quiet for so long is over. */
  constructor(quietMs: number) {
    this.#quietMs = quietMs;
  }

  add(at: UnixMs): void {
    if (this.#parts.length > 0 && at - this.#foundAt > this.#quietMs) this.#over();
    const hour = Math.floor(at / HOUR_MS);
    if (hour > this.#hour) this.#turn(hour);
    if (hour === this.#hour) this.#hourCalls++;
    else if (hour === this.#hour - 1) this.#hourBefore++;
  }

  /** The call of that time was found to be one too many. */
  found(at: UnixMs, { calls, users, isOrdinary }: FoundCalls): void {
    if (this.#parts.length === 0) {
      this.#foundFrom = at;
      this.#mostUsers = 0;
      this.#isOrdinary = true;
    }
    const part = Math.max(0, Math.floor((at - this.#foundFrom) / DAY_MS));
    if (part >= DAYS_TOLD) {
      this.value = Math.max(this.value, median(this.#parts));
      this.#days = Math.max(1, this.#days);
      this.#parts = [];
    } else {
      while (this.#parts.length <= part) this.#parts.push(0);
      this.#parts[part] = Math.max(this.#parts[part] ?? 0, calls);
    }
    this.#foundAt = Math.max(this.#foundAt, at);
    this.#mostUsers = Math.max(this.#mostUsers, users);
    this.#isOrdinary &&= isOrdinary;
  }

  #over(): void {
    const parts = this.#parts;
    this.#parts = [];
    if (this.#isOrdinary && this.#mostUsers >= WORKING_USERS) {
      this.#learn(Math.max(...parts));
      return;
    }
    if (this.#foundFrom - this.#toldAt > FORGOTTEN_MS) this.#told = [];
    this.#told.push(median(parts));
    this.#toldAt = this.#foundAt;
    if (this.#told.length < TIMES_TOLD) return;
    this.value = Math.max(this.value, median(this.#told));
    this.#days = Math.max(1, this.#days);
    this.#told = [];
  }

  /** The hour that was counted last and the one before it are kept apart until no call of them can be part of what is found yet. */
  #turn(hour: number): void {
    const follows = hour === this.#hour + 1;
    this.#settle(this.#hour - 1, this.#hourBefore);
    if (!follows) this.#settle(this.#hour, this.#hourCalls);
    this.#hourBefore = follows ? this.#hourCalls : 0;
    this.#hour = hour;
    this.#hourCalls = 0;
    this.#settle(hour - 1, 0);
  }

  #settle(hour: number, calls: number): void {
    const day = Math.floor(hour / DAY_HOURS);
    if (day > this.#day) {
      if (this.#dayPeak > 0 && this.#foundAt < this.#day * DAY_MS) this.#learn(this.#dayPeak);
      this.#day = day;
      this.#dayPeak = 0;
    }
    this.#dayPeak = Math.max(this.#dayPeak, calls);
  }

  #learn(peak: number): void {
    this.value += (peak - this.value) * (this.#days === 0 ? 1 : DAY_WEIGHT);
    this.#days++;
  }

  save(): SavedUsual {
    return {
      figures: [
        ...[this.value, this.#days, this.#hour, this.#hourCalls, this.#day, this.#dayPeak, this.#hourBefore],
        ...[this.#foundFrom, this.#foundAt, this.#mostUsers, Number(this.#isOrdinary), this.#toldAt],
      ],
      ...(this.#parts.length === 0 ? {} : { parts: this.#parts.slice() }),
      ...(this.#told.length === 0 ? {} : { told: this.#told.slice() }),
    };
  }

  /** What an earlier version saved has the first six figures only. */
  load({ figures, parts = [], told = [] }: SavedUsual): void {
    const at = (index: number, missing: number): number => figures[index] ?? missing;
    this.value = at(0, 0);
    this.#days = at(1, 0);
    this.#hour = at(2, -1);
    this.#hourCalls = at(3, 0);
    this.#day = at(4, -1);
    this.#dayPeak = at(5, 0);
    this.#hourBefore = at(6, 0);
    this.#foundFrom = at(7, -1);
    this.#foundAt = at(8, -1);
    this.#mostUsers = at(9, 0);
    this.#isOrdinary = at(10, 1) === 1;
    this.#toldAt = at(11, -1);
    this.#parts = parts.slice(-DAYS_TOLD);
    this.#told = told.slice(-TIMES_TOLD);
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
