/** One expected value with the interval in which it should lie. */
export interface Expected {
  readonly expected: number;
  readonly low: number;
  readonly high: number;
}

export interface DayValue {
  readonly value: number;
  /** 0–6: days that are alike. A day on which the site is closed outside of its week (a holiday) has the class of a Sunday. */
  readonly dayClass: number;
}

/** Days before the first forecast; fewer have no weekly pattern that one could trust. */
export const LEARN_DAYS = 21;
/** Errors of earlier forecasts before an interval is told. */
const MIN_ERRORS = 14;
/** Weight of the newest day in the level. */
const SMOOTHING = 0.2;
/** Relative spread of days that are alike, beside that of counting (1/√n): makes errors of busy and quiet days comparable. */
const SPREAD = 0.05;
/** Days that a weekday's pattern is learned from: eight weeks. */
const SEASON_DAYS = 56;
const CLASSES = 7;

/**
 * What `days` lead one to expect for the days after them, and how sure that is.
 *
 * In logarithms, log(1 + value), so that a call centre and an office are judged alike: a level (exponential smoothing, 0.2) and a
 * pattern of the week (means of eight weeks). The interval is not assumed but measured: the same forecast is made for every earlier
 * day from the days before it, and the interval is as wide as its errors were, in units of the spread that a day of that size has
 * (normalised conformal prediction, Vovk et al. 2005, with its correction for small numbers). At equal conditions a share `level`
 * of the days falls into it, whatever the errors' shape.
 *
 * @param days Oldest first, one a day without gaps.
 * @param ahead Classes of the days to come, the first is the day after the last of `days`.
 * @param level 0–1: share of days that should fall within, for example 0.95.
 * @returns One for each of `ahead`; undefined where there is too little history.
 */
export function forecast(
  days: readonly DayValue[],
  ahead: readonly number[],
  level: number,
): readonly (Expected | undefined)[] {
  const logs = days.map(({ value }) => Math.log1p(Math.max(0, value)));
  const classes = days.map(({ dayClass }) => dayClass);
  return ahead.map((dayClass, index) => {
    const distance = index + 1;
    const errors: number[] = [];
    for (let at = LEARN_DAYS; at + distance <= days.length; at++) {
      const target = at + distance - 1;
      const guess = expectedLog(logs, classes, at, classes[target] ?? 0);
      errors.push(Math.abs((logs[target] ?? 0) - guess) / spreadAt(guess));
    }
    if (days.length < LEARN_DAYS || errors.length < MIN_ERRORS) return undefined;
    return interval(expectedLog(logs, classes, days.length, dayClass), quantile(errors, level));
  });
}

/** For every day what the days before it, and no later ones, led one to expect. */
export function expectedDays(days: readonly DayValue[], level: number): readonly (Expected | undefined)[] {
  const logs = days.map(({ value }) => Math.log1p(Math.max(0, value)));
  const classes = days.map(({ dayClass }) => dayClass);
  const errors: number[] = [];
  return days.map((_day, at) => {
    if (at < LEARN_DAYS) return undefined;
    const guess = expectedLog(logs, classes, at, classes[at] ?? 0);
    const known = errors.length < MIN_ERRORS ? undefined : interval(guess, quantile(errors, level));
    errors.push(Math.abs((logs[at] ?? 0) - guess) / spreadAt(guess));
    return known;
  });
}

/** From the first `count` days. */
function expectedLog(logs: readonly number[], classes: readonly number[], count: number, dayClass: number): number {
  const from = Math.max(0, count - SEASON_DAYS);
  const sums = new Float64Array(CLASSES);
  const counts = new Uint32Array(CLASSES);
  let sum = 0;
  for (let at = from; at < count; at++) {
    const each = classes[at] ?? 0;
    sums[each] = (sums[each] ?? 0) + (logs[at] ?? 0);
    counts[each] = (counts[each] ?? 0) + 1;
    sum += logs[at] ?? 0;
  }
  const mean = count > from ? sum / (count - from) : 0;
  const patternOf = (each: number): number => {
    const seen = counts[each] ?? 0;
    return seen === 0 ? 0 : (sums[each] ?? 0) / seen - mean;
  };
  let level = mean;
  for (let at = from; at < count; at++) level += SMOOTHING * ((logs[at] ?? 0) - patternOf(classes[at] ?? 0) - level);
  return level + patternOf(dayClass);
}

/** The ⌈(n + 1) · level⌉-th smallest; the largest where there are not so many. */
function quantile(errors: readonly number[], level: number): number {
  const sorted = Float64Array.from(errors).sort();
  const place = Math.min(sorted.length, Math.ceil((sorted.length + 1) * level));
  return sorted[Math.max(0, place - 1)] ?? 0;
}

/** Standard deviation of log(1 + value) that a day has where `log` is expected, if it only counted and varied by `SPREAD`. */
const spreadAt = (log: number): number => Math.hypot(SPREAD, 1 / Math.sqrt(Math.max(1, Math.exp(log))));

/** @param errors In units of `spreadAt`. */
function interval(log: number, errors: number): Expected {
  const width = errors * spreadAt(log);
  return {
    expected: Math.max(0, Math.expm1(log)),
    low: Math.max(0, Math.expm1(log - width)),
    high: Math.max(0, Math.expm1(log + width)),
  };
}
