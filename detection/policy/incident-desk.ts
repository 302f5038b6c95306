import { CallerMeter, type MeterBudget } from "../masking/caller-meter.js";
import { CALL_ANSWERED, CALL_DETECTED, CALL_ENDED, CALL_REFUSED } from "../masking/call-table.js";
import type { LoggedCall } from "../masking/call-log.js";
import type { MaskingWindow } from "../masking/masking-window.js";
import { stableHash } from "../masking/string-hasher.js";
import type { CallStarted, CalledId, CallerId, TrunkId } from "../model/events.js";
import type { Action, Carrier, Decision, Incident } from "../model/findings.js";
import { unixMs, type UnixMs } from "../model/time.js";
import { attackersAmong, commonPrefix } from "./attackers.js";
import { callerKey, type BlockBook, type BlockRequest } from "./block-book.js";
import type { DetectionOptions, IdSource } from "./detection-options.js";
import type { DisconnectLimit } from "./disconnect-limit.js";
import type { GuardList } from "./guard-list.js";
import { OpenIncident } from "./open-incident.js";
import { isWorse } from "./severity.js";
import type { WatchedNumber } from "./watch-list.js";

/** Calls of one finding that are named and ended. */
const MAX_CALLS_PER_FINDING = 10_000;
/** An incident counts as a repeat of one that closed this recently. */
const REPEAT_MS = 86_400_000;
/** The first extensions of an incident are reported one by one, later ones once a second. */
const SINGLE_REPORTS = 50;

export interface IncidentDeskParts {
  readonly window: MaskingWindow;
  readonly blocks: BlockBook;
  readonly limit: DisconnectLimit;
  readonly ids: IdSource;
  readonly meters: MeterBudget;
}

/** Opens, extends and closes incidents, and says what follows from each: what to end, to block, to tell. */
export class IncidentDesk {
  readonly #parts: IncidentDeskParts;
  readonly #open = new Set<WatchedNumber>();
  #options: DetectionOptions;
  #guard: GuardList;
  #opened = 0;

  constructor(parts: IncidentDeskParts, options: DetectionOptions, guard: GuardList) {
    this.#parts = parts;
    this.#options = options;
    this.#guard = guard;
  }

  reconfigure(options: DetectionOptions, guard: GuardList): void {
    this.#options = options;
    this.#guard = guard;
  }

  get opened(): number {
    return this.#opened;
  }

  /** Oldest first. */
  open(): ReadonlySet<WatchedNumber> {
    return this.#open;
  }

