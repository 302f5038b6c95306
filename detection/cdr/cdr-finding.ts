import type { Severity } from "../model/severity.js";
import type { UnixMs } from "../model/time.js";

/** What the detectors of call records look for. */
export const CDR_RULES = [
  "unusual-international",
  "after-hours",
  "mass-dialling",
  "call-forwarding",
  "wangiri",
  "revenue-share",
  "traffic-pumping",
  "sim-box",
  "number-scan",
  "concurrent-calls",
  "behaviour-change",
  "failed-authentication",
] as const;
export type CdrRule = (typeof CDR_RULES)[number];

/** Where records of an incident belong, as they say it, and how many of them do. */
export interface FindingPlace {
  readonly site?: string;
  readonly department?: string;
  readonly trunk?: string;
  readonly records: number;
}

/**
 * One incident in call records as it stands: told when it opens, when it grows (severity, or twice as many calls) and when it has
 * been quiet for long enough. Never once a call.
 */
export interface CdrFinding {
  /** The same in all that is told of one incident; made of rule, subject and first time, so a replay gives the same. */
  readonly id: string;
  readonly change: "opened" | "updated" | "closed";
  readonly rule: CdrRule;
  /** `shadow`: for evaluation, no alert is raised. */
  readonly mode: "shadow" | "enforce";
  readonly severity: Severity;
  /** Certainty from 0 (noise) to 1 (sure). */
  readonly score: number;
  /** Who or what it is about: a user, a calling number, a range of called numbers. */
  readonly subject: string;
  readonly user?: string;
  readonly site?: string;
  readonly firstAt: UnixMs;
  /** The event time of the record that led to it. */
  readonly at: UnixMs;
  /** The numbers that the rule compared, so that a person can check the verdict. */
  readonly evidence: Readonly<Record<string, number>>;
  /** Words that belong to them: country, range, kind of forwarding. */
  readonly detail: Readonly<Record<string, string>>;
  /** Ids of records, the first 20; `recordCount` is exact. */
  readonly records: readonly string[];
  readonly recordCount: number;
  /** Access by team goes by them. Absent: nobody wrote them down. */
  readonly places?: readonly FindingPlace[];
  /** There are more than are listed. */
  readonly isWide?: true;
  /** It lay far back when its records were first read: kept, and nobody is told. */
  readonly isPast?: true;
}

/** What a person is told beside the figures; by rule, in `rule-notes.ts`. */
export interface CdrRuleNotes {
  readonly title: string;
  readonly explanation: string;
  readonly recommended: string;
  /** What honest traffic looks like it. */
  readonly falsePositives: string;
}
