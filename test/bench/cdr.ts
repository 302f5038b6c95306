import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import {
  CdrDetection,
  DEFAULT_CDR_DETECTION,
  SiteCalendar,
  type CdrDetectionOptions,
  type CdrRule,
  type DayWatcher,
} from "../../detection/index.js";
import { IsolationForest } from "../../detection/cdr/isolation-forest.js";
import { INTERNATIONAL_FEATURES } from "../../detection/cdr/detectors/international.js";
import type { FraudKind } from "../../scripts/cdr-traffic/frauds.js";
import { SITES, SITE_OPTIONS, type PopulationOptions } from "../../scripts/cdr-traffic/population.js";
import { traffic, type TrafficItem, type TrafficOptions } from "../../scripts/cdr-traffic/traffic.js";
import { evaluate, JANUARY, median, merged, pooled, type CdrQuality } from "../support/cdr/evaluate.js";
import { rocAuc, sklearnMissing, sklearnScores } from "../support/sklearn-forest.js";

/** Seeds below 1,000 were used while thresholds were chosen; these were not, and the people are others. */
const EVALUATION: readonly (PopulationOptions & { readonly days: number })[] = [
  { seed: 1_001, users: 300, days: 90 },
  { seed: 1_002, users: 200, days: 90, shares: { sales: 0.3, manager: 0.12, dialler: 0.02 } },
  { seed: 1_003, users: 200, days: 90, shares: { sales: 0.05, manager: 0.03, dialler: 0.2, hotline: 0.2 } },
];
const ABROAD = new Set(["toll-fraud", "premium-rate", "forwarding"]);
const GUIDE = "docs/guides/cdr-detectors.md";
const FIGURES = "docs/detection.md";

const OPTIONS: CdrDetectionOptions = {
  ...DEFAULT_CDR_DETECTION,
  sites: SITE_OPTIONS,
};

function detection(onDay?: DayWatcher): CdrDetection {
  const made = CdrDetection.of(OPTIONS, onDay);
  if (!made.ok) throw new Error(`${made.error.site}: ${made.error.code}`);
  return made.value;
}

const optionsOf = (population: (typeof EVALUATION)[number], fraudsPerDay: number): TrafficOptions => ({
  ...population,
  from: JANUARY,
  honestDays: 30,
  fraudsPerDay,
});

/**
 * Bench `cdr`: rows a second through all detectors (no storage, records in memory), the isolation forest beside scikit-learn's on the
 * same rows, and the quality table on traffic whose seeds and people were not used for choosing thresholds. `--write` puts the tables
 * into docs/guides/cdr-detectors.md and docs/detection.md; `--quality` measures nothing else.
 */
export function run(options: Readonly<Record<string, string>>): Promise<Readonly<Record<string, unknown>>> {
  const qualities = EVALUATION.map((population) =>
    evaluate(detection(), traffic(optionsOf(population, 2.5)), population.users),
  );
  const quality = merged(qualities);
  if (options["write"] === "true") writeTables(quality);
  const speed = options["quality"] === "true" ? {} : { ...rowsPerSecond(), ...auc() };
  return Promise.resolve({
    ...speed,
    kinds: byKind(quality),
    quality,
    machine: `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Node ${process.version}`,
  });
}

function rowsPerSecond(): { readonly rowsPerSecond: number; readonly rows: number; readonly heapMiB: number } {
  const items = [...traffic({ seed: 1_010, users: 2_000, days: 12, from: JANUARY, honestDays: 6, fraudsPerDay: 3 })];
  const fresh = detection();
  // The first third warms the compiler and fills the tables; it is not counted.
  const warm = Math.floor(items.length / 3);
  feed(fresh, items, 0, warm);
  const startedAt = performance.now();
  feed(fresh, items, warm, items.length);
  const seconds = (performance.now() - startedAt) / 1_000;
  const rows = items.length - warm;
  return {
    rowsPerSecond: Math.round(rows / seconds),
    rows,
    heapMiB: Math.round(process.memoryUsage().heapUsed / 2 ** 20),
  };
}

function feed(into: CdrDetection, items: readonly TrafficItem[], from: number, to: number): void {
  for (let at = from; at < to; at++) {
    const item = items[at];
    if (item?.kind === "call") into.observe(item.record);
    else if (item !== undefined) into.changed(item.change);
  }
}

/** Both forests learn from the same honest and fraudulent days of one population and are asked about those of another. */
function auc(): {
  readonly aucOurs: number;
  readonly aucSklearn: number | null;
  readonly aucRows: number;
  readonly aucReason?: string;
} {
  const train = dayRows(optionsOf({ seed: 1_020, users: 300, days: 80 }, 1.5));
  const test = dayRows(optionsOf({ seed: 1_021, users: 300, days: 80 }, 1.5));
  const seeds = [1, 2, 3, 4, 5];
  const mean = (values: readonly number[]): number =>
    round(values.reduce((sum, value) => sum + value, 0) / values.length);
  const aucOurs = mean(
    seeds.map((seed) => {
      const forest = IsolationForest.train(INTERNATIONAL_FEATURES, train.rows, { trees: 100, sample: 256, seed });
      return rocAuc(
        test.rows.map((row) => forest.score(row)),
        test.anomalous,
      );
    }),
  );
  const aucReason = sklearnMissing();
  if (aucReason !== undefined) return { aucOurs, aucSklearn: null, aucRows: test.rows.length, aucReason };
  const scores = sklearnScores({ trees: 100, sample: 256, seeds, train: train.rows, test: test.rows });
  return { aucOurs, aucSklearn: mean(scores.map((each) => rocAuc(each, test.anomalous))), aucRows: test.rows.length };
}

