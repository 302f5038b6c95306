import type { UnixMs } from "../../model/time.js";
import type { CallContext } from "../call-context.js";
import type { CdrDetectionOptions } from "../cdr-options.js";
import { ForestGrowth, loadForest, saveForest, type JudgingForest, type SavedGrowth } from "../forest-growth.js";
import type { Suspicion } from "../incident-book.js";
import type { ForestData } from "../isolation-forest.js";
import type { UserHistory } from "../user-history.js";

export const INTERNATIONAL_FEATURES = [
  "calls",
  "minutes",
  "callsOverUsual",
  "minutesOverUsual",
  "newCountries",
  "premiumCalls",
  "closedCalls",
] as const;

/** Rows that training draws from; the oldest go. */
const MAX_ROWS = 20_000;
/** A forest judges so long after its growing began, of the records' time: no poll of a feed brings more at once. */
const GROWING_MS = 3_600_000;

export interface SavedInternational {
  readonly forest: ForestData | undefined;
  readonly threshold: number;
  /** The one that comes after it. */
  readonly next?: SavedGrowth | undefined;
  /** Null: not yet. */
  readonly trainedAt: number | null;
  readonly nextRow: number;
}

/**
 * Unusual international calls: the day so far of a user, against that user's own thirty days, judged by an isolation forest over the
 * days of all users. The forest is grown anew every `retrainMs` of event time, and judges from an hour later on. Only days with more
 * than is usual count: a quiet day may be unusual, but it is no fraud.
 */
export class InternationalDetector {
  readonly #options: CdrDetectionOptions;
  readonly #rows: (readonly number[])[] = [];
  #nextRow = 0;
  #judging: JudgingForest | undefined;
  #growth: ForestGrowth | undefined;
  #trainedAt = Number.NEGATIVE_INFINITY;

  constructor(options: CdrDetectionOptions) {
    this.#options = options;
  }

  get trained(): boolean {
    return this.#judging !== undefined;
  }

  observe(context: CallContext): Suspicion | undefined {
    const { record, history, day, thresholds } = context;
    if (record.direction !== "out" || !record.international) return undefined;
    const calls = history.value(day, "internationalCalls");
    if (this.#judging === undefined || calls < thresholds.internationalCalls) return undefined;
    const usual = history.baseline(day, "internationalCalls");
    if (usual.days < thresholds.learnDays || calls <= usual.most) return undefined;
    const row = rowOf(history, day);
    const { forest, threshold } = this.#judging;
    const score = forest.score(row);
    if (score <= threshold) return undefined;
    const premium = history.value(day, "premiumCalls");
    const newCountries = history.value(day, "newCountries");
    return {
      subject: record.user,
      severity: premium >= 3 || calls >= 10 * (usual.most + 1) ? "critical" : newCountries > 0 ? "high" : "medium",
      score: Math.min(1, (score - threshold) / (1 - threshold) + 0.5),
      evidence: {
        internationalCalls: calls,
        internationalMinutes: Math.round(history.value(day, "internationalMinutes")),
        mostBefore: usual.most,
        newCountries,
        premiumCalls: premium,
        anomaly: round(score),
        threshold: round(threshold),
      },
      ...(record.country === undefined ? {} : { detail: { country: record.country } }),
    };
  }

  /** A user's day is over. @returns The row to learn from; undefined: nothing was abroad, or the user is too new. */
  dayOver(history: UserHistory, day: number): readonly number[] | undefined {
    if (history.value(day, "internationalCalls") === 0) return undefined;
    if (history.baseline(day, "outCalls").days < this.#options.thresholds.learnDays) return undefined;
    const row = rowOf(history, day);
    this.#rows[this.#nextRow] = row;
    this.#nextRow = (this.#nextRow + 1) % MAX_ROWS;
    return row;
  }

  /** Where it is time, a forest that is grown comes into force, and another one begins to grow. */
  tick(at: UnixMs): void {
    if (this.#growth !== undefined) {
      if (at < this.#growth.dueAt) return;
      this.#judging = this.#growth.finish();
      this.#growth = undefined;
    }
    const { forestRows, retrainMs, forestQuantile: quantile } = this.#options.thresholds;
    if (this.#rows.length < forestRows || at - this.#trainedAt < retrainMs) return;
    this.#trainedAt = at;
    this.#growth = ForestGrowth.begin((at + GROWING_MS) as UnixMs, INTERNATIONAL_FEATURES, [...this.#rows], {
      trees: 100,
      sample: 256,
      seed: this.#options.seed,
      quantile,
    });
  }

  /** A forest is growing. */
  get grows(): boolean {
    return this.#growth?.isGrown === false;
  }

  /** One tree of it, about a millisecond. */
  grow(): void {
    this.#growth?.step();
  }

  /** After the rows. What grows is grown to its end first. */
  save(): SavedInternational {
    const judging = this.#judging === undefined ? { forest: undefined, threshold: 1 } : saveForest(this.#judging);
    return {
      ...judging,
      next: this.#growth?.save(),
      trainedAt: Number.isFinite(this.#trainedAt) ? this.#trainedAt : null,
      nextRow: this.#nextRow,
    };
  }

  /** The rows that training draws from, so many at a time. */
  *saveRows(size: number): Generator<readonly (readonly number[])[]> {
    for (let from = 0; from < this.#rows.length; from += size) yield this.#rows.slice(from, from + size);
  }

  /** Adds what a part of `saveRows` has. */
  loadRows(rows: readonly (readonly number[])[]): void {
    for (const row of rows) if (this.#rows.length < MAX_ROWS) this.#rows.push([...row]);
    this.#nextRow = this.#rows.length % MAX_ROWS;
  }

  /** After the rows. */
  load({ forest, threshold, next, trainedAt, nextRow }: SavedInternational): void {
    this.#judging = forest === undefined ? undefined : loadForest({ forest, threshold });
    this.#growth = next === undefined ? undefined : ForestGrowth.load(next);
    const isKnown = this.#judging !== undefined || this.#growth !== undefined;
    this.#trainedAt = isKnown ? (trainedAt ?? Number.NEGATIVE_INFINITY) : Number.NEGATIVE_INFINITY;
    if (Number.isInteger(nextRow) && nextRow >= 0 && nextRow <= this.#rows.length) this.#nextRow = nextRow % MAX_ROWS;
  }
}

function rowOf(history: UserHistory, day: number): readonly number[] {
  const calls = Math.log1p(history.value(day, "internationalCalls"));
  const minutes = Math.log1p(history.value(day, "internationalMinutes"));
  return [
    calls,
    minutes,
    calls - history.baseline(day, "internationalCalls").mean,
    minutes - history.baseline(day, "internationalMinutes").mean,
    history.value(day, "newCountries"),
    Math.log1p(history.value(day, "premiumCalls")),
    Math.log1p(history.value(day, "closedInternational")),
  ];
}

const round = (value: number): number => Math.round(value * 1_000) / 1_000;
