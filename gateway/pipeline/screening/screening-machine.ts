import type { ThreatState } from "../../../detection/index.js";
import { monoMs, type MonoMs } from "../../core/time.js";
import { judgeAnswer, type AnswerMeasure } from "./judge-answer.js";
import type { ScreeningOptions, ScreeningPrompt, ScreeningReason, ScreeningResult } from "./screening-options.js";

export type ScreeningOutput =
  | { readonly kind: "say"; readonly prompt: ScreeningPrompt }
  /** Somebody speaks: be quiet. */
  | { readonly kind: "hush" }
  /** The last output. */
  | { readonly kind: "done"; readonly result: ScreeningResult; readonly reason: ScreeningReason };

/** When each piece of the last answer was there; for measuring. */
export interface AnswerTimes {
  /** The last word was over. */
  readonly endedAt: MonoMs;
  /** Its text was there. */
  readonly textAt: MonoMs;
  /** It was known what to do. */
  readonly decidedAt: MonoMs;
  /** Waited in case more is said, ms. */
  readonly patienceMs: number;
}

type Said = Exclude<ScreeningResult, "unavailable">;
type Phase = "prompting" | "listening" | "closing" | "done";

/** Kept of an answer, characters. */
const MAX_TEXT = 4_000;
const THREAT_ORDER: readonly ThreatState[] = ["clear", "uncertain", "suspicious", "scam"];
/** A verdict on text that is there has this long, ms; then the answer stands without. */
const VERDICT_MS = 200;

/**
 * One screened call: prompt → answer → judgement → pass, voicemail or goodbye. Silence, and what cannot be understood, is asked
 * about once more; then there are keys to press.
 *
 * Holds no clock and no socket: the caller carries out the returned outputs in order and calls `onTime` when `deadline` has passed.
 * Every phase has a deadline, and all of it together has `maxMs`.
 */
export class ScreeningMachine {
  readonly #options: ScreeningOptions;
  readonly #measure: AnswerMeasure;
  readonly #history: number;
  #phase: Phase = "prompting";
  #round: "ask" | "again" | "keypad" = "ask";
  #overAt: MonoMs | undefined;
  /** Of the phase. */
  #until: MonoMs | undefined;
  #answerBeganAt: MonoMs | undefined;
  /** The line says that somebody speaks; the recogniser is in the middle of a stretch. */
  #sounds = false;
  #unfinished = false;
  /** Last sign of speech. */
  #heardAt: MonoMs | undefined;
  /** When the last word was over: as the line says, and as texts say that came. */
  #soundEndedAt: MonoMs | undefined;
  #lineEndedAt: MonoMs | undefined;
  #textAt: MonoMs | undefined;
  #verdictAt: MonoMs | undefined;
  #text = "";
  /** Of the rounds before: who says one thing at a time has said two. */
  #earlier = "";
  /** The worst so far: a polite word at the end takes nothing back. */
  #threat: ThreatState | undefined;
  /** Somebody has judged all the text there is. */
  #judged = false;
  #closing: Extract<ScreeningOutput, { kind: "done" }> | undefined;
  #times: AnswerTimes | undefined;

  /** @param history How much stands against the caller from before, 0–1. */
  constructor(options: ScreeningOptions, measure: AnswerMeasure, history: number) {
    this.#options = options;
    this.#measure = measure;
    this.#history = history;
  }

