import {
  readVerdict,
  readWords,
  verdictQuestion,
  wordsQuestion,
  type JudgeVerdict,
  type ModelQuestion,
  type Result,
  type ThreatVerdict,
  type Turn,
  type TurnVerdict,
} from "../../../detection/index.js";
import type { Counter, Metrics } from "../../core/metrics.js";
import type { Explanation, Judge } from "../../ports/judge.js";
import type { LanguageModel } from "../../ports/language-model.js";

export interface ModelJudgeOptions {
  /** Answers that are remembered: the same dialogue is not judged twice. */
  readonly cacheEntries: number;
}

export const DEFAULT_MODEL_JUDGE: ModelJudgeOptions = { cacheEntries: 256 };

/** An answer outside the schema is asked for once more, then it is no verdict. */
const TRIES = 2;

/** A language model as judge: asks, checks the answer, tries once more, remembers. What tier one is sure of it does not look at. */
export class ModelJudge implements Judge {
  readonly #model: LanguageModel;
  readonly #options: ModelJudgeOptions;
  readonly #verdicts = new Map<string, JudgeVerdict>();
  readonly #answers: Counter;

  constructor(model: LanguageModel, options: ModelJudgeOptions, metrics: Metrics) {
    this.#model = model;
    this.#options = options;
    this.#answers = metrics.counter("ringfence_judge_answers_total", "Answers of the language model", ["outcome"]);
  }

  get name(): string {
    return this.#model.name;
  }

  async judge(turns: readonly Turn[], tierOne: TurnVerdict, signal: AbortSignal): Promise<JudgeVerdict | undefined> {
    if (tierOne.state === "clear" || tierOne.state === "scam") return undefined;
    const question = verdictQuestion(turns, tierOne);
    const known = this.#verdicts.get(question.user);
    if (known !== undefined) {
      this.#answers.labels("cached").inc();
      this.#remember(question.user, known);
      return known;
    }
    const verdict = await this.#ask(question, readVerdict, signal);
    if (verdict !== undefined) this.#remember(question.user, verdict);
    return verdict;
  }

  async explain(turns: readonly Turn[], verdict: ThreatVerdict, signal: AbortSignal): Promise<Explanation | undefined> {
    const words = await this.#ask(wordsQuestion(turns, verdict), readWords, signal);
    return words === undefined ? undefined : { text: words.why, recommended: words.now, by: "model" };
  }

  close(): Promise<void> {
    return this.#model.close();
  }

  async #ask<T, E>(
    question: ModelQuestion,
    read: (text: string) => Result<T, E>,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const answer = read(await this.#model.complete(question, signal));
      this.#answers.labels(answer.ok ? "valid" : "invalid").inc();
      if (answer.ok) return answer.value;
    }
    return undefined;
  }

  /** The one used longest ago is forgotten first. */
  #remember(key: string, verdict: JudgeVerdict): void {
    this.#verdicts.delete(key);
    this.#verdicts.set(key, verdict);
    if (this.#verdicts.size <= this.#options.cacheEntries) return;
    const oldest = this.#verdicts.keys().next().value;
    if (oldest !== undefined) this.#verdicts.delete(oldest);
  }
}
