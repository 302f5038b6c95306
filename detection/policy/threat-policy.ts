import type { Action, Incident } from "../model/findings.js";
import { unixMs, type UnixMs } from "../model/time.js";
import { THREAT_STATES, type JudgeVerdict, type ThreatState, type TurnVerdict } from "../model/threat.js";
import { CallerHistory } from "./caller-history.js";
import type { GuardListOptions, IdSource } from "./detection-options.js";
import { DisconnectLimit } from "./disconnect-limit.js";
import { GuardList, NO_GUARDS } from "./guard-list.js";
import { fuse, hasFacts, type FusedThreat } from "./threat-fusion.js";
import { ThreatIncident, type ThreatCall } from "./threat-incident.js";
import { THREAT_STEPS, type ThreatOptions, type ThreatStep } from "./threat-options.js";

interface Followed {
  readonly call: ThreatCall;
  signalling: number;
  readonly history: number;
  readonly guarded: boolean;
  speech: TurnVerdict | undefined;
  judge: JudgeVerdict | undefined;
  fused: FusedThreat;
  /** The highest state that was told. */
  told: ThreatState;
  warned: boolean;
  /** Verdicts `scam` in a row. */
  scamTurns: number;
  /** A person has decided that it is honest: nothing more is done. */
  released: boolean;
  /** It has been ended, or would have been. */
  concluded: boolean;
  heldUntil: UnixMs | undefined;
  incident: ThreatIncident | undefined;
}

const NOTHING: readonly Action[] = Object.freeze([]);
const rank = (state: ThreatState): number => THREAT_STATES.indexOf(state);
const TICK_MS = 1_000;

/**
 * The ladder: what is done about a call that sounds like fraud. uncertain → tag; suspicious → warn the called side and raise an
 * alert; scam → hold (where `holdMs` says so), then end. Each step is taken once and never back; a verdict that falls again takes
 * nothing back but the counting of turns. Guard lists and released calls are alerted about and left alone.
 *
 * Pure: verdicts in, actions out; times are arguments. Memory: `maxCalls` calls, `historyCallers` callers.
 */
export class ThreatPolicy {
  readonly #calls = new Map<string, Followed>();
  readonly #ids: IdSource;
  readonly #limit: DisconnectLimit;
  readonly #history: CallerHistory;
  #options: ThreatOptions;
  #guard: GuardList;
  #configured: GuardListOptions;
  #marked: GuardListOptions = NO_GUARDS;
  #shadow: boolean;
  #notFollowed = 0;

  constructor(options: ThreatOptions, guard: GuardListOptions, shadow: boolean, ids: IdSource) {
    this.#options = options;
    this.#ids = ids;
    this.#guard = new GuardList(guard);
    this.#configured = guard;
    this.#shadow = shadow;
    this.#limit = new DisconnectLimit(options.endsPerMinute);
    this.#history = new CallerHistory(options.historyCallers, options.historyHalfLifeMs);
  }

  /** What people marked as honest, beside the configured guard list; counts for calls that begin from now on. */
  guardAlso(marked: GuardListOptions): void {
    this.#marked = marked;
    this.#guard = new GuardList(this.#configured, marked);
  }

  /** New settings hold from the next verdict on. */
  reconfigure(options: ThreatOptions, guard: GuardListOptions, shadow: boolean): void {
    this.#options = options;
    this.#configured = guard;
    this.#guard = new GuardList(guard, this.#marked);
    this.#shadow = shadow;
    this.#limit.perMinute = options.endsPerMinute;
  }

  /** How bad that caller's earlier calls were, 0–1. */
  pastOf(caller: ThreatCall["caller"], now: UnixMs): number {
    return this.#history.scoreOf(caller, now);
  }

  get followed(): number {
    return this.#calls.size;
  }
  /** Calls that were not followed because there were too many. */
  get notFollowed(): number {
    return this.#notFollowed;
  }

