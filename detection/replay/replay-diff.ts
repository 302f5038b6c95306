import type { ReplayNumber, ReplaySummary } from "./replay.js";

const COUNTED = ["incidents", "cut", "refused", "spared", "beyondLimit", "leftAlone"] as const;
const PER_NUMBER = ["incidents", "cut", "refused", "spared"] as const;

/** One number on which two settings differ. */
export interface NumberDifference {
  readonly called: string;
  readonly before: Pick<ReplayNumber, (typeof PER_NUMBER)[number]>;
  readonly after: Pick<ReplayNumber, (typeof PER_NUMBER)[number]>;
}

export interface ReplayDifference {
  /** After minus before. */
  readonly totals: Readonly<Record<(typeof COUNTED)[number], number>>;
  /** In order of called number. */
  readonly numbers: readonly NumberDifference[];
}

const NOTHING = { incidents: 0, cut: 0, refused: 0, spared: 0 };

/** What the same recording gives under one setting and under another. */
export function diffReplays(before: ReplaySummary, after: ReplaySummary): ReplayDifference {
  const totals = Object.fromEntries(COUNTED.map((key) => [key, after[key] - before[key]]));
  const earlier = new Map(before.numbers.map((row) => [row.called, row]));
  const later = new Map(after.numbers.map((row) => [row.called, row]));
  const numbers = [...new Set([...earlier.keys(), ...later.keys()])].sort().flatMap((called) => {
    const left = counts(earlier.get(called));
    const right = counts(later.get(called));
    return PER_NUMBER.some((key) => left[key] !== right[key]) ? [{ called, before: left, after: right }] : [];
  });
  return { totals: totals as ReplayDifference["totals"], numbers };
}

function counts(row: ReplayNumber | undefined): NumberDifference["before"] {
  if (row === undefined) return NOTHING;
  const { incidents, cut, refused, spared } = row;
  return { incidents, cut, refused, spared };
}
