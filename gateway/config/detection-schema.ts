import { z } from "zod";
import { DEFAULT_DETECTION_OPTIONS as D } from "../../detection/index.js";
import { count, durationMs } from "./field.js";

const ruleMode = z.enum(["off", "shadow", "enforce"]);
const names = (what: string) => z.array(z.string().min(1).max(64)).max(100_000).default([]).describe(what);

const masking = z.strictObject({
  mode: ruleMode.default(D.masking.mode).describe("off, shadow (report only) or enforce"),
  windowMs: durationMs(D.masking.windowMs, "Sliding window", 100, 60_000),
  threshold: count(
    D.masking.threshold,
    "Distinct callers of one number within the window that make an incident",
    2,
    1_000,
  ),
  quietMs: durationMs(D.masking.quietMs, "An incident closes after this long without a call of it", 100),
  knownCallerMs: durationMs(
    D.masking.knownCallerMs,
    "Who reached the number this recently before the attack does not belong to it; 0: nobody is known",
  ),
  attackingTrunkCallers: count(
    D.masking.attackingTrunkCallers,
    "Distinct attackers that make their trunk an attacking one",
    1,
  ),
});

const block = z.strictObject({
  mode: ruleMode.default(D.block.mode).describe("off, shadow or enforce"),
  ttlMs: durationMs(D.block.ttlMs, "Life of a block of one caller towards one number", 1_000),
  callerPrefixLength: count(
    D.block.callerPrefixLength,
    "Above 0: also block the prefix that attackers share, when it is this long",
  ),
  maxPerIncident: count(D.block.maxPerIncident, "Blocks of single callers that one incident may add"),
});

const guard = z.strictObject({
  calledNumbers: names("Called numbers that no rule may touch, canonical"),
  calledPrefixes: names("Prefixes of such numbers"),
  callerNumbers: names("Callers that no rule may touch, canonical"),
  callerPrefixes: names("Prefixes of such callers"),
  trunks: names("Trunks that no rule may touch"),
});

const baseline = z.strictObject({
  learn: z.boolean().default(D.baseline.learn).describe("Learn busy numbers from live traffic"),
  factor: z
    .number()
    .min(1)
    .default(D.baseline.factor)
    .describe("A busy number needs more than factor × normal + 2 × √normal callers in a window"),
  quantile: z
    .number()
    .min(0)
    .max(1)
    .default(D.baseline.quantile)
    .describe("Which of the hourly peaks is called normal"),
  minHours: count(D.baseline.minHours, "Busy hours before a number counts as busy", 1),
  minDays: count(D.baseline.minDays, "Days that these hours must come from", 1),
  cap: count(D.baseline.cap, "Highest baseline, callers in a window", 1),
});

const limits = z.strictObject({
  answeredDisconnectsPerMinute: count(
    D.limits.answeredDisconnectsPerMinute,
    "Answered calls that may be ended in a minute; reaching it alerts, refusing goes on",
  ),
  canaryPercent: z
    .int()
    .min(0)
    .max(100)
    .default(D.limits.canaryPercent)
    .describe("Share of called numbers for which enforcing really enforces"),
});

const memory = z.strictObject({
  windowMiB: count(D.memory.windowMiB, "Windows of called numbers, MiB; 66 bytes a number", 1),
  trackedCalls: count(D.memory.trackedCalls, "Calls whose state is remembered", 64),
  recentCalls: count(D.memory.recentCalls, "Latest calls that an incident can name", 64),
  knownPairs: count(D.memory.knownPairs, "Pairs of caller and called number that are known", 64),
  watchedNumbers: count(D.memory.watchedNumbers, "Numbers watched closely: busy, attacked or blocked", 64),
  openIncidents: count(D.memory.openIncidents, "Open incidents", 1),
  blocks: count(D.memory.blocks, "Blocks in force", 1),
});

/** Mirrors `DetectionOptions` of detection/, defaults included; main.ts hands it over and a mismatch does not compile. */
export const detectionSchema = z.strictObject({
  shadow: z
    .boolean()
    .default(D.shadow)
    .describe("Every rule only reports, whatever its own mode; `serve --shadow` sets it"),
  masking: masking.prefault({}).describe("Many callers, one called number, seconds apart"),
  block: block.prefault({}).describe("Later calls of attackers to the number they attacked"),
  guard: guard.prefault({}).describe("What no rule may cut"),
  baseline: baseline.prefault({}).describe("Busy numbers"),
  limits: limits.prefault({}).describe("How much the policy may do at most"),
  memory: memory.prefault({}).describe("Sizes of the tables, fixed at start"),
});
