import { MeterBudget } from "./masking/caller-meter.js";
import { CALL_DETECTED, CALL_REFUSED } from "./masking/call-table.js";
import { MaskingWindow, trustedTime } from "./masking/masking-window.js";
import type { CallAnswered, CallEnded, CalledId, CallStarted } from "./model/events.js";
import type { Action, Block, Decision, Incident } from "./model/findings.js";
import { ok, type Result } from "./model/result.js";
import { unixMs, type UnixMs } from "./model/time.js";
import { effectiveThreshold, type BaselineRow } from "./policy/baseline.js";
import { BlockBook, blockOf, type BlockError, type BlockRequest } from "./policy/block-book.js";
import type { DetectionOptions, GuardListOptions, IdSource } from "./policy/detection-options.js";
import type { DetectionStats } from "./policy/detection-stats.js";
import { DisconnectLimit } from "./policy/disconnect-limit.js";
import { GuardList, NO_GUARDS } from "./policy/guard-list.js";
import { IncidentDesk } from "./policy/incident-desk.js";
import type { OpenIncident } from "./policy/open-incident.js";
import { WatchList, type WatchedNumber } from "./policy/watch-list.js";

/** The answer to almost every call. Shared: never changed. */
const ALLOW: Decision = Object.freeze({
  verdict: "allow",
  detected: false,
  wouldRefuse: false,
  actions: Object.freeze([]),
});

const TICK_MS = 1_000;
/** Incidents remembered after they closed, so that they can be undone. */
const CLOSED_KEPT = 1_000;
/** Words that the meters of watched numbers may hold beyond their first 16 callers: 16 MiB. */
const METER_WORDS = 4_194_304;
/** Share of the watch list that baselines may fill for good. */
const BASELINE_SHARE = 0.8;

/**
 * The detectors and the policy behind one door: facts in, decisions and actions out. Holds no clock: `callStarted` takes the
 * event's time, `tick` is due at `deadline`. One instance is single-threaded and keeps all its state to itself.
 */
export class FraudDetection {
  readonly #window: MaskingWindow;
  readonly #watch: WatchList;
  readonly #blocks: BlockBook;
  readonly #desk: IncidentDesk;
  readonly #limit: DisconnectLimit;
  readonly #ids: IdSource;
  readonly #closed = new Map<string, Incident>();
  #options: DetectionOptions;
  #guard: GuardList;
  #marked: GuardListOptions = NO_GUARDS;
  #deadline: UnixMs | undefined;
  #hour = -1;
  #processed = 0;
  #repeats = 0;
  #refused = 0;
  #leftAlone = 0;
  #untrusted = 0;

