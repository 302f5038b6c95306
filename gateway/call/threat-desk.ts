import {
  THREAT_STATES,
  type Action,
  type Alert,
  type JudgeVerdict,
  type ThreatPolicy,
  type ThreatState,
  type Turn,
  type TurnVerdict,
  type TranscriptLine,
} from "../../detection/index.js";
import type { Clock } from "../core/clock.js";
import { GatewayError } from "../core/errors.js";
import { sensitiveUri, type Log } from "../core/log.js";
import type { Counter, Histogram, Metrics } from "../core/metrics.js";
import { monoMs } from "../core/time.js";
import type { HeardView } from "../ports/gateway-control.js";
import type { Judge } from "../ports/judge.js";
import type { HeardCall, HeardFollower, Listening, ListeningUser } from "../ports/listening.js";
import { HeardState } from "./heard-call.js";
import { LastWords } from "./last-words.js";

export interface ThreatDeskOptions {
  /** A call is shown to the judge again at the earliest after this long, ms. */
  readonly judgeEveryMs: number;
  /** The judge has this long; then the classifier's verdict stands alone, ms. */
  readonly judgeTimeoutMs: number;
  /** An alert waits this long for the judge's own words, then goes out with ours, ms. */
  readonly explainTimeoutMs: number;
  /** Questions to the judge that are open at a time; above it nothing is asked. */
  readonly maxJudging: number;
  /** What was said at the end of a call has so long to become text before its transcript is kept, ms; as the listening side has it. */
  readonly lastWordsMs: number;
}

export const DEFAULT_THREAT_DESK: ThreatDeskOptions = {
  judgeEveryMs: 5_000,
  judgeTimeoutMs: 4_000,
  explainTimeoutMs: 4_000,
  maxJudging: 4,
  lastWordsMs: 10_000,
};

export interface ThreatDeskDeps {
  readonly policy: ThreatPolicy;
  readonly listening: Listening;
  readonly judge?: Judge;
  readonly carrier: { carryOut(actions: readonly Action[]): void };
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Finished transcripts with their last words, for who keeps them. Default: nobody. */
  readonly onClosed?: (view: HeardView, call: HeardCall) => void;
}

/** Questions about calls: an alert's own words are asked for beyond `maxJudging`, up to this many more. */
const MAX_EXPLAINING = 8;
/** Calls that are over and whose last words are waited for. */
const MAX_ENDED = 1_000;
/** The listening side says when the last words are there; who died in between is not waited for much longer. */
const SPARE_MS = 1_000;
const TICK_MS = 500;
const BUCKETS = [0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];

/**
 * Joins what is heard with what is done about it: listening → classifier verdicts → judge where they are unsure → policy → actions.
 * It stands in front of `Listening`: calls are opened and closed through it.
 *
 * The judge never delays an action. Only the text of an alert waits for it, `explainTimeoutMs` at most.
 */
export class ThreatDesk implements Listening, ListeningUser {
  readonly #options: ThreatDeskOptions;
  readonly #deps: ThreatDeskDeps;
  readonly #calls = new Map<string, HeardState>();
  readonly #lastWords: LastWords | undefined;
  readonly #verdicts: Counter;
  readonly #judged: Counter;
  readonly #judgeSeconds: Histogram;
  /** Questions that are open: how to give each up. */
  readonly #questions = new Set<(why: GatewayError) => void>();
  #judging = 0;
  #explaining = 0;
  #cancelTick: (() => void) | undefined;
  #closed = false;

  constructor(options: ThreatDeskOptions, deps: ThreatDeskDeps) {
    this.#options = options;
    this.#deps = deps;
    const { metrics, policy, clock, onClosed } = deps;
    if (onClosed !== undefined)
      this.#lastWords = new LastWords({ clock, onClosed, waitMs: options.lastWordsMs + SPARE_MS, limit: MAX_ENDED });
    this.#verdicts = metrics.counter("ringfence_threat_verdicts_total", "Classifier verdicts, by state", ["state"]);
    this.#judged = metrics.counter("ringfence_judge_questions_total", "Questions to the language model", ["outcome"]);
    this.#judgeSeconds = metrics.histogram(
      "ringfence_judge_seconds",
      "Time of one answer of the language model",
      BUCKETS,
    );
    const heard = metrics.gauge("ringfence_heard_calls", "Calls that are listened to");
    const lost = metrics.gauge(
      "ringfence_unheard_calls",
      "Calls since the start that were not judged for want of room",
    );
    metrics.onScrape(() => {
      heard.set(this.#calls.size);
      lost.set(policy.notFollowed);
    });
  }