function dayRows(options: TrafficOptions): { readonly rows: (readonly number[])[]; readonly anomalous: boolean[] } {
  const odd = new Set<string>();
  const rows: (readonly number[])[] = [];
  const keys: string[] = [];
  const calendars = new Map(SITES.map(({ name, options: site }) => [name, SiteCalendar.of(site)] as const));
  const watching = detection((user, day, row) => {
    rows.push(row);
    keys.push(`${user} ${day}`);
  });
  for (const item of traffic(options)) {
    if (item.kind !== "call") continue;
    const { user, site = "", startedAt, international } = item.record;
    const calendar = calendars.get(site);
    if (item.label !== undefined && ABROAD.has(item.label.kind) && international && calendar?.ok === true)
      odd.add(`${user} ${calendar.value.localDay(startedAt)}`);
    watching.observe(item.record);
  }
  return { rows, anomalous: keys.map((key) => odd.has(key)) };
}

/** The detector that is made for a fraud; others see some of it too. */
const OWN_RULE: Readonly<Record<FraudKind, CdrRule>> = {
  "toll-fraud": "unusual-international",
  "premium-rate": "revenue-share",
  "mass-dialling": "mass-dialling",
  autodialler: "mass-dialling",
  forwarding: "call-forwarding",
  wangiri: "wangiri",
  "traffic-pumping": "traffic-pumping",
  "sim-box": "sim-box",
  "number-scan": "number-scan",
  "shared-account": "concurrent-calls",
  "runaway-user": "behaviour-change",
  "password-guessing": "failed-authentication",
};

interface KindRow {
  readonly kind: FraudKind;
  readonly detector: CdrRule;
  readonly incidents: number;
  readonly found: number;
  /** Incidents that its detector told, and those of them that belong to a fraud. */
  readonly told: number;
  readonly right: number;
  readonly medianMinutes: number | undefined;
  readonly falsePer1000UserDays: number;
}

/** A fraud in all its strengths, with the precision of its own detector. */
function byKind({ frauds, rightByRule, falseByRule, userDays }: CdrQuality): readonly KindRow[] {
  return [...new Set(frauds.map(({ kind }) => kind))].sort().map((kind) => {
    const { incidents, found, minutes } = pooled(frauds.filter((row) => row.kind === kind));
    const detector = OWN_RULE[kind];
    const [right, wrong] = [rightByRule[detector] ?? 0, falseByRule[detector] ?? 0];
    const falsePer1000UserDays = Math.round((wrong / userDays) * 100_000) / 100;
    const medianMinutes = median(minutes);
    return { kind, detector, incidents, found, told: right + wrong, right, medianMinutes, falsePer1000UserDays };
  });
}

function writeTables(quality: CdrQuality): void {
  const { frauds, ...all } = quality;
  const rows = frauds
    .toSorted((a, b) => a.kind.localeCompare(b.kind))
    .map(
      ({ kind, strength, incidents, found, minutes, calls, rules }) =>
        `| ${kind} | ${strength} | ${found} of ${incidents} | ${median(minutes) ?? "–"} | ${median(calls) ?? "–"} | ${rules.join(", ")} |`,
    );
  const falseRules = Object.entries(all.falseByRule).map(([rule, count]) => `${rule} ${count}`);
  const summary = `${new Date().toISOString().slice(0, 10)}: ${all.records} records, ${all.userDays} user days, ${all.incidents} frauds. Found: ${percent(all.recall)}. Of the ${all.rightAlerts + all.falseAlerts} incidents told, ${percent(all.precision)} belong to a fraud. False alerts: ${all.falsePer1000UserDays} per 1,000 users and day (${falseRules.length === 0 ? "none" : falseRules.join(", ")}).`;
  const head = "| fraud | strength | found | minutes until found (median) | its records until then | by |";
  writeBetween(GUIDE, [summary, "", head, "| --- | --- | --- | --- | --- | --- |", ...rows]);
  const kinds = byKind(quality).map((row) => {
    const precision = row.told === 0 ? "–" : `${percent(row.right / row.told)} (${row.right} of ${row.told})`;
    const recall = `${percent(row.found / row.incidents)} (${row.found} of ${row.incidents})`;
    return `| ${row.kind} | ${recall} | ${row.medianMinutes ?? "–"} | ${row.detector} | ${precision} | ${row.falsePer1000UserDays} |`;
  });
  writeBetween(FIGURES, [
    summary,
    "",
    "| fraud, all strengths | recall (any detector) | minutes until found (median) | its detector | precision of that | false alerts of that per 1,000 users and day |",
    "| --- | --- | --- | --- | --- | --- |",
    ...kinds,
  ]);
}

function writeBetween(path: string, lines: readonly string[]): void {
  const [before, , after] = readFileSync(path, "utf8").split(/<!-- quality -->|<!-- \/quality -->/);
  if (before === undefined || after === undefined) throw new Error(`${path} has no place for the table`);
  writeFileSync(path, `${before}<!-- quality -->\n\n${lines.join("\n")}\n\n<!-- /quality -->${after}`);
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const round = (value: number): number => Math.round(value * 10_000) / 10_000;
