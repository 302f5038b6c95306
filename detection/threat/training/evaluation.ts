import { THREAT_STATES, type ThreatKind, type ThreatState, type TurnVerdict } from "../../model/threat.js";
import type { ThreatClassifier } from "../threat-classifier.js";
import type { LabelledDialogue } from "./stories.js";

/** What the classifier made of one dialogue. */
export interface Outcome {
  readonly dialogue: LabelledDialogue;
  readonly verdicts: readonly TurnVerdict[];
}

/** A share with its 95 % interval (Wilson). */
export interface Share {
  readonly share: number;
  readonly of: number;
  readonly low: number;
  readonly high: number;
}

export interface Quality {
  readonly honest: number;
  readonly frauds: number;
  readonly families: { readonly honest: number; readonly frauds: number };
  /** Honest dialogues that reach a state at any turn. */
  readonly honestReach: Readonly<Record<Exclude<ThreatState, "clear">, Share>>;
  /** Honest dialogues that reach `scam` with a score from `end` on: those that would be cut on speech alone. */
  readonly honestCut: Share;
  readonly fraudReach: Readonly<Record<Exclude<ThreatState, "clear">, Share>>;
  readonly fraudCut: Share;
  /** Frauds warned of (`suspicious` or more) in a turn before the one that asks for money, a code or access. */
  readonly warnedBefore: Share;
  /** At the latest when that turn has been heard, so before anything is handed over. */
  readonly warnedByRequest: Share;
  /** Of dialogues that reach `suspicious`, those that are frauds, in this mix. */
  readonly precision: Share;
  /** From the warning to the demand, median of the frauds warned before. */
  readonly leadTurns: number;
  readonly leadMs: number;
  /** Frauds whose kind is named rightly at the highest score, of those warned of. */
  readonly kindRight: Share;
}

const Z = 1.96;

/** Wilson score interval, 95 %. */
export function share(count: number, of: number): Share {
  if (of === 0) return { share: 0, of, low: 0, high: 1 };
  const p = count / of;
  const spread = (Z / (1 + (Z * Z) / of)) * Math.sqrt((p * (1 - p)) / of + (Z * Z) / (4 * of * of));
  const middle = (p + (Z * Z) / (2 * of)) / (1 + (Z * Z) / of);
  const short = (value: number): number => Math.round(value * 100_000) / 100_000;
  return { share: short(p), of, low: short(Math.max(0, middle - spread)), high: short(Math.min(1, middle + spread)) };
}

export function judgeAll(classifier: ThreatClassifier, dialogues: readonly LabelledDialogue[]): Outcome[] {
  return dialogues.map((dialogue) => {
    const talk = classifier.open({ calledSide: dialogue.called });
    return { dialogue, verdicts: dialogue.turns.map((turn) => talk.add(turn)) };
  });
}

const rank = (state: ThreatState): number => THREAT_STATES.indexOf(state);

/** Index of the first turn from which the state is reached; undefined when it never is. */
export function reached({ verdicts }: Outcome, state: ThreatState): number | undefined {
  const found = verdicts.findIndex((verdict) => rank(verdict.state) >= rank(state));
  return found < 0 ? undefined : found;
}

/** Whether the call would have been ended on speech alone. */
export const isCut = ({ verdicts }: Outcome, end: number): boolean =>
  verdicts.some(({ state, score }) => state === "scam" && score >= end);

export function quality(outcomes: readonly Outcome[], end: number): Quality {
  const honest = outcomes.filter(({ dialogue }) => dialogue.suspect === undefined);
  const frauds = outcomes.filter(({ dialogue }) => dialogue.suspect !== undefined);
  const reach = (of: readonly Outcome[]): Quality["honestReach"] => {
    const upTo = (state: ThreatState): Share =>
      share(of.filter((o) => reached(o, state) !== undefined).length, of.length);
    return { uncertain: upTo("uncertain"), suspicious: upTo("suspicious"), scam: upTo("scam") };
  };
  const asking = frauds.filter(({ dialogue }) => dialogue.requestTurn !== undefined);
  const leads = asking.flatMap((outcome) => lead(outcome) ?? []);
  const early = leads.filter(({ turns }) => turns > 0);
  const warned = frauds.filter((outcome) => reached(outcome, "suspicious") !== undefined);
  const honestWarned = honest.filter((outcome) => reached(outcome, "suspicious") !== undefined).length;
  return {
    honest: honest.length,
    frauds: frauds.length,
    families: { honest: familiesOf(honest), frauds: familiesOf(frauds) },
    honestReach: reach(honest),
    honestCut: share(honest.filter((outcome) => isCut(outcome, end)).length, honest.length),
    fraudReach: reach(frauds),
    fraudCut: share(frauds.filter((outcome) => isCut(outcome, end)).length, frauds.length),
    warnedBefore: share(early.length, asking.length),
    warnedByRequest: share(leads.filter(({ turns }) => turns >= 0).length, asking.length),
    precision: share(warned.length, warned.length + honestWarned),
    leadTurns: median(early.map(({ turns }) => turns)),
    leadMs: median(early.map(({ ms }) => ms)),
    kindRight: share(warned.filter((outcome) => kindAtPeak(outcome) === outcome.dialogue.kind).length, warned.length),
  };
}

/** From the first warning to the demand; undefined when there is no warning. */
function lead(outcome: Outcome): { turns: number; ms: number } | undefined {
  const warnedAt = reached(outcome, "suspicious");
  const { requestTurn, turns } = outcome.dialogue;
  if (warnedAt === undefined || requestTurn === undefined) return undefined;
  return { turns: requestTurn - warnedAt, ms: (turns[requestTurn]?.atMs ?? 0) - (turns[warnedAt]?.atMs ?? 0) };
}

function kindAtPeak({ verdicts }: Outcome): ThreatKind {
  let peak = verdicts[0];
  for (const verdict of verdicts) if (peak === undefined || verdict.score >= peak.score) peak = verdict;
  return peak?.kind ?? "none";
}

const familiesOf = (outcomes: readonly Outcome[]): number =>
  new Set(outcomes.map(({ dialogue }) => `${dialogue.language}:${dialogue.family}`)).size;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