  /** Allocates its tables at once: `options.memory` says how much. */
  constructor(options: DetectionOptions, ids: IdSource) {
    this.#options = options;
    this.#ids = ids;
    this.#guard = new GuardList(options.guard);
    this.#limit = new DisconnectLimit(options.limits.answeredDisconnectsPerMinute);
    this.#window = new MaskingWindow(options.memory, options.masking.threshold, ids.token(8));
    const meters = new MeterBudget(METER_WORDS);
    this.#watch = new WatchList(options.memory.watchedNumbers, meters, (called) => this.#window.hashOf(called));
    this.#blocks = new BlockBook(this.#watch, options.memory.blocks);
    const parts = { window: this.#window, blocks: this.#blocks, limit: this.#limit, ids, meters };
    this.#desk = new IncidentDesk(parts, options, this.#guard);
  }

  /** The settings in force. */
  get options(): DetectionOptions {
    return this.#options;
  }

  /** The guard list names the called number, the caller or the trunk. */
  guards(call: Pick<CallStarted, "caller" | "called" | "trunk">): boolean {
    return this.#guard.guardsCalled(call.called) || this.#guard.guardsSource(call);
  }

  /** When `tick` is next due; undefined before the first event. */
  get deadline(): UnixMs | undefined {
    return this.#deadline;
  }

  /** Decides on one call. The same call told of again (same id, caller and called number, not over) counts once. */
  callStarted(event: CallStarted): Decision {
    if (event.emergency) {
      this.#processed++;
      return ALLOW;
    }
    const at = this.#timeOf(event);
    this.#deadline ??= unixMs(at + TICK_MS);
    const before = this.#window.begin(event, at);
    const watched = this.#watch.mayHold(this.#window.numberHash) ? this.#watch.get(event.called) : undefined;
    if (before >= 0) return this.#repeat(event, watched, before);
    this.#processed++;
    const decision = watched === undefined ? this.#unwatched(event, at) : this.#watched(event, watched, at);
    if (decision.verdict === "refuse") this.#refused++;
    return decision;
  }

  callAnswered(event: CallAnswered): void {
    this.#window.answered(event);
  }

  callEnded(event: CallEnded): void {
    this.#window.ended(event);
  }

  /** Closes quiet incidents, expires blocks, learns busy hours. Early calls do nothing. */
  tick(now: UnixMs): readonly Action[] {
    if (this.#deadline === undefined || now < this.#deadline) return [];
    this.#deadline = unixMs(now + TICK_MS);
    const actions: Action[] = [];
    for (const watched of this.#desk.open()) {
      if (watched.incident !== undefined && (this.#desk.isQuiet(watched.incident, now) || this.#isUsual(watched))) {
        actions.push(...this.#close(watched, now));
      }
    }
    if (this.#blocks.size > 0) actions.push(...this.#blocks.expire(now));
    this.#window.tick(now);
    this.#rollHour(now);
    return actions;
  }

  blocks(): readonly Block[] {
    return this.#blocks.list();
  }

  /** Blocks by hand. The block of a trunk or prefix made this way spares nobody who matches it. */
  addBlock(
    request: BlockRequest,
    now: UnixMs,
  ): Result<{ readonly block: Block; readonly actions: readonly Action[] }, BlockError> {
    this.#deadline ??= unixMs(now + TICK_MS);
    const added = this.#blocks.add(request, `blk-${this.#ids.token(8)}`, now);
    if (!added.ok) return added;
    return ok({ block: added.value, actions: [{ kind: "block", change: "added", block: added.value }] });
  }

  removeBlock(id: string): { readonly block: Block; readonly actions: readonly Action[] } | undefined {
    const block = this.#blocks.remove(id);
    return block && { block, actions: [{ kind: "block", change: "removed", block }] };
  }

  /** Puts back what was in force before a restart. @returns How many there was room for; those that are over are left out. */
  restoreBlocks(blocks: readonly Block[], now: UnixMs): number {
    this.#deadline ??= unixMs(now + TICK_MS);
    return blocks.filter((block) => block.expiresAt > now && this.#blocks.restore(block)).length;
  }

  /** The incidents that are open, oldest first: those with these ids, the newest `most` of them. Each is a copy. */
  incidents(wanted: { readonly ids?: ReadonlySet<string>; readonly most?: number } = {}): readonly Incident[] {
    const { ids, most = Infinity } = wanted;
    const open = [...this.#desk.open()].flatMap(({ incident }) => incident ?? []);
    const asked = ids === undefined ? open : open.filter(({ id }) => ids.has(id));
    return asked.slice(Math.max(0, asked.length - most)).map((incident) => incident.snapshot());
  }

  /**
   * "This was us being wrong": closes the incident, lifts all its blocks, takes its callers for regular ones and the traffic of
   * this hour for usual. Also for the last 1,000 incidents that are closed already.
   */
  undoIncident(
    id: string,
    now: UnixMs,
  ): { readonly incident: Incident; readonly actions: readonly Action[] } | undefined {
    const open = [...this.#desk.open()].find(({ incident }) => incident?.id === id);
    const actions: Action[] = open === undefined ? [] : [...this.#close(open, now)];
    const incident = this.#closed.get(id);
    if (incident === undefined) return undefined;
    const watched = open ?? this.#watch.watch(incident.called);
    this.#window.acquaint(incident.called, incident.callers, unixMs(now - this.#options.masking.windowMs - 1_000));
    if (watched !== undefined) {
      actions.push(...this.#blocks.lift(watched, id, "all"));
      const usual = Math.max(watched.baseline.normal, watched.baseline.peak, incident.threshold);
      watched.baseline.set(usual, "operator", this.#options.baseline.cap);
    }
    return { incident, actions };
  }

  /** @returns How many rows were taken; a row with 0 callers forgets what was known. Rows beyond the limit are left out. */
  importBaseline(rows: readonly BaselineRow[]): number {
    const limit = Math.floor(this.#options.memory.watchedNumbers * BASELINE_SHARE);
    let busy = this.#countBusy();
    let taken = 0;
    for (const { called, callersPerWindow, origin, hours } of rows) {
      if (!Number.isFinite(callersPerWindow) || callersPerWindow < 0 || called === "") continue;
      const known = this.#watch.get(called as CalledId);
      if (known === undefined && busy >= limit) continue;
      const watched = known ?? this.#watch.watch(called as CalledId);
      if (watched === undefined) continue;
      if (watched.baseline.normal === 0 && callersPerWindow > 0) busy++;
      watched.baseline.set(callersPerWindow, origin ?? "imported", this.#options.baseline.cap, hours);
      taken++;
    }
    return taken;
  }

  /** What is known of busy numbers, what is still being learned included: to be imported after a restart. */
  exportBaseline(): readonly BaselineRow[] {
    const rows: BaselineRow[] = [];
    for (const watched of this.#watch.values()) {
      const row = watched.baseline.row(watched.called);
      if (row !== undefined) rows.push(row);
    }
    return rows;
  }

  /** Takes new settings at once, for open incidents too. `memory` stays as it was at the start. */
  reconfigure(options: DetectionOptions): void {
    this.#options = { ...options, memory: this.#options.memory };
    this.#guard = new GuardList(options.guard, this.#marked);
    this.#limit.perMinute = options.limits.answeredDisconnectsPerMinute;
    this.#desk.reconfigure(this.#options, this.#guard);
  }

  /** What people marked as honest, beside the configured guard list; in the place of what was given before. */
  guardAlso(marked: GuardListOptions): void {
    this.#marked = marked;
    this.#guard = new GuardList(this.#options.guard, marked);
    this.#desk.reconfigure(this.#options, this.#guard);
  }

  stats(): DetectionStats {
    return {
      processed: this.#processed,
      repeats: this.#repeats,
      refused: this.#refused,
      incidentsOpened: this.#desk.opened,
      openIncidents: this.#desk.open().size,
      activeBlocks: this.#blocks.size,
      trackedNumbers: this.#window.trackedNumbers,
      watchedNumbers: this.#watch.size,
      busyNumbers: this.#countBusy(),
      leftAlone: this.#leftAlone,
      evictedNumbers: this.#window.evictedNumbers,
      untrustedTimes: this.#untrusted,
      tableBytes: this.#window.bytes,
    };
  }

  #timeOf(event: CallStarted): UnixMs {
    const at = trustedTime(event);
    if (at !== event.at) this.#untrusted++;
    return at;
  }

  #repeat(event: CallStarted, watched: WatchedNumber | undefined, state: number): Decision {
    this.#repeats++;
    const incident = watched?.incident;
    if (incident?.isMember(this.#window.callerHash, event.trunk) === true) return this.#desk.repeat(incident, event);
    if ((state & CALL_REFUSED) === 0) return ALLOW;
    return { verdict: "refuse", detected: (state & CALL_DETECTED) !== 0, wouldRefuse: false, actions: [] };
  }

  /** The quiet path: nothing is known of the number. Allocates nothing. */
  #unwatched(event: CallStarted, at: UnixMs): Decision {
    const { masking, memory } = this.#options;
    if (masking.mode === "off") return ALLOW;
    this.#window.noteKnown(at);
    const count = this.#window.count(event, at, masking.windowMs);
    if (count < Math.min(masking.threshold, WORTH_WATCHING)) return ALLOW;
    const isFull = count >= Math.min(masking.threshold, this.#window.callersPerNumber);
    const watched = this.#watch.watch(event.called, isFull ? memory.openIncidents : 0);
    if (watched === undefined) return ALLOW;
    let callers = 0;
    this.#window.handOver((caller, time) => {
      callers = Math.max(callers, watched.meter.observe(caller, time, masking.windowMs));
    });
    watched.latestCall = this.#window.latestCall;
    watched.baseline.note(at, count, this.#worth(), this.#options.baseline);
    return count >= masking.threshold
      ? (this.#desk.openIncident(watched, event, at, masking.threshold) ?? ALLOW)
      : ALLOW;
  }

  #watched(event: CallStarted, watched: WatchedNumber, at: UnixMs): Decision {
    const { masking, baseline } = this.#options;
    watched.touched = true;
    const block = this.#blockOf(watched, event, at);
    if (masking.mode === "off") return block === undefined ? ALLOW : this.#refuseBlocked(event, block);
    watched.latestCall = this.#window.log(event, at, watched.latestCall);
    const callers = watched.meter.observe(this.#window.callerHash, at | 0, masking.windowMs);
    watched.baseline.note(at, callers, this.#worth(), baseline);
    const threshold = effectiveThreshold(masking.threshold, watched.baseline.normal, baseline.factor);
    let before: readonly Action[] = [];
    if (watched.incident !== undefined && this.#desk.isQuiet(watched.incident, event.arrivedAt))
      before = this.#close(watched, event.arrivedAt);
    const found =
      watched.incident === undefined
        ? this.#maybeOpen(event, watched, at, callers, threshold)
        : this.#maybeExtend(event, watched, watched.incident, at, threshold);
    const decision = this.#withBlock(event, found, block);
    return before.length === 0 ? decision : { ...decision, actions: [...before, ...decision.actions] };
  }

  #maybeOpen(event: CallStarted, watched: WatchedNumber, at: UnixMs, callers: number, threshold: number): Decision {
    if (callers >= threshold) {
      const found = this.#desk.openIncident(watched, event, at, threshold);
      if (found !== undefined) return found;
    } else if (callers >= this.#options.masking.threshold) {
      this.#leftAlone++;
    }
    this.#window.noteKnown(at);
    return ALLOW;
  }

  #maybeExtend(
    event: CallStarted,
    watched: WatchedNumber,
    incident: OpenIncident,
    at: UnixMs,
    threshold: number,
  ): Decision {
    const { masking } = this.#options;
    const caller = this.#window.callerHash;
    if (incident.isMember(caller, event.trunk)) return this.#desk.extend(watched, incident, event, at, false);
    const isRegular = this.#window.isKnown(incident.windowStart, masking);
    if (!isRegular && incident.attackingTrunks.has(event.trunk)) {
      return this.#desk.extend(watched, incident, event, at, false);
    }
    if (incident.others.observe(caller, at | 0, masking.windowMs) < threshold) return ALLOW;
    return this.#desk.extend(watched, incident, event, at, true);
  }

  #blockOf(watched: WatchedNumber, event: CallStarted, at: UnixMs): Block | undefined {
    const { block, masking } = this.#options;
    if (block.mode === "off" || watched.callerBlocks.size + watched.blocks.length === 0) return undefined;
    return blockOf(watched, event, at, (moment) => this.#window.isKnown(unixMs(moment - masking.windowMs), masking));
  }

  #withBlock(event: CallStarted, found: Decision, block: Block | undefined): Decision {
    if (block === undefined || found.verdict === "refuse") return found;
    const blocked = this.#refuseBlocked(event, block);
    const detected = found.detected || blocked.detected;
    return { ...blocked, ...found, verdict: blocked.verdict, wouldRefuse: blocked.wouldRefuse, detected };
  }

  #refuseBlocked(event: CallStarted, block: Block): Decision {
    const { shadow, block: rule } = this.#options;
    const refuse = !shadow && rule.mode === "enforce" && !this.guards(event);
    if (refuse) this.#window.markCall(CALL_REFUSED);
    return {
      verdict: refuse ? "refuse" : "allow",
      blockId: block.id,
      ...(block.incidentId === undefined ? {} : { incidentId: block.incidentId }),
      detected: block.incidentId !== undefined,
      wouldRefuse: !refuse,
      actions: [],
    };
  }

  #close(watched: WatchedNumber, now: UnixMs): readonly Action[] {
    const closed = this.#desk.close(watched, now);
    if (closed === undefined) return [];
    this.#closed.set(closed.incident.id, closed.incident);
    if (this.#closed.size > CLOSED_KEPT) {
      for (const oldest of this.#closed.keys()) {
        this.#closed.delete(oldest);
        break;
      }
    }
    return closed.actions;
  }

  /** A peak below this teaches nothing: the number is not busy then. */
  #worth(): number {
    return Math.min(this.#options.masking.threshold, WORTH_WATCHING);
  }

  /** The number has become known as so busy, since the incident was opened, that it would not be opened now. */
  #isUsual({ incident, baseline }: WatchedNumber): boolean {
    const { masking, baseline: options } = this.#options;
    const peak = Math.max(baseline.peak, incident?.threshold ?? 0);
    return effectiveThreshold(masking.threshold, baseline.normal, options.factor) > peak;
  }

  #rollHour(now: UnixMs): void {
    const hour = Math.floor(now / 3_600_000);
    if (hour === this.#hour) return;
    this.#hour = hour;
    for (const watched of this.#watch.values()) {
      watched.meter.shrink(watched.baseline.peak);
      watched.baseline.roll(now, this.#worth(), this.#options.baseline);
    }
  }

  #countBusy(): number {
    let busy = 0;
    for (const watched of this.#watch.values()) if (watched.baseline.normal > 0) busy++;
    return busy;
  }
}

/** Distinct callers in a window from which on a number is watched closely. */
const WORTH_WATCHING = 3;
