import type { RuleMode } from "../model/findings.js";

/** How far the gateway may go by itself, in rising order. */
export const THREAT_STEPS = ["tag", "warn", "hold", "end"] as const;
export type ThreatStep = (typeof THREAT_STEPS)[number];

/** What is done about a call that sounds like fraud. */
export interface ThreatOptions {
  /** `off`: verdicts are still reported to who asks. `shadow`: alerts only. */
  readonly mode: RuleMode;
  /** The highest step that is taken; a call that would deserve more is alerted about. */
  readonly maxStep: ThreatStep;
  /**
   * Score of the classifier from which a call may be held or ended on what was said alone, 0–1. The default is the one that the
   * evaluation justifies (docs/guides/threat.md). A `scam` that signalling or its caller's past speaks against too needs none.
   */
  readonly endScore: number;
  /** Verdicts `scam` in a row before a call is held or ended, 1–10. */
  readonly endTurns: number;
  /** Above 0: a call is held for so long before it is ended, so that a person can release it, ms. */
  readonly holdMs: number;
  /** Answered calls that may be ended for this within any minute; 0: none. */
  readonly endsPerMinute: number;
  /** How much signalling may raise the fused score, 0–1. */
  readonly signallingWeight: number;
  /** How much a caller's past may raise it, 0–1. */
  readonly historyWeight: number;
  /** How much the language model's verdict may raise it, 0–1. */
  readonly judgeWeight: number;
  /** Callers whose past is remembered; the one heard of longest ago is forgotten first. */
  readonly historyCallers: number;
  /** After so long the past of a caller counts half, ms. */
  readonly historyHalfLifeMs: number;
  /** Calls that are followed at a time; further ones are not judged. */
  readonly maxCalls: number;
}

export const DEFAULT_THREAT_OPTIONS: ThreatOptions = {
  mode: "enforce",
  maxStep: "end",
  endScore: 0.9994,
  endTurns: 1,
  holdMs: 0,
  endsPerMinute: 20,
  signallingWeight: 0.3,
  historyWeight: 0.5,
  judgeWeight: 0.5,
  historyCallers: 100_000,
  historyHalfLifeMs: 30 * 86_400_000,
  maxCalls: 10_000,
};