  get ok(): boolean {
    return this.#deps.listening.ok;
  }
  get detail(): string {
    return this.#deps.listening.detail;
  }

  open(call: HeardCall): void {
    const { policy, listening, clock } = this.#deps;
    const { callId, risk, parties } = call;
    if (this.#closed || this.#calls.has(callId)) return;
    // A number that is used again: what comes from now on is of the new call.
    this.#lastWords?.finish(callId);
    if (!policy.begin({ callId, ...parties, signalling: risk }, clock.unix())) return;
    this.#calls.set(callId, new HeardState(call));
    listening.open(call);
  }

  risk(callId: string, risk: number): void {
    const { policy, listening, clock } = this.#deps;
    if (!this.#calls.has(callId)) return;
    listening.risk(callId, risk);
    this.#carryOut(callId, policy.suspected(callId, risk, clock.unix()));
  }

  close(callId: string): void {
    const { policy, listening, clock } = this.#deps;
    const state = this.#calls.get(callId);
    if (state === undefined) return;
    const threat = policy.stateOf(callId);
    this.#calls.delete(callId);
    this.#lastWords?.wait(state, threat);
    if (this.#closed) this.#lastWords?.finish(callId);
    listening.close(callId);
    this.#carryOut(callId, policy.ended(callId, clock.unix()));
  }

  /** The call goes on unheard: what was done to it that lasts is undone. It is closed next. */
  unheard(callId: string): void {
    this.#carryOut(callId, this.#deps.policy.unheard(callId));
  }

  /** One at a time for each call. @returns Stops it; undefined: nobody listens to that call. */
  follow(callId: string, follower: HeardFollower): (() => void) | undefined {
    const state = this.#calls.get(callId);
    if (state === undefined) return undefined;
    state.follower = follower;
    return () => {
      state.follower = undefined;
    };
  }

  onLine(line: TranscriptLine): void {
    const state = this.#calls.get(line.callId);
    if (state === undefined) {
      this.#lastWords?.line(line);
      return;
    }
    state.add(line);
    state.follower?.onLine(line);
  }

  onEnded(callId: string): void {
    this.#lastWords?.finish(callId);
  }

  onShed(callId: string, shed: boolean): void {
    const state = this.#calls.get(callId);
    if (state !== undefined) state.shed = shed;
  }

  onVerdict(callId: string, verdict: TurnVerdict, turns: readonly Turn[]): void {
    const { policy, clock } = this.#deps;
    const state = this.#calls.get(callId);
    if (state === undefined) {
      this.#lastWords?.verdict(callId, verdict);
      return;
    }
    state.verdict = verdict;
    state.turns = turns;
    this.#verdicts.labels(verdict.state).inc();
    this.#carryOut(callId, policy.heard(callId, verdict, clock.unix()));
    state.follower?.onThreat(worse(verdict.state, policy.stateOf(callId)?.state));
    // What tier one is sure of is not asked about.
    if (verdict.state === "uncertain" || verdict.state === "suspicious") void this.#ask(state, verdict);
  }

  /** What is heard of a call now; undefined: nobody listens to it. */
  view(callId: string): HeardView | undefined {
    const state = this.#calls.get(callId);
    if (state === undefined) return undefined;
    const { verdict, shed, call } = state;
    const { trunk } = call.parties;
    return { callId, trunk, threat: this.#deps.policy.stateOf(callId), verdict, shed, lines: state.lines() };
  }

  /** A person says that the call is honest. @returns False: nobody listens to it. */
  release(callId: string): boolean {
    const actions = this.#deps.policy.release(callId, this.#deps.clock.unix());
    if (actions === undefined) return false;
    this.#carryOut(callId, actions);
    return true;
  }

  /** Stops asking, ticking and waiting for last words; alerts that wait for words go out without. Safe to call twice. */
  stop(): void {
    this.#closed = true;
    this.#lastWords?.finishAll();
    const closing = new GatewayError("judge.unavailable", "the gateway closes");
    for (const giveUp of [...this.#questions]) giveUp(closing);
    this.#cancelTick?.();
    this.#cancelTick = undefined;
  }

  async #ask(state: HeardState, verdict: TurnVerdict): Promise<void> {
    const { judge, clock } = this.#deps;
    const { judgeEveryMs, judgeTimeoutMs, maxJudging } = this.#options;
    if (judge === undefined || this.#closed || state.judging) return;
    if (this.#judging >= maxJudging || clock.mono() - state.judgedAtMs < judgeEveryMs) {
      this.#judged.labels("not-asked").inc();
      return;
    }
    const { callId } = state.call;
    const startedAt = clock.mono();
    state.judging = true;
    state.judgedAtMs = startedAt;
    this.#judging++;
    try {
      const answer = await this.#within(judgeTimeoutMs, (signal) => judge.judge(state.turns, verdict, signal));
      this.#judgeSeconds.observe((clock.mono() - startedAt) / 1_000);
      this.#judged.labels(answer === undefined ? "no-verdict" : "verdict").inc();
      if (answer !== undefined) this.#takeVerdict(callId, answer);
    } catch (error) {
      this.#judged.labels(error instanceof GatewayError ? error.code : "failed").inc();
      if (!(error instanceof GatewayError)) this.#deps.log.error("judge.failed", { judge: judge.name }, error);
    } finally {
      state.judging = false;
      this.#judging--;
    }
  }

  #takeVerdict(callId: string, answer: JudgeVerdict): void {
    const { policy, clock } = this.#deps;
    this.#carryOut(callId, policy.judged(callId, answer, clock.unix()));
    const fused = policy.stateOf(callId);
    if (fused !== undefined) this.#calls.get(callId)?.follower?.onThreat(fused.state);
  }

  #carryOut(callId: string, actions: readonly Action[]): void {
    if (actions.length === 0) return;
    const now = actions.filter((action) => action.kind !== "alert");
    this.#deps.carrier.carryOut(now);
    for (const action of actions) if (action.kind === "alert") void this.#tell(callId, action.alert);
    this.#arm();
  }

  /** The alert goes out in any case, with the judge's words where they come in time. */
  async #tell(callId: string, alert: Alert): Promise<void> {
    const words = await this.#words(callId, alert);
    const told =
      alert.threat === undefined || words === undefined ? alert : { ...alert, threat: { ...alert.threat, ...words } };
    this.#deps.carrier.carryOut([{ kind: "alert", alert: told }]);
  }

  async #words(callId: string, alert: Alert) {
    const { judge, log } = this.#deps;
    const turns = this.#calls.get(callId)?.turns ?? [];
    const { threat } = alert;
    if (judge === undefined || threat === undefined || this.#closed || this.#explaining >= MAX_EXPLAINING)
      return undefined;
    const { state, score, kind, stage } = threat;
    this.#explaining++;
    try {
      const verdict = { callId, state, score, kind, stage, evidence: [], parts: {} };
      const said = await this.#within(this.#options.explainTimeoutMs, (signal) =>
        judge.explain(turns, verdict, signal),
      );
      if (said?.by !== "model") return undefined;
      return { explanation: said.text, recommended: said.recommended, by: said.by };
    } catch (error) {
      if (!(error instanceof GatewayError)) log.error("judge.failed", { call: sensitiveUri(callId) }, error);
      return undefined;
    } finally {
      this.#explaining--;
    }
  }

  /** @throws GatewayError `judge.timeout` even where the judge does not heed its signal. */
  #within<T>(timeoutMs: number, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { clock } = this.#deps;
    const abort = new AbortController();
    return new Promise<T>((resolve, reject) => {
      const giveUp = (why: GatewayError): void => {
        over();
        reject(why);
        abort.abort(why);
      };
      const late = new GatewayError("judge.timeout", `no answer within ${timeoutMs} ms`);
      const cancel = clock.callAt(monoMs(clock.mono() + timeoutMs), () => giveUp(late));
      const over = (): void => {
        cancel();
        this.#questions.delete(giveUp);
      };
      this.#questions.add(giveUp);
      ask(abort.signal).then(resolve, reject).finally(over);
    });
  }

  #arm(): void {
    const { policy, clock, carrier } = this.#deps;
    if (this.#closed || this.#cancelTick !== undefined || policy.deadline(clock.unix()) === undefined) return;
    this.#cancelTick = clock.callAt(monoMs(clock.mono() + TICK_MS), () => {
      this.#cancelTick = undefined;
      carrier.carryOut(policy.tick(clock.unix()));
      this.#arm();
    });
  }
}

const worse = (a: ThreatState, b: ThreatState | undefined): ThreatState =>
  b !== undefined && THREAT_STATES.indexOf(b) > THREAT_STATES.indexOf(a) ? b : a;
