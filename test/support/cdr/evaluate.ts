import type { CdrDetection, CdrFinding, CdrRule, UnixMs } from "../../../detection/index.js";
import type { FraudKind, Strength } from "../../../scripts/cdr-traffic/frauds.js";
import { timeOf, type TrafficItem } from "../../../scripts/cdr-traffic/traffic.js";

export interface FraudRow {
  readonly kind: FraudKind;
  readonly strength: Strength;
  readonly incidents: number;
  readonly found: number;
  /** From its first record to the first finding, minutes: of each that was found. */
  readonly minutes: readonly number[];
  /** Its records until then. */
  readonly calls: readonly number[];
  readonly rules: readonly CdrRule[];
}

export interface CdrQuality {
  readonly records: number;
  readonly userDays: number;
  readonly incidents: number;
  readonly recall: number;
  /** Of the incidents that were told, those that belong to a fraud. */
  readonly precision: number;
  readonly rightAlerts: number;
  readonly falseAlerts: number;
  readonly falsePer1000UserDays: number;
  /** Incidents that were told and belong to a fraud, of whichever kind; and those that do not. */
  readonly rightByRule: Readonly<Partial<Record<CdrRule, number>>>;
  readonly falseByRule: Readonly<Partial<Record<CdrRule, number>>>;
  readonly frauds: readonly FraudRow[];
}

interface Truth {
  readonly kind: FraudKind;
  readonly strength: Strength;
  readonly firstAt: number;
  records: number;
  foundAt: number | undefined;
  recordsThen: number;
  readonly rules: Set<CdrRule>;
}

/** What a fraud leaves behind counts to it for so long: a user's day stays unusual. */
const AFTERMATH_MS = 24 * 3_600_000;

/** Runs labelled traffic through detection and compares. */
export function evaluate(detection: CdrDetection, items: Iterable<TrafficItem>, users: number): CdrQuality {
  const truths = new Map<string, Truth>();
  const byRecord = new Map<string, string>();
  const lastOfUser = new Map<string, { readonly incident: string; readonly at: number }>();
  const falseByRule: Partial<Record<CdrRule, number>> = {};
  const rightByRule: Partial<Record<CdrRule, number>> = {};
  let records = 0;
  let right = 0;
  let wrong = 0;
  let first: number | undefined;
  let last = 0;
  for (const item of items) {
    const at = timeOf(item);
    first ??= at;
    last = Math.max(last, at);
    records++;
    note(item, at, { truths, byRecord, lastOfUser });
    const findings = item.kind === "call" ? detection.observe(item.record) : detection.changed(item.change);
    for (const finding of findings) {
      if (finding.change !== "opened") continue;
      const incident = incidentOf(finding, byRecord, lastOfUser);
      const truth = incident === undefined ? undefined : truths.get(incident);
      if (truth === undefined) {
        wrong++;
        falseByRule[finding.rule] = (falseByRule[finding.rule] ?? 0) + 1;
        continue;
      }
      right++;
      rightByRule[finding.rule] = (rightByRule[finding.rule] ?? 0) + 1;
      truth.rules.add(finding.rule);
      if (truth.foundAt !== undefined) continue;
      truth.foundAt = finding.at;
      truth.recordsThen = truth.records;
    }
  }
  const userDays = (users * (last - (first ?? last))) / 86_400_000;
  const all = [...truths.values()];
  return {
    records,
    userDays: Math.round(userDays),
    incidents: all.length,
    recall: share(all.filter(({ foundAt }) => foundAt !== undefined).length, all.length),
    precision: share(right, right + wrong),
    rightAlerts: right,
    falseAlerts: wrong,
    falsePer1000UserDays: Math.round((wrong / userDays) * 100_000) / 100,
    rightByRule,
    falseByRule,
    frauds: rows(all),
  };
}

interface Books {
  readonly truths: Map<string, Truth>;
  readonly byRecord: Map<string, string>;
  readonly lastOfUser: Map<string, { readonly incident: string; readonly at: number }>;
}

