/** What is counted for each user and day. */
export const DAY_FEATURES = [
  "outCalls",
  "outMinutes",
  "internationalCalls",
  "internationalMinutes",
  "premiumCalls",
  "closedCalls",
  "closedInternational",
  "newCountries",
  /** Most calls within ten minutes. */
  "peakCalls",
  /** Most calls at the same time. */
  "peakConcurrent",
  "inCalls",
  /** Costly calls on a day on which they were found to be too many. */
  "costlyFound",
] as const;
export type DayFeature = (typeof DAY_FEATURES)[number];

export const BASELINE_DAYS = 30;
const WIDTH = DAY_FEATURES.length;
/** Today, the baseline, and one to spare. */
const DAYS = BASELINE_DAYS + 2;
const MAX_COUNTRIES = 64;
/** Where calls were sent on to; of more the one that was seen longest ago is new again. */
const MAX_TARGETS = 64;

const COLUMN = Object.fromEntries(DAY_FEATURES.map((name, at) => [name, at])) as Readonly<Record<DayFeature, number>>;

export interface Baseline {
  /** Days before today on which anything was seen of the user; at most 30. */
  readonly days: number;
  /** Of log(1 + value), over these days. */
  readonly mean: number;
  readonly deviation: number;
  readonly most: number;
}

export interface SavedHistory {
  readonly days: readonly (readonly [day: number, ...values: number[]])[];
  readonly countries: readonly (readonly [country: string, day: number])[];
  readonly targets?: readonly (readonly [number: string, day: number])[];
}

/** Thirty days of one user, a row a day. About 1.5 kB, and 4 kB more of who has many countries and targets. */
export class UserHistory {
  readonly #rows = new Float32Array(DAYS * WIDTH);
  readonly #held = new Int32Array(DAYS).fill(-1);
  readonly #countries = new Map<string, number>();
  readonly #targets = new Map<string, number>();
  /** The latest day that was counted. */
  today = -1;

  /** Adds to a feature of that day; a day beyond the horizon is dropped. */
  add(day: number, feature: DayFeature, amount: number): void {
    const row = this.#row(day);
    if (row !== undefined) this.#rows[row + COLUMN[feature]] = this.value(day, feature) + amount;
  }

  /** Raises a feature of that day to at least this. */
  raise(day: number, feature: DayFeature, least: number): void {
    const row = this.#row(day);
    if (row !== undefined && this.value(day, feature) < least) this.#rows[row + COLUMN[feature]] = least;
  }

  value(day: number, feature: DayFeature): number {
    const cell = day % DAYS;
    return this.#held[cell] === day ? (this.#rows[cell * WIDTH + COLUMN[feature]] ?? 0) : 0;
  }

  /** Notes that the country was called. @returns True: for the first time in thirty days. */
  visit(country: string, day: number): boolean {
    return isFirst(this.#countries, country, day, MAX_COUNTRIES);
  }

  /** Notes that a call was sent on to that number. @returns True: for the first time in thirty days. */
  sendOn(number: string, day: number): boolean {
    return isFirst(this.#targets, number, day, MAX_TARGETS);
  }

  /** Of the thirty days before `day`. */
  baseline(day: number, feature: DayFeature): Baseline {
    let days = 0;
    let sum = 0;
    let squares = 0;
    let most = 0;
    for (let before = day - BASELINE_DAYS; before < day; before++) {
      const cell = before % DAYS;
      if (before < 0 || this.#held[cell] !== before) continue;
      const value = this.#rows[cell * WIDTH + COLUMN[feature]] ?? 0;
      const log = Math.log1p(value);
      days++;
      sum += log;
      squares += log * log;
      if (value > most) most = value;
    }
    if (days === 0) return { days, mean: 0, deviation: 0, most };
    const mean = sum / days;
    return { days, mean, deviation: Math.sqrt(Math.max(0, squares / days - mean * mean)), most };
  }

  /**
   * Most costly calls of a day, of the thirty before `day`. Days on which they were found to be too many do not count, or the fraud
   * of yesterday would be usual today; unless there are `daysFound` of them.
   */
  usualCostly(day: number, daysFound: number): { readonly most: number; readonly daysFound: number } {
    let [most, mostFound, found] = [0, 0, 0];
    for (let before = Math.max(0, day - BASELINE_DAYS); before < day; before++) {
      const calls = this.value(before, "premiumCalls");
      if (this.value(before, "costlyFound") > 0) {
        found++;
        mostFound = Math.max(mostFound, calls);
      } else most = Math.max(most, calls);
    }
    return { most: found < daysFound ? most : Math.max(most, mostFound), daysFound: found };
  }

  #row(day: number): number | undefined {
    if (day < 0) return undefined;
    const cell = day % DAYS;
    const held = this.#held[cell] ?? -1;
    if (held > day) return undefined;
    if (held < day) {
      this.#held[cell] = day;
      this.#rows.fill(0, cell * WIDTH, (cell + 1) * WIDTH);
    }
    if (day > this.today) this.today = day;
    return cell * WIDTH;
  }

  save(): SavedHistory {
    const days: [number, ...number[]][] = [];
    for (const [cell, day] of this.#held.entries())
      if (day >= 0) days.push([day, ...this.#rows.subarray(cell * WIDTH, (cell + 1) * WIDTH)]);
    return { days, countries: [...this.#countries], targets: [...this.#targets] };
  }

  static load({ days, countries, targets = [] }: SavedHistory): UserHistory {
    const history = new UserHistory();
    for (const [day, ...values] of days.toSorted(([a], [b]) => a - b)) {
      const row = Number.isSafeInteger(day) ? history.#row(day) : undefined;
      if (row !== undefined) for (let i = 0; i < WIDTH; i++) history.#rows[row + i] = values[i] ?? 0;
    }
    for (const [country, day] of countries.slice(-MAX_COUNTRIES)) history.#countries.set(country, day);
    for (const [number, day] of targets.slice(-MAX_TARGETS)) history.#targets.set(number, day);
    return history;
  }
}

/** Notes the day; the one that was seen longest ago makes room. @returns True: not seen in the thirty days before. */
function isFirst(seen: Map<string, number>, name: string, day: number, most: number): boolean {
  const last = seen.get(name);
  if (last === undefined || day > last) {
    seen.delete(name);
    if (seen.size >= most) {
      const [oldest] = seen.keys();
      if (oldest !== undefined) seen.delete(oldest);
    }
    seen.set(name, day);
  }
  return last === undefined || day - last > BASELINE_DAYS;
}