  /** @returns False: too many are followed already; this one is not judged. */
  begin(call: ThreatCall, now: UnixMs): boolean {
    if (this.#calls.has(call.callId)) return true;
    if (this.#calls.size >= this.#options.maxCalls) {
      this.#notFollowed++;
      return false;
    }
    this.#calls.set(call.callId, {
      call,
      signalling: call.signalling,
      history: this.#history.scoreOf(call.caller, now),
      guarded: this.#guard.guardsCalled(call.called) || this.#guard.guardsSource(call),
      speech: undefined,
      judge: undefined,
      fused: { score: 0, state: "clear" },
      told: "clear",
      warned: false,
      scamTurns: 0,
      released: false,
      concluded: false,
      heldUntil: undefined,
      incident: undefined,
    });
    return true;
  }

  /** What is thought of a call now; undefined where it is not followed. */
  stateOf(callId: string): FusedThreat | undefined {
    return this.#calls.get(callId)?.fused;
  }

  /** The classifier has heard one turn more. */
  heard(callId: string, verdict: TurnVerdict, now: UnixMs): readonly Action[] {
    const followed = this.#calls.get(callId);
    if (followed === undefined) return NOTHING;
    followed.speech = verdict;
    this.#fuse(followed);
    followed.scamTurns = this.#isSure(followed) ? followed.scamTurns + 1 : 0;
    return this.#climb(followed, now);
  }

  /** The language model has answered. Its verdict counts until it answers again. */
  judged(callId: string, verdict: JudgeVerdict, now: UnixMs): readonly Action[] {
    const followed = this.#calls.get(callId);
    if (followed === undefined) return NOTHING;
    followed.judge = verdict;
    this.#fuse(followed);
    return this.#climb(followed, now);
  }

  /** Signalling has learned more. It never lowers. */
  suspected(callId: string, signalling: number, now: UnixMs): readonly Action[] {
    const followed = this.#calls.get(callId);
    if (followed === undefined || signalling <= followed.signalling) return NOTHING;
    followed.signalling = signalling;
    this.#fuse(followed);
    return this.#climb(followed, now);
  }

  /** A person says that this call is honest: a hold is lifted, its caller's past is forgotten, nothing more is done to it. */
  release(callId: string, now: UnixMs): readonly Action[] | undefined {
    const followed = this.#calls.get(callId);
    if (followed === undefined) return undefined;
    followed.released = true;
    this.#history.forget(followed.call.caller);
    const actions: Action[] = [];
    if (followed.heldUntil !== undefined) actions.push({ kind: "hold-call", callId, held: false });
    followed.heldUntil = undefined;
    followed.incident?.update(followed.fused, followed.speech, "guarded", now);
    return actions;
  }

  /** It goes on, but is not listened to any more: nobody would lift its hold. `ended` comes next. */
  unheard(callId: string): readonly Action[] {
    const followed = this.#calls.get(callId);
    if (followed?.heldUntil === undefined) return NOTHING;
    followed.heldUntil = undefined;
    return [{ kind: "hold-call", callId, held: false }];
  }

  ended(callId: string, now: UnixMs): readonly Action[] {
    const followed = this.#calls.get(callId);
    if (followed === undefined) return NOTHING;
    this.#calls.delete(callId);
    if (!followed.released) this.#history.note(followed.call.caller, this.#heardScore(followed), now);
    if (followed.incident === undefined) return NOTHING;
    return [{ kind: "incident", change: "closed", incident: followed.incident.snapshot(now) }];
  }

  /** When `tick` is next due; undefined while no call is held. */
  deadline(now: UnixMs): UnixMs | undefined {
    for (const { heldUntil } of this.#calls.values()) if (heldUntil !== undefined) return unixMs(now + TICK_MS);
    return undefined;
  }

  /** Ends calls whose hold is over. What the settings do not allow any more is lifted, or stays a hold. */
  tick(now: UnixMs): readonly Action[] {
    const actions: Action[] = [];
    for (const followed of this.#calls.values()) {
      if (followed.heldUntil === undefined) continue;
      if (!this.#may(followed, "hold")) {
        followed.heldUntil = undefined;
        actions.push({ kind: "hold-call", callId: followed.call.callId, held: false });
      } else if (followed.heldUntil <= now && this.#may(followed, "end")) {
        // Where the limit of this minute is reached it stays on hold and is asked about again.
        followed.heldUntil = this.#end(followed, now, actions) ? undefined : unixMs(now + TICK_MS);
      }
    }
    return actions;
  }

  #fuse(followed: Followed): void {
    const { speech, judge, signalling, history } = followed;
    const parts = { signalling, history, ...(speech && { speech }), ...(judge && { judge }) };
    followed.fused = fuse(parts, this.#options);
  }

  /** What this call itself was like. Not what was thought of its caller before: one mistake would feed itself for ever. */
  #heardScore({ speech, judge }: Followed): number {
    return speech === undefined ? 0 : fuse({ speech, ...(judge && { judge }) }, this.#options).score;
  }

  /** Sure enough to hold or end: by what was said alone above `endScore`, or with facts beside it, which made it a scam or would have. */
  #isSure(followed: Followed): boolean {
    if (followed.fused.state !== "scam") return false;
    const { signalling, history, speech } = followed;
    return hasFacts({ signalling, history }, this.#options) || (speech?.score ?? 0) >= this.#options.endScore;
  }

  #climb(followed: Followed, now: UnixMs): readonly Action[] {
    const { mode, endTurns } = this.#options;
    const { fused, call } = followed;
    if (mode === "off" || followed.released || followed.concluded) return NOTHING;
    const actions: Action[] = [];
    const rises = rank(fused.state) > rank(followed.told);
    if (rises) followed.told = fused.state;
    if (rises && this.#may(followed, "tag")) {
      const threat = followed.speech?.kind ?? "none";
      actions.push({ kind: "tag-call", callId: call.callId, state: fused.state, score: fused.score, threat });
    }
    if (fused.state === "suspicious" || fused.state === "scam") this.#warn(followed, now, rises, actions);
    if (this.#isSure(followed) && Math.max(1, followed.scamTurns) >= endTurns) this.#conclude(followed, now, actions);
    return actions;
  }

  /** Suspicious: somebody must know. */
  #warn(followed: Followed, now: UnixMs, rises: boolean, actions: Action[]): void {
    const { call, fused, speech } = followed;
    const disposition = this.#disposition(followed);
    const isNew = followed.incident === undefined;
    followed.incident ??= new ThreatIncident(this.#ids, call, now);
    followed.incident.update(fused, speech, disposition, now);
    if (!followed.warned && this.#may(followed, "warn")) {
      followed.warned = true;
      actions.push({ kind: "warn-call", callId: call.callId });
    }
    if (!rises) return;
    actions.push({ kind: "incident", change: isNew ? "opened" : "extended", incident: followed.incident.snapshot() });
    actions.push({ kind: "alert", alert: followed.incident.alert(now) });
  }

  #conclude(followed: Followed, now: UnixMs, actions: Action[]): void {
    const { holdMs } = this.#options;
    const { callId } = followed.call;
    if (followed.heldUntil !== undefined) return;
    if (!this.#may(followed, "hold")) {
      followed.concluded = true;
      const why = followed.guarded ? "guard-list" : this.#enforces ? "max-step" : "shadow";
      actions.push({ kind: "held-back", why, incidentId: followed.incident?.id ?? "", callIds: [callId] });
      return;
    }
    const holdsOnly = !this.#may(followed, "end");
    if (holdMs > 0 || holdsOnly) {
      followed.heldUntil = unixMs(holdsOnly ? Number.MAX_SAFE_INTEGER : now + holdMs);
      actions.push({ kind: "hold-call", callId, held: true });
      return;
    }
    this.#end(followed, now, actions);
  }

  /** @returns False: the limit of ended calls a minute is reached. */
  #end(followed: Followed, now: UnixMs, actions: Action[]): boolean {
    const { call, incident } = followed;
    if (incident === undefined) return true;
    if (this.#limit.take(1, now) === 0) {
      incident.update(followed.fused, followed.speech, "rate-limited", now);
      actions.push({ kind: "held-back", why: "disconnect-limit", incidentId: incident.id, callIds: [call.callId] });
      return false;
    }
    followed.concluded = true;
    const reason = `fraud heard: ${followed.speech?.kind ?? "none"}`;
    const { id: incidentId, alertId } = incident;
    actions.push({ kind: "end-calls", callIds: [call.callId], incidentId, alertId, reason, foundAt: now });
    return true;
  }

  #may(followed: Followed, step: ThreatStep): boolean {
    if (!this.#enforces || followed.guarded) return false;
    return THREAT_STEPS.indexOf(step) <= THREAT_STEPS.indexOf(this.#options.maxStep);
  }

  get #enforces(): boolean {
    return this.#options.mode === "enforce" && !this.#shadow;
  }

  #disposition(followed: Followed): Incident["disposition"] {
    if (followed.guarded) return "guarded";
    return this.#may(followed, "warn") ? "enforced" : "shadow";
  }
}
