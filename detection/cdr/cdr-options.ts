import type { RuleMode } from "../model/findings.js";
import { CDR_RULES, type CdrRule } from "./cdr-finding.js";
import { DEFAULT_SITE, type SiteOptions } from "./site-calendar.js";

const HOUR_MS = 3_600_000;

export interface CdrThresholds {
  /** unusual-international: days of the user's own history before it is judged. */
  readonly learnDays: number;
  /** unusual-international: rows before the first forest is grown; then it is grown again every `retrainMs` of event time. */
  readonly forestRows: number;
  readonly retrainMs: number;
  /** unusual-international: share of training days that may be above the threshold. */
  readonly forestQuantile: number;
  readonly internationalCalls: number;
  /** after-hours: calls in twelve hours in which the site is closed; and days of the user's own history before many alone count. */
  readonly closedCalls: number;
  /** mass-dialling: calls in ten minutes. */
  readonly dialledPerTenMinutes: number;
  /** mass-dialling, behaviour-change: so many times the user's own busiest. */
  readonly overUsual: number;
  /** wangiri: users reached by short rings of one range within an hour. */
  readonly rungUsers: number;
  /** wangiri: what is at most a short ring, ms. */
  readonly shortRingMs: number;
  /** revenue-share: calls of one user to premium, satellite and such numbers in a day. */
  readonly costlyCalls: number;
  /** revenue-share: answered calls and minutes to one range within an hour; premium and satellite ranges count three times. */
  readonly rangeCalls: number;
  readonly rangeMinutes: number;
  /** traffic-pumping: calls to one domestic range within an hour, and their mean length, minutes. */
  readonly pumpedCalls: number;
  readonly pumpedMinutes: number;
  /** sim-box: calls a day, hours of the day in which there were any. */
  readonly simCalls: number;
  readonly simHours: number;
  /** number-scan: neighbouring numbers in a row. */
  readonly scanRun: number;
  /** concurrent-calls: at a time, of one user. */
  readonly concurrent: number;
  /** behaviour-change: deviations of log(1 + value) from the user's own mean. */
  readonly deviations: number;
  /** failed-authentication: within five minutes, of one user or address. */
  readonly failures: number;
}

export interface CdrDetectionOptions {
  readonly modes: Readonly<Record<CdrRule, RuleMode>>;
  readonly thresholds: CdrThresholds;
  /** By name; `default` is where nothing else is said. */
  readonly sites: Readonly<Record<string, SiteOptions>>;
  /** Users, numbers and prefixes (with `*` at the end) that nothing is said of. */
  readonly guard: readonly string[];
  /** An incident that was quiet for so long is closed, ms of event time. */
  readonly quietMs: number;
  /** Users whose history is kept; those seen longest ago go. 10 kB each. */
  readonly maxUsers: number;
  /** Ranges of numbers that are counted; the same. */
  readonly maxRanges: number;
  readonly maxIncidents: number;
  readonly seed: number;
}

export const DEFAULT_CDR_THRESHOLDS: CdrThresholds = {
  learnDays: 7,
  forestRows: 300,
  retrainMs: 24 * HOUR_MS,
  forestQuantile: 0.002,
  internationalCalls: 4,
  closedCalls: 8,
  dialledPerTenMinutes: 40,
  overUsual: 3,
  rungUsers: 5,
  shortRingMs: 6_000,
  costlyCalls: 4,
  rangeCalls: 12,
  rangeMinutes: 90,
  pumpedCalls: 30,
  pumpedMinutes: 10,
  simCalls: 80,
  simHours: 14,
  scanRun: 8,
  concurrent: 5,
  deviations: 3,
  failures: 10,
};

export const DEFAULT_CDR_DETECTION: CdrDetectionOptions = {
  modes: Object.fromEntries(CDR_RULES.map((rule) => [rule, "enforce"])) as Record<CdrRule, RuleMode>,
  thresholds: DEFAULT_CDR_THRESHOLDS,
  sites: { default: DEFAULT_SITE },
  guard: [],
  quietMs: 6 * HOUR_MS,
  maxUsers: 50_000,
  maxRanges: 50_000,
  maxIncidents: 10_000,
  seed: 1,
};