function note(item: TrafficItem, at: number, { truths, byRecord, lastOfUser }: Books): void {
  const { label } = item;
  if (label === undefined) return;
  const { id, user } = item.kind === "call" ? item.record : item.change;
  byRecord.set(id, label.incident);
  lastOfUser.set(user, { incident: label.incident, at });
  const truth = truths.get(label.incident);
  if (truth !== undefined) truth.records++;
  else {
    const { kind, strength } = label;
    const made: Truth = {
      kind,
      strength,
      firstAt: at,
      records: 1,
      foundAt: undefined,
      recordsThen: 0,
      rules: new Set(),
    };
    truths.set(label.incident, made);
  }
}

function incidentOf(
  finding: CdrFinding,
  byRecord: Books["byRecord"],
  lastOfUser: Books["lastOfUser"],
): string | undefined {
  for (const id of finding.records) {
    const incident = byRecord.get(id);
    if (incident !== undefined) return incident;
  }
  const known = lastOfUser.get(finding.user ?? finding.subject);
  return known !== undefined && finding.at - known.at <= AFTERMATH_MS ? known.incident : undefined;
}

function rows(truths: readonly Truth[]): FraudRow[] {
  const groups = new Map<string, Truth[]>();
  for (const truth of truths) {
    const key = `${truth.kind}/${truth.strength}`;
    groups.set(key, [...(groups.get(key) ?? []), truth]);
  }
  return [...groups.values()].map((group) => {
    const found = group.filter(({ foundAt }) => foundAt !== undefined);
    const [first] = group;
    return {
      kind: first?.kind ?? "toll-fraud",
      strength: first?.strength ?? "faint",
      incidents: group.length,
      found: found.length,
      minutes: found.map(({ foundAt = 0, firstAt }) => (foundAt - firstAt) / 60_000),
      calls: found.map(({ recordsThen }) => recordsThen),
      rules: [...new Set(found.flatMap(({ rules: each }) => [...each]))].sort(),
    };
  });
}

export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[sorted.length >> 1];
  return middle === undefined ? undefined : Math.round(middle * 10) / 10;
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : Math.round((part / whole) * 10_000) / 10_000);

const counts = (of: readonly Readonly<Partial<Record<CdrRule, number>>>[]): Partial<Record<CdrRule, number>> => {
  const sums: Partial<Record<CdrRule, number>> = {};
  for (const each of of)
    for (const [rule, count] of Object.entries(each) as [CdrRule, number][]) sums[rule] = (sums[rule] ?? 0) + count;
  return sums;
};

/** Of several populations: every incident counts as much as another. */
export function merged(qualities: readonly CdrQuality[]): CdrQuality {
  const sum = (of: (quality: CdrQuality) => number): number =>
    qualities.reduce((total, quality) => total + of(quality), 0);
  const [incidents, userDays] = [sum((each) => each.incidents), sum((each) => each.userDays)];
  const [right, wrong] = [sum((each) => each.rightAlerts), sum((each) => each.falseAlerts)];
  const groups = new Map<string, FraudRow[]>();
  for (const row of qualities.flatMap(({ frauds }) => frauds)) {
    const key = `${row.kind}/${row.strength}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const frauds = [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [{ ...first, ...pooled(group) }];
  });
  return {
    records: sum((each) => each.records),
    userDays,
    incidents,
    recall: share(
      frauds.reduce((total, { found }) => total + found, 0),
      incidents,
    ),
    precision: share(right, right + wrong),
    rightAlerts: right,
    falseAlerts: wrong,
    falsePer1000UserDays: Math.round((wrong / userDays) * 100_000) / 100,
    rightByRule: counts(qualities.map((each) => each.rightByRule)),
    falseByRule: counts(qualities.map((each) => each.falseByRule)),
    frauds,
  };
}

/** Rows of frauds taken together. */
export const pooled = (rows: readonly FraudRow[]): Omit<FraudRow, "kind" | "strength"> => ({
  incidents: rows.reduce((total, each) => total + each.incidents, 0),
  found: rows.reduce((total, each) => total + each.found, 0),
  minutes: rows.flatMap(({ minutes }) => minutes),
  calls: rows.flatMap(({ calls }) => calls),
  rules: [...new Set(rows.flatMap(({ rules }) => rules))].sort(),
});

export const JANUARY = Date.parse("2026-01-05T00:00:00Z") as UnixMs;