  /**
   * The number's window has reached its threshold.
   * @param event The call that reached it; logged already.
   * @returns Undefined when nobody in the window is an attacker: they are regular callers.
   */
  openIncident(watched: WatchedNumber, event: CallStarted, at: UnixMs, threshold: number): Decision | undefined {
    const { window, ids } = this.#parts;
    const calls = this.#attackers(watched, at);
    if (calls.length === 0) return undefined;
    const actions: Action[] = [];
    if (this.#open.size >= this.#options.memory.openIncidents) actions.push(...this.#closeOldest(at));
    const times = calls.map((call) => call.time);
    const incident = new OpenIncident({
      id: `inc-${ids.token(8)}`,
      alertId: `alert-${ids.token(8)}`,
      called: watched.called,
      at,
      windowMs: this.#options.masking.windowMs,
      threshold,
      reachedInMs: times.reduce((most, time) => Math.max(most, (time - (times[0] as number)) | 0), 0),
      repeats: isRepeat(watched, at) ? watched.incidents : 0,
      disposition: this.#disposition(watched.called),
      others: new CallerMeter(this.#parts.meters),
    });
    this.#opened++;
    watched.incident = incident;
    this.#open.add(watched);
    for (const call of calls) {
      incident.add(call, unixMs(at - ((at - call.time) | 0)));
      window.forgetKnown(call.caller);
    }
    const isIn = incident.isMember(window.callerHash, event.trunk);
    actions.push(...this.#afterAdding(watched, incident, event, calls, at));
    actions.push({ kind: "incident", change: "opened", incident: incident.snapshot() });
    this.#alert(incident, event, actions, incident.alertId);
    return isIn ? this.#decide(incident, event, actions) : { ...NOTHING_FOUND, actions };
  }

  /** A call that belongs to a running attack. */
  extend(watched: WatchedNumber, incident: OpenIncident, event: CallStarted, at: UnixMs, group: boolean): Decision {
    const { window, ids } = this.#parts;
    const own = { callId: event.callId, caller: event.caller, trunk: event.trunk, source: event.source };
    const newest: LoggedCall = { ...own, callerHash: window.callerHash, time: at | 0 };
    const calls = group
      ? this.#attackers(watched, at).filter((call) => !incident.isMember(call.callerHash, call.trunk))
      : [newest];
    let grown = false;
    for (const call of calls) {
      grown = incident.add(call, unixMs(at - ((at - call.time) | 0))) || grown;
      if (group) window.forgetKnown(call.caller);
    }
    incident.disposition = this.#disposition(watched.called);
    const actions = this.#afterAdding(watched, incident, event, calls, at, grown);
    if (grown && (incident.reports < SINGLE_REPORTS || at - incident.reportedAt >= 1_000)) {
      incident.reports++;
      incident.reportedAt = at;
      actions.push({ kind: "incident", change: "extended", incident: incident.snapshot() });
    }
    const limited = actions.some((action) => action.kind === "held-back" && action.why === "disconnect-limit");
    if (limited || isWorse(incident.severity, incident.alertedSeverity)) {
      this.#alert(incident, event, actions, `alert-${ids.token(8)}`);
    }
    return this.#decide(incident, event, actions);
  }

  /** The answer to a call of it that is reported once more. */
  repeat(incident: OpenIncident, event: CallStarted): Decision {
    return this.#decide(incident, event, []);
  }

  close(watched: WatchedNumber, now: UnixMs): { readonly incident: Incident; readonly actions: Action[] } | undefined {
    const { incident } = watched;
    if (incident === undefined) return undefined;
    watched.incident = undefined;
    watched.incidents++;
    watched.lastIncidentAt = now;
    incident.others.release();
    this.#open.delete(watched);
    const closed = incident.snapshot(now);
    const lifted = this.#parts.blocks.lift(watched, incident.id, "wide");
    return { incident: closed, actions: [{ kind: "incident", change: "closed", incident: closed }, ...lifted] };
  }

  /** Its last call is older than the quiet time. */
  isQuiet(incident: OpenIncident, now: UnixMs): boolean {
    return now - incident.updatedAt >= Math.max(this.#options.masking.quietMs, this.#options.masking.windowMs);
  }

  #attackers(watched: WatchedNumber, at: UnixMs): readonly LoggedCall[] {
    const { window } = this.#parts;
    const { masking } = this.#options;
    const calls = window.callsOf(watched.latestCall, at, masking.windowMs, MAX_CALLS_PER_FINDING);
    const start = unixMs(at - masking.windowMs);
    const isRegular = (caller: CallerId): boolean => window.isKnownCaller(caller, start, masking);
    return [...attackersAmong(calls, watched.baseline.normal, isRegular)].reverse();
  }

  /** Ends what is to be ended and blocks the attackers, or says why not. */
  #afterAdding(
    watched: WatchedNumber,
    incident: OpenIncident,
    event: CallStarted,
    calls: readonly LoggedCall[],
    at: UnixMs,
    grown = true,
  ): Action[] {
    if (grown) incident.weigh(this.#options.masking.attackingTrunkCallers);
    if (incident.disposition !== "enforced") {
      // Reported at the opening and with each group; for single calls the decision says it.
      return calls.length > 1 ? [heldBack(incident, calls)] : [];
    }
    watched.baseline.taint();
    const actions = this.#cut(incident, event, calls);
    if (grown) actions.push(...this.#block(watched, incident, calls, at));
    return actions;
  }

  #cut(incident: OpenIncident, event: CallStarted, calls: readonly LoggedCall[]): Action[] {
    const guarded = this.#guard.empty ? [] : calls.filter((call) => this.#guard.guardsSource(call));
    const unanswered = new Map<string, LoggedCall>();
    const answered = new Map<string, LoggedCall>();
    for (const call of calls) {
      // The call being asked about is not there yet: its refusal ends it. Another caller's may have the same Call-ID.
      if (event.source === "hop" && call.callId === event.callId && call.caller === event.caller) continue;
      if (guarded.includes(call)) continue;
      const state = this.#parts.window.stateOf(call.callId, call.caller) ?? CALL_ANSWERED;
      if ((state & (CALL_ENDED | CALL_REFUSED)) !== 0) continue;
      const name = `${carrierOf(call)} ${call.callId}`;
      if ((state & CALL_ANSWERED) !== 0 || call.source !== "hop") answered.set(name, call);
      else unanswered.set(name, call);
    }
    for (const name of answered.keys()) unanswered.delete(name);
    const granted = answered.size === 0 ? 0 : this.#parts.limit.take(answered.size, event.arrivedAt);
    const up = [...answered.values()];
    const incidentId = incident.id;
    const actions = endCalls([...unanswered.values(), ...up.slice(0, granted)], incident, event.arrivedAt);
    if (granted < answered.size) {
      incident.disposition = "rate-limited";
      const callIds = up.slice(granted).map((call) => call.callId);
      actions.push({ kind: "held-back", why: "disconnect-limit", incidentId, callIds });
    }
    if (guarded.length > 0) {
      const callIds = guarded.map((call) => call.callId);
      actions.push({ kind: "held-back", why: "guard-list", incidentId, callIds });
    }
    return actions;
  }

  #block(watched: WatchedNumber, incident: OpenIncident, calls: readonly LoggedCall[], at: UnixMs): Action[] {
    const { block, masking } = this.#options;
    if (block.mode === "off") return [];
    const actions: Action[] = [];
    const attackers = calls.filter((call) => !this.#guard.guardsSource(call));
    const callers = new Set(attackers.map((call) => call.caller));
    // Each towards this number and by the trunk he came by: the number may be spoofed, and its owner calls by another trunk.
    for (const { caller, trunk } of attackers) {
      if (incident.callerBlocks >= block.maxPerIncident || watched.callerBlocks.has(callerKey(caller, trunk))) continue;
      incident.callerBlocks++;
      this.#addBlock(incident, { caller, trunk, ttlMs: block.ttlMs }, at, actions);
    }
    const isBlocked = (trunk: TrunkId): boolean =>
      watched.blocks.some(
        (other) => other.incidentId === incident.id && other.caller === undefined && other.trunk === trunk,
      );
    for (const trunk of incident.attackingTrunks) {
      if (isBlocked(trunk) || this.#guard.guardsSource({ caller: "" as CallerId, trunk })) continue;
      this.#addBlock(incident, { trunk, ttlMs: Math.max(masking.quietMs, 1_000) }, at, actions);
    }
    const callerPrefix = commonPrefix([...callers], block.callerPrefixLength);
    const isNew = callerPrefix !== undefined && callers.size >= 2;
    if (isNew && !watched.blocks.some((other) => other.callerPrefix === callerPrefix)) {
      this.#addBlock(incident, { callerPrefix, ttlMs: block.ttlMs }, at, actions);
    }
    return actions;
  }

  #addBlock(
    incident: OpenIncident,
    who: Pick<BlockRequest, "caller" | "callerPrefix" | "trunk" | "ttlMs">,
    at: UnixMs,
    actions: Action[],
  ): void {
    const about = { called: incident.called, incidentId: incident.id, reason: "masking attack", createdBy: "policy" };
    const added = this.#parts.blocks.add({ ...about, ...who }, `blk-${this.#parts.ids.token(8)}`, at);
    if (added.ok) actions.push({ kind: "block", change: "added", block: added.value });
  }

  #alert(incident: OpenIncident, event: CallStarted, actions: Action[], id: string): void {
    if (isWorse(incident.severity, incident.alertedSeverity)) incident.alertedSeverity = incident.severity;
    actions.push({ kind: "alert", alert: incident.alert(id, event.arrivedAt) });
  }

  #decide(incident: OpenIncident, event: CallStarted, actions: readonly Action[]): Decision {
    const { disposition, id, alertId } = incident;
    const enforced = disposition === "enforced" || disposition === "rate-limited";
    const refuse = enforced && !this.#guard.guardsSource(event);
    this.#parts.window.markCall(refuse ? CALL_REFUSED | CALL_DETECTED : CALL_DETECTED);
    return {
      verdict: refuse ? "refuse" : "allow",
      incidentId: id,
      alertId,
      detected: true,
      wouldRefuse: !refuse,
      actions,
    };
  }

  #disposition(called: CalledId): Incident["disposition"] {
    const { shadow, masking, limits } = this.#options;
    if (shadow || masking.mode !== "enforce") return "shadow";
    if (this.#guard.guardsCalled(called)) return "guarded";
    return limits.canaryPercent < 100 && stableHash(called) % 100 >= limits.canaryPercent ? "canary" : "enforced";
  }

  /** The table of open incidents is full: the one that is open longest gives way. */
  #closeOldest(now: UnixMs): Action[] {
    for (const watched of this.#open) return this.close(watched, now)?.actions ?? [];
    return [];
  }
}

const NOTHING_FOUND = { verdict: "allow", detected: false, wouldRefuse: false } as const;

/** Recordings come from beside the call: whoever carries it. */
function carrierOf({ source }: LoggedCall): Carrier | undefined {
  return source === "siprec" ? undefined : source === "hop" ? "hop" : "elsewhere";
}

/** An order for each who carries them. */
function endCalls(calls: readonly LoggedCall[], { id, alertId }: OpenIncident, foundAt: UnixMs): Action[] {
  const order = { kind: "end-calls", incidentId: id, alertId, reason: "masking attack", foundAt } as const;
  const orders: Action[] = [];
  for (const carriedBy of ["hop", "elsewhere", undefined] as const) {
    const callIds = calls.filter((call) => carrierOf(call) === carriedBy).map((call) => call.callId);
    if (callIds.length > 0) orders.push({ ...order, callIds, ...(carriedBy === undefined ? {} : { carriedBy }) });
  }
  return orders;
}

const isRepeat = (watched: WatchedNumber, at: UnixMs): boolean =>
  watched.lastIncidentAt !== undefined && at - watched.lastIncidentAt < REPEAT_MS;

function heldBack(incident: OpenIncident, calls: readonly LoggedCall[]): Action {
  const why =
    incident.disposition === "guarded" ? "guard-list" : incident.disposition === "canary" ? "canary" : "shadow";
  return { kind: "held-back", why, incidentId: incident.id, callIds: calls.map((call) => call.callId) };
}