  /** The line knows better than a text that comes later. */
  get #endedAt(): MonoMs | undefined {
    return this.#soundEndedAt ?? this.#lineEndedAt;
  }

  get #hears(): boolean {
    return this.#phase === "prompting" || this.#phase === "listening";
  }

  /** When `onTime` is next due; undefined: never, it is done. */
  get deadline(): MonoMs | undefined {
    if (this.#phase === "done") return undefined;
    const pending = [this.#overAt, this.#until].filter((at) => at !== undefined);
    return pending.length === 0 ? undefined : monoMs(Math.min(...pending));
  }

  /** Of the answer that was decided on; undefined: none was. */
  get times(): AnswerTimes | undefined {
    return this.#times;
  }

  /** What will become of it, as soon as that is known: the last prompt may still be said. */
  get decided(): Pick<Extract<ScreeningOutput, { kind: "done" }>, "result" | "reason"> | undefined {
    return this.#closing;
  }

  start(now: MonoMs): readonly ScreeningOutput[] {
    this.#overAt = monoMs(now + this.#options.maxMs);
    return this.#prompt("ask", now);
  }

  /** The prompt is over, or could not be played. */
  prompted(now: MonoMs): readonly ScreeningOutput[] {
    if (this.#phase === "closing") return this.#finish();
    return this.#phase === "prompting" ? this.#listen(now) : [];
  }

  /** @param at When it began, or when the last word was over. */
  speech(now: MonoMs, talking: boolean, at: MonoMs): readonly ScreeningOutput[] {
    if (!this.#hears || (!talking && this.#answerBeganAt === undefined)) return [];
    const outputs = talking ? this.#bargeIn(now) : [];
    this.#sounds = talking;
    this.#soundEndedAt = talking ? undefined : at;
    this.#rearm(now);
    return outputs;
  }

  /** A piece of text; a partial only says that somebody speaks. A final without text takes it back: it was no speech. */
  line(now: MonoMs, text: string, final: boolean): readonly ScreeningOutput[] {
    if (!this.#hears) return [];
    const outputs = text === "" ? [] : this.#bargeIn(now);
    this.#unfinished = !final;
    if (final && text !== "") {
      this.#lineEndedAt = now;
      this.#text = `${this.#text} ${text}`.slice(0, MAX_TEXT);
      this.#textAt = now;
      this.#judged = false;
    }
    this.#rearm(now);
    return outputs;
  }

  /** What is thought of the words so far. */
  judged(now: MonoMs, threat: ThreatState): readonly ScreeningOutput[] {
    if (!this.#hears) return [];
    const known = this.#threat;
    this.#threat = known === undefined || order(threat) > order(known) ? threat : known;
    this.#judged = true;
    this.#verdictAt = now;
    // What is sure needs no end of the sentence.
    if (threat === "scam") return this.#decide(now);
    this.#rearm(now);
    return [];
  }

  digit(now: MonoMs, digit: string): readonly ScreeningOutput[] {
    // Before keys are offered a digit says nothing: robots press them, too.
    const result = KEYS.get(digit);
    if (this.#round !== "keypad" || result === undefined || !this.#hears) return [];
    return [{ kind: "hush" }, ...this.#close(result, "keypad", now)];
  }

  /** The caller has hung up, or the call was taken from us. */
  gone(): void {
    this.#phase = "done";
  }

  /** Something failed that is not the caller's fault: the call goes on, but for one that was decided on. */
  fail(): readonly ScreeningOutput[] {
    if (this.#phase === "done") return [];
    this.#closing ??= { kind: "done", result: "unavailable", reason: "unavailable" };
    return this.#finish();
  }

  onTime(now: MonoMs): readonly ScreeningOutput[] {
    if (this.#phase === "done") return [];
    if (isDue(this.#overAt, now)) {
      this.#overAt = undefined;
      if (this.#closing !== undefined) return this.#finish();
      return [{ kind: "hush" }, ...this.#close(this.#options.onSilence, "too-long", now)];
    }
    if (!isDue(this.#until, now)) return [];
    if (this.#phase === "closing") return this.#finish();
    if (this.#phase === "prompting") return this.#listen(now);
    return this.#text === "" ? this.#unanswered(now) : this.#decide(now);
  }

  #prompt(round: "ask" | "again" | "keypad", now: MonoMs): readonly ScreeningOutput[] {
    this.#round = round;
    this.#phase = "prompting";
    this.#forgetAnswer();
    this.#until = monoMs(now + this.#options.promptMs);
    return [{ kind: "say", prompt: round }];
  }

  #forgetAnswer(): void {
    this.#earlier = `${this.#earlier} ${this.#text}`.slice(0, MAX_TEXT);
    this.#text = "";
    this.#answerBeganAt = undefined;
    this.#soundEndedAt = undefined;
    this.#lineEndedAt = undefined;
    this.#textAt = undefined;
    this.#verdictAt = undefined;
    this.#heardAt = undefined;
    this.#sounds = false;
    this.#unfinished = false;
  }

  #listen(now: MonoMs): readonly ScreeningOutput[] {
    this.#phase = "listening";
    const { keypadMs, silenceMs } = this.#options;
    this.#until = monoMs(now + (this.#round === "keypad" ? keypadMs : silenceMs));
    this.#rearm(now);
    return [];
  }

  #bargeIn(now: MonoMs): readonly ScreeningOutput[] {
    this.#answerBeganAt ??= now;
    this.#heardAt = now;
    if (this.#phase !== "prompting") return [];
    this.#phase = "listening";
    return [{ kind: "hush" }];
  }

  /** When the answer that was begun is over. */
  #rearm(now: MonoMs): void {
    if (this.#phase !== "listening" || this.#answerBeganAt === undefined) return;
    const { answerMs, endOfSpeechMs, textMs } = this.#options;
    const longest = this.#answerBeganAt + answerMs;
    const endedAt = this.#endedAt;
    let until = longest;
    if (this.#textAt === undefined) {
      if (endedAt !== undefined && !this.#sounds && !this.#unfinished) until = endedAt + textMs;
    } else if (this.#sounds || this.#unfinished || endedAt === undefined) {
      // A noisy line sounds for ever: words have to come, too.
      until = (this.#heardAt ?? now) + textMs;
    } else {
      until = Math.max(endedAt + endOfSpeechMs, this.#judged ? now : this.#textAt + VERDICT_MS);
    }
    this.#until = monoMs(Math.max(now, Math.min(until, longest)));
  }

  #decide(now: MonoMs): readonly ScreeningOutput[] {
    const text = `${this.#earlier} ${this.#text}`;
    const facts = { text, threat: this.#known, history: this.#history };
    const judgement = judgeAnswer(facts, this.#measure, this.#options);
    if (judgement === "not-judged") return this.fail();
    if (judgement === "unclear") return this.#unanswered(now);
    const textAt = this.#textAt ?? now;
    const endedAt = monoMs(Math.min(this.#endedAt ?? textAt, textAt));
    const judgedAt = Math.max(textAt, this.#verdictAt ?? textAt);
    this.#times = { endedAt, textAt, decidedAt: now, patienceMs: Math.max(0, now - judgedAt) };
    return [{ kind: "hush" }, ...this.#close(judgement.result, judgement.reason, now)];
  }

  /** A suspicion stands whatever comes after it; that nothing is wrong is known of what was judged only. */
  get #known(): ThreatState | undefined {
    const threat = this.#threat;
    return this.#judged || (threat !== undefined && order(threat) >= order("suspicious")) ? threat : undefined;
  }

  #unanswered(now: MonoMs): readonly ScreeningOutput[] {
    const heard = this.#answerBeganAt !== undefined;
    switch (this.#round) {
      case "ask":
        return this.#prompt("again", now);
      case "again":
        return this.#prompt("keypad", now);
      case "keypad":
        return this.#close(this.#options.onSilence, heard ? "unclear" : "silence", now);
    }
  }

  #close(result: Said, reason: ScreeningReason, now: MonoMs): readonly ScreeningOutput[] {
    this.#phase = "closing";
    this.#closing = { kind: "done", result, reason };
    this.#until = monoMs(now + this.#options.promptMs);
    this.#overAt = undefined;
    return [{ kind: "say", prompt: result }];
  }

  #finish(): readonly ScreeningOutput[] {
    this.#phase = "done";
    return this.#closing === undefined ? [] : [this.#closing];
  }
}

const KEYS: ReadonlyMap<string, Said> = new Map([
  ["1", "pass"],
  ["2", "voicemail"],
]);
const isDue = (at: MonoMs | undefined, now: MonoMs): boolean => at !== undefined && at <= now;
const order = (threat: ThreatState): number => THREAT_ORDER.indexOf(threat);
