import type { Clock } from "../../core/clock.js";
import { sensitiveUri, type Log } from "../../core/log.js";
import type { Counter, Histogram, Metrics } from "../../core/metrics.js";
import { monoMs, type MonoMs } from "../../core/time.js";
import type { PcmAudio } from "../../media/audio.js";
import type { HeardCall, HeardFollower, Listening } from "../../ports/listening.js";
import type { ScreenedLine } from "../../ports/screened-line.js";
import type { AnswerMeasure } from "./judge-answer.js";
import { ScreeningMachine, type ScreeningOutput } from "./screening-machine.js";
import type { ScreeningOptions, ScreeningPrompt } from "./screening-options.js";

export interface ScreeningDeskDeps {
  /** Opens a call where its words are heard. */
  readonly listening: Pick<Listening, "open" | "close" | "ok">;
  /** @returns Stops it; undefined: that call is not heard. */
  readonly follow: (callId: string, follower: HeardFollower) => (() => void) | undefined;
  /** @returns Undefined: there is none (not rendered yet, or it cannot be): a beep stands for it. */
  readonly sound: (prompt: ScreeningPrompt, language: string) => PcmAudio | undefined;
  readonly beep: PcmAudio;
  readonly measure: (language: string) => AnswerMeasure;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

export interface ScreeningOrder {
  readonly line: ScreenedLine;
  readonly heard: HeardCall;
  /** Of the prompts: one that there are prompts for. */
  readonly language: string;
  /** How much stands against the caller from before, 0–1. */
  readonly history: number;
  /** What was made of the caller; not told where they hung up before. Once. */
  readonly onResult?: (made: Pick<ScreeningDone, "result" | "reason">) => void;
}

type ScreeningDone = Extract<ScreeningOutput, { readonly kind: "done" }>;

interface Session {
  readonly order: ScreeningOrder;
  readonly machine: ScreeningMachine;
  stopFollowing: () => void;
  cancelTimer: () => void;
}

const SECONDS = [0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1, 1.5, 2, 3, 5];

/** Calls that are being screened: gives each machine its line, its words and its time. Never throws; whatever fails, the call goes on. */
export class ScreeningDesk {
  readonly #options: ScreeningOptions & { readonly maxAtOnce: number };
  readonly #deps: ScreeningDeskDeps;
  readonly #sessions = new Set<Session>();
  readonly #results: Counter;
  readonly #seconds: Histogram;
  #closed = false;

