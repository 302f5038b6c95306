import type { FusedThreat, TranscriptLine, TurnVerdict } from "../../detection/index.js";
import type { Clock } from "../core/clock.js";
import { monoMs } from "../core/time.js";
import type { HeardView } from "../ports/gateway-control.js";
import type { HeardCall } from "../ports/listening.js";
import type { HeardState } from "./heard-call.js";

export interface LastWordsOptions {
  readonly clock: Clock;
  /** At most so long after the end of a call, ms. */
  readonly waitMs: number;
  /** Calls at a time that are waited for; one more, and the oldest is closed at once. */
  readonly limit: number;
  readonly onClosed: (view: HeardView, call: HeardCall) => void;
}

interface Ended {
  readonly state: HeardState;
  readonly threat: FusedThreat | undefined;
  readonly cancel: () => void;
}

/** Calls that are over, and whose last words are still becoming text. Nothing is done about them any more; who keeps transcripts gets them whole. */
export class LastWords {
  readonly #options: LastWordsOptions;
  readonly #calls = new Map<string, Ended>();

  constructor(options: LastWordsOptions) {
    this.#options = options;
  }

  /** @param threat As it was at the end of the call. */
  wait(state: HeardState, threat: FusedThreat | undefined): void {
    const { callId } = state.call;
    const { clock, waitMs, limit } = this.#options;
    this.finish(callId);
    const [oldest] = this.#calls.keys();
    if (oldest !== undefined && this.#calls.size >= limit) this.finish(oldest);
    const cancel = clock.callAt(monoMs(clock.mono() + waitMs), () => this.finish(callId));
    this.#calls.set(callId, { state, threat, cancel });
  }

  line(line: TranscriptLine): void {
    this.#calls.get(line.callId)?.state.add(line);
  }

  verdict(callId: string, verdict: TurnVerdict): void {
    const ended = this.#calls.get(callId);
    if (ended !== undefined) ended.state.verdict = verdict;
  }

  /** Nothing more will come of this call. */
  finish(callId: string): void {
    const ended = this.#calls.get(callId);
    if (ended === undefined) return;
    this.#calls.delete(callId);
    ended.cancel();
    const { state, threat } = ended;
    const { call, verdict, shed } = state;
    const { trunk } = call.parties;
    const view = { callId, trunk, threat: worse(threat, verdict), verdict, shed, lines: state.lines() };
    this.#options.onClosed(view, call);
  }

  finishAll(): void {
    for (const callId of [...this.#calls.keys()]) this.finish(callId);
  }
}

/** What was said last may be the worst. */
function worse(threat: FusedThreat | undefined, verdict: TurnVerdict | undefined): FusedThreat | undefined {
  if (verdict === undefined || verdict.score <= (threat?.score ?? 0)) return threat;
  return { score: verdict.score, state: verdict.state };
}
