import {
  buildReport,
  CdrDetection,
  DEFAULT_CDR_DETECTION,
  ReportFacts,
  reportRules,
  unixMs,
  type CallRecord,
  type CdrFinding,
  type ReportDocument,
  type ReportName,
  type ReportOptions,
  type ReportRange,
  type ReportRules,
} from "../../../detection/index.js";
import { SITE_OPTIONS } from "../../../scripts/cdr-traffic/population.js";
import { traffic } from "../../../scripts/cdr-traffic/traffic.js";
import { sampleCallRecord } from "../records.js";
import { JANUARY } from "./evaluate.js";

const DAY_MS = 86_400_000;
export const PERIOD: ReportRange = { from: unixMs(JANUARY + 42 * DAY_MS), to: unixMs(JANUARY + 56 * DAY_MS) };
export const NOW = unixMs(JANUARY + 60 * DAY_MS);

export function rulesFor(options: Partial<ReportOptions> = {}): ReportRules {
  const rules = reportRules({
    timeZone: "UTC",
    sites: SITE_OPTIONS,
    paymentLines: [],
    euCallers: undefined,
    recordRetentionDays: 400,
    storeRetentionDays: 90,
    numbers: "masked",
    ...options,
  });
  if (!rules.ok) throw new Error(JSON.stringify(rules.error));
  return rules.value;
}

export interface ReportScene {
  readonly records: readonly CallRecord[];
  readonly findings: readonly CdrFinding[];
}

/** Eight weeks of a small company, with a fraud now and then, and what the detectors say of it. */
export function reportScene(): ReportScene {
  const detection = CdrDetection.of({ ...DEFAULT_CDR_DETECTION, sites: SITE_OPTIONS });
  if (!detection.ok) throw new Error("sites");
  const records: CallRecord[] = [];
  const findings: CdrFinding[] = [];
  const options = { users: 12, seed: 11, days: 56, from: JANUARY, honestDays: 30, fraudsPerDay: 1 };
  for (const item of traffic(options)) {
    if (item.kind === "call") records.push(item.record);
    findings.push(
      ...(item.kind === "call" ? detection.value.observe(item.record) : detection.value.changed(item.change)),
    );
  }
  return { records, findings };
}

export function factsOf({ records, findings }: ReportScene, rules: ReportRules, range = PERIOD): ReportFacts {
  const facts = new ReportFacts(range, rules);
  for (const record of records) facts.call(record);
  for (const finding of findings) facts.finding(finding);
  return facts;
}

export const reportOf = (
  name: Exclude<ReportName, "journey">,
  scene: ReportScene,
  rules = rulesFor(),
  range = PERIOD,
): ReportDocument => buildReport(name, factsOf(scene, rules, range), NOW);

/** A record with what a test cares for. */
export const callRecord = (given: Partial<CallRecord> & { readonly id: string }): CallRecord =>
  sampleCallRecord(0, {
    callId: given.id,
    startedAt: unixMs(PERIOD.from + 3_600_000),
    endedAt: unixMs(PERIOD.from + 3_660_000),
    durationMs: 50_000,
    outcome: "answered",
    ...given,
  });