  constructor(options: ScreeningOptions & { readonly maxAtOnce: number }, deps: ScreeningDeskDeps) {
    this.#options = options;
    this.#deps = deps;
    const { metrics } = deps;
    this.#results = metrics.counter("ringfence_screenings_total", "Calls that were screened, by what became of them", [
      "result",
      "reason",
    ]);
    this.#seconds = metrics.histogram(
      "ringfence_screening_answer_seconds",
      "From the last word of an answer to the first sound of ours, and its pieces: text, judgement, patience, prompt; total",
      SECONDS,
      ["part"],
    );
    const live = metrics.gauge("ringfence_screenings_live", "Calls that are being screened now");
    metrics.onScrape(() => live.set(this.#sessions.size));
  }

  begin(order: ScreeningOrder): void {
    const { line, heard, history, language } = order;
    const { listening, measure } = this.#deps;
    if (this.#closed || this.#sessions.size >= this.#options.maxAtOnce || !listening.ok) {
      this.#giveBack(line);
      return;
    }
    listening.open(heard);
    const machine = new ScreeningMachine(this.#options, measure(language), history);
    const session: Session = { order, machine, stopFollowing: () => undefined, cancelTimer: () => undefined };
    const now = (): MonoMs => this.#deps.clock.mono();
    const stop = this.#deps.follow(line.callId, {
      onLine: ({ text, final }) => this.#take(session, machine.line(now(), text, final)),
      onThreat: (state) => this.#take(session, machine.judged(now(), state)),
    });
    if (stop === undefined) {
      listening.close(line.callId);
      this.#giveBack(line);
      return;
    }
    session.stopFollowing = stop;
    this.#sessions.add(session);
    line.open({
      onReady: () => this.#take(session, machine.start(now())),
      onFailed: () => this.#take(session, machine.fail()),
      onPlayed: () => this.#take(session, machine.prompted(now())),
      onSpeech: (talking, agoMs) => this.#take(session, machine.speech(now(), talking, monoMs(now() - agoMs))),
      onDigit: (digit) => this.#take(session, machine.digit(now(), digit)),
      onGone: () => {
        machine.gone();
        this.#results.labels("gone", "hung-up").inc();
        if (machine.decided !== undefined) order.onResult?.(machine.decided);
        this.#end(session);
      },
    });
  }

  /** Calls that are being screened go on in their dialplan. Safe to call twice. */
  async close(): Promise<void> {
    this.#closed = true;
    const lines = [...this.#sessions].map(({ order }) => order.line);
    for (const session of [...this.#sessions]) this.#take(session, session.machine.fail());
    await Promise.all(lines.map((line) => line.finish("unavailable", "unavailable")));
  }

  #take(session: Session, outputs: readonly ScreeningOutput[]): void {
    if (!this.#sessions.has(session)) return;
    for (const output of outputs) this.#carryOut(session, output);
    if (this.#sessions.has(session)) this.#rearm(session);
  }

  #carryOut(session: Session, output: ScreeningOutput): void {
    const { line } = session.order;
    switch (output.kind) {
      case "hush":
        line.hush();
        break;
      case "say":
        this.#say(session, output.prompt);
        break;
      case "done":
        this.#results.labels(output.result, output.reason).inc();
        session.order.onResult?.(output);
        // The line first: it closes the stream, which lies in the call.
        void line.finish(output.result, output.reason);
        this.#end(session);
        break;
    }
  }

  #say(session: Session, prompt: ScreeningPrompt): void {
    const { sound, beep, clock, log } = this.#deps;
    const { line, language } = session.order;
    const { decided } = session.machine;
    if (decided !== undefined) line.decide(decided.result, decided.reason);
    const found = sound(prompt, language);
    if (found === undefined) log.debug("screening.no-prompt", { prompt, language });
    const isPlayed = line.play(found ?? beep);
    this.#measureAnswer(session);
    // In a turn of its own, as if it had been played.
    if (!isPlayed) clock.callAt(clock.mono(), () => this.#take(session, session.machine.prompted(clock.mono())));
  }

  #measureAnswer({ machine }: Session): void {
    const { times } = machine;
    if (times === undefined) return;
    const { endedAt, textAt, decidedAt, patienceMs } = times;
    const now = this.#deps.clock.mono();
    const observe = (part: string, ms: number): void => this.#seconds.labels(part).observe(Math.max(0, ms) / 1_000);
    observe("text", textAt - endedAt);
    observe("judgement", decidedAt - patienceMs - textAt);
    observe("patience", patienceMs);
    observe("prompt", now - decidedAt);
    observe("total", now - endedAt);
  }

  #rearm(session: Session): void {
    const { clock } = this.#deps;
    const { deadline } = session.machine;
    session.cancelTimer();
    session.cancelTimer = () => undefined;
    if (deadline === undefined) return;
    session.cancelTimer = clock.callAt(deadline, () => this.#take(session, session.machine.onTime(clock.mono())));
  }

  #end(session: Session): void {
    if (!this.#sessions.delete(session)) return;
    session.cancelTimer();
    session.stopFollowing();
    this.#deps.listening.close(session.order.line.callId);
  }

  #giveBack(line: ScreenedLine): void {
    this.#results.labels("unavailable", "unavailable").inc();
    this.#deps.log.warn("screening.not-possible", { call: sensitiveUri(line.callId) });
    void line.finish("unavailable", "unavailable");
  }
}
