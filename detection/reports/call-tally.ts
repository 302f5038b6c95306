import type { CallRecord } from "../cdr/call-record.js";
import { CALL_FIGURES, GROUPINGS, type CallFigureName, type Grouping, type ReportCall } from "./report-call.js";
import type { ReportTrace } from "./report-document.js";
import { firstDifference } from "./first-difference.js";

/** Rows of one figure, or of one group of it. */
export interface Count {
  readonly rows: number;
  readonly answered: number;
  /** Of the answered ones. */
  readonly durationMs: number;
  readonly sample: readonly string[];
}

/** What is counted: a figure, and by what it is told apart. */
export type Wanted = Partial<Record<CallFigureName, readonly Grouping[]>>;

/** Groups of one kind that are counted one by one; what comes after them is counted as `other`. */
const MAX_GROUPS = 5_000;
const SAMPLE = 20;
const OTHER = "(other)";
const NOTHING: Count = { rows: 0, answered: 0, durationMs: 0, sample: [] };

class Counter {
  rows = 0;
  answered = 0;
  durationMs = 0;
  readonly sample: string[] = [];

  add({ id, outcome, durationMs }: CallRecord): void {
    this.rows++;
    if (this.sample.length < SAMPLE) this.sample.push(id);
    if (outcome !== "answered") return;
    this.answered++;
    this.durationMs += durationMs;
  }
}

interface Slot {
  readonly name: CallFigureName;
  readonly counts: (call: ReportCall) => boolean;
  readonly total: Counter;
  readonly groups: readonly {
    readonly by: Grouping;
    readonly keyOf: (call: ReportCall) => string | undefined;
    readonly counters: Map<string, Counter>;
  }[];
}

/** Counts calls one by one; memory goes with the groups, not with the calls. */
export class CallTally {
  readonly #slots: readonly Slot[];

  constructor(wanted: Wanted) {
    this.#slots = (Object.keys(wanted) as CallFigureName[]).map((name) => ({
      name,
      counts: CALL_FIGURES[name].counts,
      total: new Counter(),
      groups: (wanted[name] ?? []).map((by) => ({ by, keyOf: GROUPINGS[by], counters: new Map<string, Counter>() })),
    }));
  }

  observe(call: ReportCall): void {
    for (const { counts, total, groups } of this.#slots) {
      if (!counts(call)) continue;
      total.add(call.record);
      for (const { keyOf, counters } of groups) {
        const key = keyOf(call);
        if (key !== undefined) counterOf(counters, key).add(call.record);
      }
    }
  }

  total(name: CallFigureName): Count {
    return this.#slots.find((slot) => slot.name === name)?.total ?? NOTHING;
  }

  /** Those with most rows first; equal ones by name. */
  groups(name: CallFigureName, by: Grouping): readonly (readonly [key: string, count: Count])[] {
    const counters = this.#slots.find((slot) => slot.name === name)?.groups.find((each) => each.by === by)?.counters;
    return [...(counters ?? [])].sort(([a, x], [b, y]) => firstDifference(y.rows - x.rows, a < b ? -1 : 1));
  }

  group(name: CallFigureName, by: Grouping, key: string): Count {
    return this.groups(name, by).find(([each]) => each === key)?.[1] ?? NOTHING;
  }

  trace(name: CallFigureName): ReportTrace {
    const { id, definition } = CALL_FIGURES[name];
    const { rows, sample } = this.total(name);
    return { id, definition, rows, sample };
  }

  groupTrace(name: CallFigureName, by: Grouping, key: string, { rows, sample }: Count): ReportTrace {
    const { id, definition } = CALL_FIGURES[name];
    return { id: `${id}/${by}/${key}`, definition: `${definition}; ${by} ${key}`, rows, sample };
  }
}

function counterOf(counters: Map<string, Counter>, key: string): Counter {
  const known = counters.get(key);
  if (known !== undefined) return known;
  const name = counters.size < MAX_GROUPS ? key : OTHER;
  const counter = counters.get(name) ?? new Counter();
  counters.set(name, counter);
  return counter;
}
