import type {
  RedactedLine,
  Redaction,
  RedactionSpan,
  Revision,
  SaidLine,
  Speaker,
  TranscriptLine,
  Turn,
  TurnVerdict,
} from "../../detection/index.js";
import type { Clock } from "../core/clock.js";
import { monoMs, type MonoMs } from "../core/time.js";
import { DialogueKeeper } from "./dialogue-keeper.js";
import type { SpeechKeeper } from "../ports/speech-keeper.js";
import type { DialogueJudges } from "./dialogue-judge.js";
import type { FinalSink, SpeakerCall, SpokenText } from "./speaker-text.js";
import type { SpeechMetrics } from "./speech-metrics.js";
import { KeptSpeech } from "./kept-speech.js";
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

/** Takes numbers of cards, accounts, persons, and codes out of a call's lines. `Redactor` of detection/ is one. */
export interface LineRedactor {
  /** A line that is over; earlier ones of which more has to go now come back in `revised`. */
  add(line: SaidLine): RedactedLine;
  /** A line that is not over. */
  preview(line: SaidLine): Redaction;
  /** More of that final line may have to go. */
  isOpen(key: number): boolean;
}

export interface TalkDeps {
  readonly clock: Clock;
  readonly judges: DialogueJudges;
  /** What leaves has no card numbers and codes in it; the judges, on this thread, see what was said. */
  readonly makeRedactor: () => LineRedactor;
  readonly metrics: SpeechMetrics;
  /** Where the operator wants speech to be kept; undefined: it is not. */
  readonly speechKeeper?: SpeechKeeper | undefined;
  /** A text waits so long for an earlier one of the other speaker, ms; Infinity: until it comes. */
  readonly holdMs: number;
  onLine(line: TranscriptLine): void;
  onVerdict(callId: string, verdict: TurnVerdict, turns: readonly Turn[]): void;
}

/** A final line: as it may be shown, and as it was said. */
interface HeardLine {
  readonly shown: TranscriptLine;
  readonly said: string;
  readonly spans: readonly RedactionSpan[];
}

/** Final lines that may still be revised: as many as a redactor remembers, and some. */
const MOST_LINES = 32;

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
  readonly #redactor: LineRedactor;
  /** By segment. */
  readonly #lines = new Map<number, HeardLine>();
  readonly #order: TurnOrder<SpokenText>;
  readonly #kept: KeptSpeech | undefined;
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
    const redactor = deps.makeRedactor();
    this.#redactor = redactor;
    const keeper = isFile ? undefined : deps.speechKeeper;
    this.#kept = keeper && new KeptSpeech(callId, keeper, (segment) => redactor.isOpen(segment));
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

  partialText(spoken: SpokenText): void {
    if (this.#closed) return;
    const text = this.#guarded(() => this.#redactor.preview(saidOf(spoken)).text);
    if (text !== undefined) this.#deps.onLine(this.#lineOf(spoken, text, false));
  }

  expectFinal(endMs: number): FinalSink {
    const coming = this.#order.expect(endMs, this.#deps.clock.mono());
    return (spoken, retracted) => {
      if (this.#closed) return;
      // Of a file one speaker's lines may come long before the other's: they are redacted and told in their turn, as a call's.
      const isThere = spoken !== undefined && (this.isFile || this.#finalText(spoken));
      if (!isThere && retracted !== undefined) this.#deps.onLine(this.#lineOf(retracted, "", true));
      this.#order.arrived(coming, isThere ? spoken : undefined);
      this.#judge();
    };
  }

  /** Nothing is told any more. */
  close(): void {
    if (!this.#closed) this.#kept?.close();
    this.#closed = true;
    this.#cancelHold?.();
  }

  /** @returns False: it cannot be shown to anybody, for a fault in redaction. */
  #finalText(spoken: SpokenText): boolean {
    const redacted = this.#guarded(() => this.#redactor.add(saidOf(spoken)));
    if (redacted === undefined) return false;
    const { text, spans, revised } = redacted;
    this.#tell({ shown: this.#lineOf(spoken, text, true), said: spoken.transcript.text, spans });
    for (const revision of revised) this.#revise(revision);
    const audio = this.#kept === undefined ? undefined : spoken.audio();
    if (audio !== undefined) this.#kept?.add({ ...spoken, audio }, spans);
    return true;
  }

  #tell(line: HeardLine): void {
    this.#lines.set(line.shown.segment, line);
    const [oldest] = this.#lines.keys();
    if (this.#lines.size > MOST_LINES && oldest !== undefined) this.#lines.delete(oldest);
    this.#deps.onLine(line.shown);
  }

  /** An earlier line has turned out to hold what must not be shown. */
  #revise({ key: segment, text, spans }: Revision): void {
    this.#kept?.revise(segment, spans);
    const line = this.#lines.get(segment);
    if (line === undefined) return;
    this.#tell({ ...line, shown: { ...line.shown, text }, spans });
    const verdict = this.#guarded(() => this.#dialogue.revise(segment, spans));
    if (verdict !== undefined) this.#deps.onVerdict(this.callId, verdict, this.#dialogue.turns);
  }

  #judge(): void {
    const { clock } = this.#deps;
    this.#cancelHold?.();
    this.#cancelHold = undefined;
    for (const spoken of this.#order.take(clock.mono())) {
      if (!this.isFile || this.#finalText(spoken)) this.#addTurn(spoken.segment);
    }
    const { deadline } = this.#order;
    if (deadline !== undefined && !this.#closed) this.#cancelHold = clock.callAt(deadline, () => this.#judge());
  }

  #addTurn(segment: number): void {
    const line = this.#lines.get(segment);
    if (line === undefined) return;
    const { shown, said: text, spans } = line;
    const { speaker, startMs } = shown;
    const verdict = this.#guarded(() => this.#dialogue.add({ speaker, segment, text, spans, startMs }));
    if (verdict !== undefined) this.#deps.onVerdict(this.callId, verdict, this.#dialogue.turns);
  }

  /** A redactor or a classifier that fails on a text costs that text or its verdict, not the listening thread. */
  #guarded<T>(act: () => T): T | undefined {
    try {
      return act();
    } catch {
      this.#deps.metrics.faults.inc();
      return undefined;
    }
  }

  #lineOf(spoken: SpokenText, text: string, final: boolean): TranscriptLine {
    const { speaker, segment, startMs, endMs } = spoken;
    const { confidence, language } = spoken.transcript;
    return {
      kind: "transcript.line",
      callId: this.callId,
      segment,
      speaker,
      text,
      startMs: Math.max(0, Math.round(startMs)),
      endMs: Math.max(0, Math.round(endMs)),
      final,
      ...(confidence === undefined ? {} : { confidence }),
      ...(language === undefined ? {} : { language }),
    };
  }
}

const saidOf = ({ speaker, segment, startMs, transcript }: SpokenText): SaidLine => ({
  speaker,
  text: transcript.text,
  key: segment,
  atMs: startMs,
});
