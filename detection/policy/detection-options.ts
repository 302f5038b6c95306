import type { RuleMode } from "../model/findings.js";

/** Many callers, one called number, seconds apart. */
export interface MaskingOptions {
  readonly mode: RuleMode;
  /** Length of the sliding window, ms, 100–60,000. A caller exactly this old no longer counts. */
  readonly windowMs: number;
  /** Distinct callers of one number within the window that make an incident, 2–1,000. */
  readonly threshold: number;
  /** An incident closes after this long without a call that belongs to it, ms. Never less than the window. */
  readonly quietMs: number;
  /** A caller who reached the number this recently before an attack does not belong to it, ms. 0: nobody is known. */
  readonly knownCallerMs: number;
  /** Distinct attackers that make their trunk an attacking one; where no trunk brought that many, every trunk of theirs is. */
  readonly attackingTrunkCallers: number;
}

/** Refusal of later calls of the attackers to the number they attacked. */
export interface BlockOptions {
  readonly mode: RuleMode;
  /** Life of a block of one caller, ms. */
  readonly ttlMs: number;
  /** Above 0: attackers whose first so many characters (`+` included) agree are also blocked by that prefix. */
  readonly callerPrefixLength: number;
  /** Blocks of single callers that one incident may add; its trunk block covers the rest while it is open. */
  readonly maxPerIncident: number;
}

/** What no rule may cut. Numbers and prefixes in canonical form. Findings about them are still reported. */
export interface GuardListOptions {
  readonly calledNumbers: readonly string[];
  readonly calledPrefixes: readonly string[];
  readonly callerNumbers: readonly string[];
  readonly callerPrefixes: readonly string[];
  readonly trunks: readonly string[];
}

/** Learned busy numbers: how many distinct callers in one window are normal there. */
export interface BaselineOptions {
  readonly learn: boolean;
  /** An incident on a busy number needs more than `factor` × normal + 2 × √normal callers. At least 1. */
  readonly factor: number;
  /** Which of the hourly peaks is called normal, 0–1. */
  readonly quantile: number;
  /** Busy hours that must have been seen before a number counts as busy. */
  readonly minHours: number;
  /** Different days (UTC) that these hours must come from: an attack of one night teaches nothing. */
  readonly minDays: number;
  /** Length of the slots that peaks are taken of, ms; an hour when absent. Shorter ones are for learning from a recording. */
  readonly slotMs?: number;
  /** No baseline is higher than this, callers per window. */
  readonly cap: number;
}

/** How much the policy may do at most. */
export interface PolicyLimits {
  /** Answered calls that may be ended within any minute; 0: none. Refusing goes on when it is reached. */
  readonly answeredDisconnectsPerMinute: number;
  /** Share of called numbers, by a stable hash, for which enforcing really enforces: 0–100. */
  readonly canaryPercent: number;
}

/** Sizes of the tables, fixed when the process starts. When one is full, what was used longest ago is forgotten. */
export interface DetectionMemory {
  /** Windows of called numbers, MiB. One number takes 66 bytes up to threshold 6, 130 above. */
  readonly windowMiB: number;
  /** Calls whose state (answered, ended, refused) is remembered; rounded up to a power of two. */
  readonly trackedCalls: number;
  /** Latest calls whose ids are kept, so that an incident can name them; rounded up to a power of two. */
  readonly recentCalls: number;
  /** Pairs of caller and called number that are remembered as known; rounded up to a power of two. */
  readonly knownPairs: number;
  /** Numbers watched closely: busy, attacked or blocked. */
  readonly watchedNumbers: number;
  readonly openIncidents: number;
  readonly blocks: number;
}

export interface DetectionOptions {
  /** Every rule only reports, whatever its own mode. */
  readonly shadow: boolean;
  readonly masking: MaskingOptions;
  readonly block: BlockOptions;
  readonly guard: GuardListOptions;
  readonly baseline: BaselineOptions;
  readonly limits: PolicyLimits;
  readonly memory: DetectionMemory;
}

export const DEFAULT_DETECTION_OPTIONS: DetectionOptions = {
  shadow: false,
  masking: {
    mode: "enforce",
    windowMs: 5_000,
    threshold: 5,
    quietMs: 30_000,
    knownCallerMs: 86_400_000,
    attackingTrunkCallers: 2,
  },
  block: { mode: "enforce", ttlMs: 3_600_000, callerPrefixLength: 0, maxPerIncident: 1_000 },
  guard: { calledNumbers: [], calledPrefixes: [], callerNumbers: [], callerPrefixes: [], trunks: [] },
  baseline: { learn: true, factor: 2, quantile: 0.8, minHours: 12, minDays: 3, cap: 1_000 },
  limits: { answeredDisconnectsPerMinute: 300, canaryPercent: 100 },
  memory: {
    windowMiB: 144,
    trackedCalls: 524_288,
    recentCalls: 65_536,
    knownPairs: 2_097_152,
    watchedNumbers: 20_000,
    openIncidents: 5_000,
    blocks: 20_000,
  },
};

/** Where ids and the seed of the hashes come from. `Random` of gateway/core is one. */
export interface IdSource {
  /** Unguessable lower-case hex, `bytes` × 8 bits. */
  token(bytes: number): string;
}
