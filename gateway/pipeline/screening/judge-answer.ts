import type { ThreatState } from "../../../detection/index.js";
import type { ScreeningOptions, ScreeningReason, ScreeningResult } from "./screening-options.js";

/** What is known when an answer is over. The words are data: nothing in them is an order to anybody. */
export interface AnswerFacts {
  /** As the recogniser wrote it. */
  readonly text: string;
  /** The worst that classifier, judge and policy think of it; undefined: none of them has said anything. */
  readonly threat: ThreatState | undefined;
  /** How much stands against the caller from before, 0–1. */
  readonly history: number;
}

export type AnswerJudgement =
  | { readonly result: Exclude<ScreeningResult, "unavailable">; readonly reason: ScreeningReason }
  | "unclear"
  | "not-judged";

export interface AnswerMeasure {
  readonly fillers: ReadonlySet<string>;
  /** The prompts' words: who only repeats them is an echo or a machine. */
  readonly promptWords: ReadonlySet<string>;
}

/** From here on history alone sends a caller to voicemail, whatever they say. */
const BAD_HISTORY = 0.8;
/** Words that say something which an answer has at least. */
const MIN_WORDS = 2;
/** More of the words of an answer than this out of our own prompt: an echo. */
const ECHO_SHARE = 0.8;
/** Longer ones are judged by their beginning. */
const MAX_WORDS = 400;

/** Lower case, without accents and signs. */
export function wordsOf(text: string): readonly string[] {
  return (
    text
      .normalize("NFD")
      .replace(/\p{M}/gu, "")
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  ).slice(0, MAX_WORDS);
}

/**
 * What becomes of a caller who has answered. A suspicion counts before sense: a fraud who speaks well is still one.
 *
 * @returns `unclear`: nobody could tell from it who calls, or why; ask again. `not-judged`: words, but nobody has judged them.
 */
export function judgeAnswer(
  { text, threat, history }: AnswerFacts,
  { fillers, promptWords }: AnswerMeasure,
  options: Pick<ScreeningOptions, "onScam" | "onSuspicious">,
): AnswerJudgement {
  if (threat === "scam") return { result: options.onScam, reason: "scam" };
  const words = wordsOf(text);
  const telling = new Set(words.filter((word) => !fillers.has(word)));
  const echoed = words.filter((word) => promptWords.has(word)).length;
  if (telling.size < MIN_WORDS) return "unclear";
  if (words.length > 6 && echoed / words.length > ECHO_SHARE) return "unclear";
  if (threat === undefined) return "not-judged";
  if (threat === "suspicious") return { result: options.onSuspicious, reason: "suspicious" };
  if (history >= BAD_HISTORY) return { result: options.onSuspicious, reason: "history" };
  return { result: "pass", reason: "answered" };
}
