import type { BaselineOptions } from "./detection-options.js";

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Two weeks of busy hours. */
const MAX_HOURS = 336;

export type BaselineOrigin = "imported" | "learned" | "operator";

/** What is normal on one called number, as it is imported and exported. */
export interface BaselineRow {
  readonly called: string;
  /** A usual peak of distinct callers in one window. */
  readonly callersPerWindow: number;
  readonly origin?: BaselineOrigin;
  /** What learning has seen so far: hours since the epoch with the peak of each. */
  readonly hours?: readonly (readonly [hour: number, peak: number])[];
}

/** Distinct callers that an incident needs on a number where `normal` of them in a window are usual. */
export function effectiveThreshold(threshold: number, normal: number, factor: number): number {
  if (normal <= 0) return threshold;
  return Math.max(threshold, Math.ceil(normal * factor + 2 * Math.sqrt(normal)));
}

/** The peak that is not exceeded in `quantile` of the hours. */
export function quantileOf(peaks: readonly number[], quantile: number): number {
  if (peaks.length === 0) return 0;
  const sorted = [...peaks].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(quantile * sorted.length) - 1))] as number;
}

/**
 * Learns what is normal on one number from its hourly peaks. An attack cannot teach it in seconds: a burst changes the peak of one
 * hour, of which `minHours` on `minDays` different days are needed and a quantile is taken; hours with an enforced incident do not
 * count; a learned value at most doubles a day, and never exceeds `cap`. Who attacks on many hours of several days, unnoticed in
 * shadow mode, does teach it: that is what the alerts are for.
 */
export class BaselineLearner {
  #hour = -1;
  #peak = 0;
  #tainted = false;
  #hours: (readonly [hour: number, peak: number])[] = [];
  #normal = 0;
  #origin: BaselineOrigin | undefined;
  #changedDay = -1;

  /** Usual peak of distinct callers in one window; 0: nothing is known. */
  get normal(): number {
    return this.#normal;
  }
  get origin(): BaselineOrigin | undefined {
    return this.#origin;
  }
  /** The highest count of the running hour. */
  get peak(): number {
    return this.#peak;
  }

  /** @param worth Peaks below it teach nothing: the number is not busy then. @returns True when a new hour began. */
  note(atMs: number, callers: number, worth: number, options: BaselineOptions): boolean {
    const rolled = this.roll(atMs, worth, options);
    if (callers > this.#peak) this.#peak = callers;
    return rolled;
  }

  /** Closes the running hour when it is over. */
  roll(atMs: number, worth: number, options: BaselineOptions): boolean {
    const hour = Math.floor(atMs / slotOf(options));
    if (hour <= this.#hour) return false;
    if (this.#hour >= 0 && options.learn && !this.#tainted && this.#peak >= worth) {
      this.#hours.push([this.#hour, this.#peak]);
      if (this.#hours.length > MAX_HOURS) this.#hours.shift();
      this.#learn(options);
    }
    this.#hour = hour;
    this.#peak = 0;
    this.#tainted = false;
    return true;
  }

  /** What happens in this hour is an attack, no normal traffic. */
  taint(): void {
    this.#tainted = true;
  }

  /** Somebody who knows says what is normal. 0 forgets it. */
  set(callersPerWindow: number, origin: BaselineOrigin, cap: number, hours?: BaselineRow["hours"]): void {
    this.#normal = Math.min(cap, Math.max(0, callersPerWindow));
    this.#origin = this.#normal > 0 ? origin : undefined;
    if (hours !== undefined) this.#hours = hours.slice(-MAX_HOURS);
    if (origin === "operator") this.#tainted = false;
  }

  row(called: string): BaselineRow | undefined {
    if (this.#normal === 0 && this.#hours.length === 0) return undefined;
    return {
      called,
      callersPerWindow: this.#normal,
      ...(this.#origin === undefined ? {} : { origin: this.#origin }),
      hours: this.#hours,
    };
  }

  #learn(options: BaselineOptions): void {
    const days = new Set(this.#hours.map(([hour]) => dayOf(hour, options)));
    if (this.#hours.length < options.minHours || days.size < options.minDays) return;
    const peaks = this.#hours.map(([, peak]) => peak);
    const seen = Math.min(options.cap, quantileOf(peaks, options.quantile));
    // What a person said is a floor: learning only raises it.
    if (this.#origin !== "learned" && seen <= this.#normal) return;
    const day = dayOf(this.#hour, options);
    if (this.#normal > 0 && seen > this.#normal && day === this.#changedDay) return;
    this.#normal = this.#normal > 0 ? Math.min(seen, this.#normal * 2) : seen;
    this.#origin = "learned";
    this.#changedDay = day;
  }
}

const slotOf = (options: BaselineOptions): number => options.slotMs ?? HOUR_MS;
const dayOf = (slot: number, options: BaselineOptions): number => Math.floor((slot * slotOf(options)) / DAY_MS);
