import type { UnixMs } from "../model/time.js";
import { IsolationForest, type ForestData, type ForestSettings } from "./isolation-forest.js";

/** Rows that the threshold is read from. */
const MAX_SCORED = 4_000;

/** A forest, and the score above which a row is unusual. */
export interface JudgingForest {
  readonly forest: IsolationForest;
  readonly threshold: number;
}

export interface SavedForest {
  readonly forest: ForestData;
  readonly threshold: number;
}

export interface SavedGrowth extends SavedForest {
  readonly dueAt: number;
}

export interface GrowthOptions extends ForestSettings {
  /** Share of the rows that may lie above the threshold, 0–1. */
  readonly quantile: number;
}

/**
 * A forest that is being grown, a tree a step, and is not to be used before `dueAt`. By then it is grown, whoever took the steps: so
 * what it finds depends on the records alone, and not on when its thread had time for it.
 */
export class ForestGrowth {
  readonly dueAt: UnixMs;
  #steps: Generator<undefined, JudgingForest> | undefined;
  #grown: JudgingForest | undefined;

  private constructor(dueAt: UnixMs, from: Generator<undefined, JudgingForest> | JudgingForest) {
    this.dueAt = dueAt;
    if ("forest" in from) this.#grown = from;
    else this.#steps = from;
  }

  /** @param rows Stay as they are until all is grown. At least one. */
  static begin(
    dueAt: UnixMs,
    features: readonly string[],
    rows: readonly (readonly number[])[],
    options: GrowthOptions,
  ): ForestGrowth {
    return new ForestGrowth(dueAt, grow(features, rows, options));
  }

  /** @returns Undefined: it is not one of ours. */
  static load({ dueAt, ...saved }: SavedGrowth): ForestGrowth | undefined {
    const grown = loadForest(saved);
    return grown === undefined ? undefined : new ForestGrowth(dueAt as UnixMs, grown);
  }

  /** Grown to its end. */
  save(): SavedGrowth {
    return { ...saveForest(this.finish()), dueAt: this.dueAt };
  }

  get isGrown(): boolean {
    return this.#grown !== undefined;
  }

  /** One more tree. */
  step(): void {
    const step = this.#steps?.next();
    if (step?.done !== true) return;
    this.#grown = step.value;
    this.#steps = undefined;
  }

  /** All that is left of it at once. */
  finish(): JudgingForest {
    for (;;) {
      if (this.#grown !== undefined) return this.#grown;
      this.step();
    }
  }
}

export const saveForest = ({ forest, threshold }: JudgingForest): SavedForest => ({ forest: forest.save(), threshold });

/** @returns Undefined: it is not one of ours. */
export function loadForest({ forest, threshold }: SavedForest): JudgingForest | undefined {
  const loaded = IsolationForest.load(forest);
  return loaded.ok ? { forest: loaded.value, threshold } : undefined;
}

function* grow(
  features: readonly string[],
  rows: readonly (readonly number[])[],
  options: GrowthOptions,
): Generator<undefined, JudgingForest> {
  const forest = yield* IsolationForest.growing(features, rows, options);
  const step = Math.max(1, Math.floor(rows.length / MAX_SCORED));
  const scores = (yield* forest.scoring(rows.filter((_, at) => at % step === 0))).sort();
  return { forest, threshold: scores[Math.floor((1 - options.quantile) * (scores.length - 1))] ?? 1 };
}
