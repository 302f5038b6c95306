import type { Speaker, TranscriptLine, Turn, TurnVerdict } from "../../detection/index.js";
import type { Clock } from "../core/clock.js";
import { monoMs, type MonoMs } from "../core/time.js";
import { DialogueKeeper } from "./dialogue-keeper.js";
import type { DialogueJudges } from "./dialogue-judge.js";
import type { FinalSink, SpeakerCall, SpokenText } from "./speaker-text.js";
import type { SpeechMetrics } from "./speech-metrics.js";
import { TurnOrder } from "./turn-order.js";

/** A call that is listened to, or a file that is read as one. */
export interface TalkOptions {
  readonly callId: string;
  /** 0–1 */
  readonly risk: number;
  readonly language?: string;
  readonly calledSide: Exclude<Speaker, "caller">;
  readonly isFile: boolean;
  /** What is known of it from before this side was started again. */
  readonly resumed?: ResumedTalk;
}

export interface ResumedTalk {
  /** When its audio began, monotonic; undefined: it had not. */
  readonly zeroAt: MonoMs | undefined;
  /** The first number that no stretch has had. */
  readonly nextSegment: number;
  readonly turns: readonly Turn[];
}

export interface TalkDeps {
  readonly clock: Clock;
  readonly judges: DialogueJudges;
  /** What leaves has no card numbers and codes in it. */
  readonly redact: (text: string) => string;
  readonly metrics: SpeechMetrics;
  /** A text waits so long for an earlier one of the other speaker, ms. */
  readonly holdMs: number;
  onLine(line: TranscriptLine): void;
  onVerdict(callId: string, verdict: TurnVerdict, turns: readonly Turn[]): void;
}

/** One call's text: lines of both speakers on one clock, the dialogue that they make, and what the classifier thinks of it. */
export class HeardTalk implements SpeakerCall {
  readonly callId: string;
  readonly language: string | undefined;
  readonly isFile: boolean;
  readonly openedAt: MonoMs;
  /** Its speakers are not listened to: the CPU is short. */
  shed = false;
  readonly #deps: TalkDeps;
  readonly #dialogue: DialogueKeeper;
  readonly #order: TurnOrder<TranscriptLine>;
  #signallingRisk: number;
  #zeroAt: MonoMs | undefined;
  #nextSegment: number;
  #cancelHold: (() => void) | undefined;
  #closed = false;

  constructor(options: TalkOptions, deps: TalkDeps) {
    const { callId, language, isFile, risk, calledSide, resumed } = options;
    this.callId = callId;
    this.language = language;
    this.isFile = isFile;
    this.openedAt = deps.clock.mono();
    this.#deps = deps;
    this.#signallingRisk = risk;
    this.#zeroAt = resumed?.zeroAt;
    this.#nextSegment = resumed?.nextSegment ?? 0;
    this.#dialogue = new DialogueKeeper(deps.judges.open({ calledSide }), resumed?.turns);
    this.#order = new TurnOrder(deps.holdMs);
  }

  /** The higher one of what signalling suspects and what has been heard, 0–1. */
  get risk(): number {
    return Math.max(this.#signallingRisk, this.#dialogue.verdict?.score ?? 0);
  }

  set signallingRisk(risk: number) {
    this.#signallingRisk = risk;
  }

  get turns(): readonly Turn[] {
    return this.#dialogue.turns;
  }

  get verdict(): TurnVerdict | undefined {
    return this.#dialogue.verdict;
  }

  /** Texts that are on their way. */
  get comingLines(): number {
    return this.#order.waiting;
  }

  /** Audio began: the first packet of any speaker came then. @returns The call's zero. */
  begin(at: MonoMs): MonoMs {
    return (this.#zeroAt ??= at);
  }

  get zeroAt(): MonoMs | undefined {
    return this.#zeroAt;
  }

  monoOf(callMs: number): MonoMs {
    return monoMs((this.#zeroAt ?? this.openedAt) + callMs);
  }

  nextSegment(): number {
    return this.#nextSegment++;
  }

  partialText(line: SpokenText): void {
    if (!this.#closed) this.#deps.onLine(this.#lineOf(line, false));
  }

  expectFinal(endMs: number): FinalSink {
    const coming = this.#order.expect(endMs, this.#deps.clock.mono());
    return (spoken, retracted) => {
      if (this.#closed) return;
      const line = spoken === undefined ? undefined : this.#lineOf(spoken, true);
      const told = line ?? (retracted === undefined ? undefined : this.#lineOf(retracted, true));
      if (told !== undefined) this.#deps.onLine(told);
      this.#order.arrived(coming, line);
      this.#judge();
    };
  }

  /** Nothing is told any more. */
  close(): void {
    this.#closed = true;
    this.#cancelHold?.();
  }

  #judge(): void {
    const { clock } = this.#deps;
    this.#cancelHold?.();
    this.#cancelHold = undefined;
    for (const line of this.#order.take(clock.mono())) this.#addTurn(line);
    const { deadline } = this.#order;
    if (deadline !== undefined && !this.#closed) this.#cancelHold = clock.callAt(deadline, () => this.#judge());
  }

  #addTurn(line: TranscriptLine): void {
    let verdict: TurnVerdict;
    try {
      verdict = this.#dialogue.add(line);
    } catch {
      // A classifier that fails on a text costs this verdict, not the listening thread.
      this.#deps.metrics.faults.inc();
      return;
    }
    this.#deps.onVerdict(this.callId, verdict, this.#dialogue.turns);
  }

  #lineOf({ speaker, segment, startMs, endMs, transcript }: SpokenText, final: boolean): TranscriptLine {
    const { text, confidence, language } = transcript;
    return {
      kind: "transcript.line",
      callId: this.callId,
      segment,
      speaker,
      text: this.#deps.redact(text),
      startMs: Math.max(0, Math.round(startMs)),
      endMs: Math.max(0, Math.round(endMs)),
      final,
      ...(confidence === undefined ? {} : { confidence }),
      ...(language === undefined ? {} : { language }),
    };
  }
}
