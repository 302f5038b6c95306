import { VERDICTS, type CallerProof, type Verdict, type VerdictReason } from "../model/call-verdict.js";
import type { Decision } from "../model/findings.js";

/** All that is known of a call when somebody asks whether to let it through. */
export interface CallFacts {
  readonly decision: Pick<Decision, "verdict" | "detected" | "wouldRefuse" | "blockId">;
  readonly emergency: boolean;
  /** Rules only report. */
  readonly shadow: boolean;
  /** The guard list names caller, called number or trunk. */
  readonly guarded: boolean;
  readonly anonymous: boolean;
  /** An earlier call of that caller is remembered, or the switch knows it. */
  readonly known: boolean;
  /** How bad the caller's earlier calls were, 0–1: `CallerHistory.scoreOf`. */
  readonly history: number;
  readonly proof: CallerProof;
}

/** What the operator wants done with calls that are not refused. */
export interface VerdictChoices {
  /** Callers never seen before. */
  readonly unknownCallers: "allow" | "warn" | "screen";
  readonly anonymous: "allow" | "warn" | "screen";
  /** Part of an attack, or a caller with a past, but not refused. */
  readonly suspected: "warn" | "screen";
  /** Whose signature does not hold. */
  readonly badIdentity: "allow" | "warn" | "screen";
  /** Without any signature, where somebody looked for one. */
  readonly unsigned: "allow" | "warn" | "screen";
}

export const DEFAULT_VERDICT_CHOICES: VerdictChoices = {
  unknownCallers: "allow",
  anonymous: "allow",
  suspected: "warn",
  badIdentity: "warn",
  unsigned: "allow",
};

export interface JudgedCall {
  readonly verdict: Verdict;
  /** How much stands against it, 0–1. */
  readonly score: number;
  readonly reason: VerdictReason;
}

/** From here on a caller's past is a reason of its own. */
const A_PAST = 0.5;
/** Each counts by itself; together they are joined as independent signs: 1 − Π(1 − score). As in `riskOf` for the first two. */
const SCORES = {
  wouldRefuse: 0.8,
  detected: 0.5,
  badSignature: 0.6,
  unsigned: 0.1,
  attestation: { A: 0, B: 0.1, C: 0.2 },
  anonymous: 0.3,
  unknown: 0.2,
} as const;

/**
 * Makes one verdict of all that is known. The strongest measure wins, of two equal ones the one with more against the call gives the
 * reason. An emergency call is let through. In shadow mode, and where the guard list names the call, nothing is stronger than `warn`.
 */
export function judgeCall(facts: CallFacts, choices: VerdictChoices): JudgedCall {
  if (facts.emergency) return { verdict: "allow", score: 0, reason: "emergency" };
  const spared = facts.shadow || facts.guarded;
  if (facts.decision.verdict === "refuse" && !spared) {
    return { verdict: "block", score: 1, reason: facts.decision.blockId === undefined ? "masking" : "blocked" };
  }
  const signs = signsOf(facts, choices);
  let doubt = 1;
  let strongest: JudgedCall = { verdict: "allow", score: 0, reason: "none" };
  for (const sign of signs) {
    doubt *= 1 - sign.score;
    if (isStronger(sign, strongest)) strongest = sign;
  }
  const verdict = spared ? weaker(strongest.verdict, "warn") : strongest.verdict;
  return { verdict, score: 1 - doubt, reason: strongest.reason };
}

function signsOf(facts: CallFacts, choices: VerdictChoices): readonly JudgedCall[] {
  const { decision, proof, anonymous, known } = facts;
  const signs: JudgedCall[] = [];
  const add = (reason: VerdictReason, score: number, verdict: Verdict): void => {
    if (score > 0) signs.push({ reason, score, verdict });
  };
  if (decision.wouldRefuse || decision.verdict === "refuse") add("would-refuse", SCORES.wouldRefuse, choices.suspected);
  else if (decision.detected) add("would-refuse", SCORES.detected, choices.suspected);
  const past = Math.min(1, Math.max(0, facts.history));
  add("known-fraud", past, past >= A_PAST ? choices.suspected : "allow");
  if (proof.signature === "invalid") add("identity", SCORES.badSignature, choices.badIdentity);
  if (proof.signature === "absent") add("identity", SCORES.unsigned, choices.unsigned);
  if (proof.signature === "valid" && proof.attestation !== undefined)
    add("identity", SCORES.attestation[proof.attestation], "allow");
  if (anonymous) add("anonymous", SCORES.anonymous, choices.anonymous);
  else if (!known) add("unknown-caller", SCORES.unknown, choices.unknownCallers);
  return signs;
}

const rank = (verdict: Verdict): number => VERDICTS.indexOf(verdict);

function isStronger(a: JudgedCall, b: JudgedCall): boolean {
  const by = rank(a.verdict) - rank(b.verdict);
  return by > 0 || (by === 0 && a.score > b.score);
}

const weaker = (a: Verdict, b: Verdict): Verdict => (rank(a) < rank(b) ? a : b);
