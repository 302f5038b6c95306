import type { CallerMeter } from "../masking/caller-meter.js";
import type { LoggedCall } from "../masking/call-log.js";
import type { CalledId, CallerId, TrunkId } from "../model/events.js";
import type { Alert, Incident, IncidentCall, Severity } from "../model/findings.js";
import { unixMs, type UnixMs } from "../model/time.js";
import { severityOf } from "./severity.js";

/** Callers and calls that the record of an incident names; its counts go on. */
const MAX_NAMED = 200;
/** Attackers of one incident that are told apart; above, each call counts as a new caller. */
const MAX_MEMBERS = 16_384;
/** Trunks that are remembered of one attacker. */
const MAX_TRUNKS = 16;

export interface IncidentOpening {
  readonly id: string;
  readonly alertId: string;
  readonly called: CalledId;
  readonly at: UnixMs;
  readonly windowMs: number;
  readonly threshold: number;
  readonly reachedInMs: number;
  readonly repeats: number;
  readonly disposition: Incident["disposition"];
  /** Counts callers that do not belong to the attack, until they are one of their own. */
  readonly others: CallerMeter;
}

/** One running attack on one number. */
export class OpenIncident {
  readonly id: string;
  readonly alertId: string;
  readonly called: CalledId;
  readonly openedAt: UnixMs;
  /** Callers noted before this moment are regular callers. */
  readonly windowStart: UnixMs;
  readonly others: CallerMeter;
  readonly #opening: IncidentOpening;
  /** Caller → the trunks that the attack used the number on: it may be borrowed, and its owner calls by another. */
  readonly #members = new Map<number, readonly TrunkId[]>();
  readonly #callers: CallerId[] = [];
  readonly #calls: IncidentCall[] = [];
  readonly #callersByTrunk = new Map<TrunkId, number>();
  #attackingTrunks = new Set<TrunkId>();
  #callerCount = 0;
  #callCount = 0;
  #updatedAt: UnixMs;
  #severity: Severity = "low";
  disposition: Incident["disposition"];
  /** Blocks of single callers added for it. */
  callerBlocks = 0;
  /** When the last `extended` was reported, and how many were. */
  reportedAt: UnixMs;
  reports = 0;
  alertedSeverity: Severity = "low";

  constructor(opening: IncidentOpening) {
    this.#opening = opening;
    this.id = opening.id;
    this.alertId = opening.alertId;
    this.called = opening.called;
    this.openedAt = opening.at;
    this.windowStart = unixMs(opening.at - opening.windowMs);
    this.others = opening.others;
    this.disposition = opening.disposition;
    this.#updatedAt = opening.at;
    this.reportedAt = opening.at;
  }

  get severity(): Severity {
    return this.#severity;
  }
  /** Distinct callers in a window that opened it. */
  get threshold(): number {
    return this.#opening.threshold;
  }
  get callerCount(): number {
    return this.#callerCount;
  }
  /** Time of the latest call that belongs to it. */
  get updatedAt(): UnixMs {
    return this.#updatedAt;
  }
  get attackingTrunks(): ReadonlySet<TrunkId> {
    return this.#attackingTrunks;
  }

  /** Has this caller attacked by this trunk? */
  isMember(callerHash: number, trunk: TrunkId): boolean {
    return this.#members.get(callerHash)?.includes(trunk) === true;
  }

  /** @returns True when this caller is new to it, or comes by a further trunk. */
  add(call: Pick<LoggedCall, "callId" | "caller" | "trunk" | "callerHash">, at: UnixMs): boolean {
    const trunks = this.#members.get(call.callerHash);
    this.#callCount++;
    if (at > this.#updatedAt) this.#updatedAt = at;
    if (this.#calls.length < MAX_NAMED) {
      this.#calls.push({ callId: call.callId, caller: call.caller, trunk: call.trunk, at });
    }
    if (trunks !== undefined) {
      if (trunks.includes(call.trunk) || trunks.length >= MAX_TRUNKS) return false;
      this.#members.set(call.callerHash, [...trunks, call.trunk]);
      this.#countTrunk(call.trunk);
      return true;
    }
    if (this.#members.size < MAX_MEMBERS) this.#members.set(call.callerHash, [call.trunk]);
    this.#callerCount++;
    if (this.#callers.length < MAX_NAMED) this.#callers.push(call.caller);
    this.#countTrunk(call.trunk);
    return true;
  }

  #countTrunk(trunk: TrunkId): void {
    this.#callersByTrunk.set(trunk, (this.#callersByTrunk.get(trunk) ?? 0) + 1);
  }

  /** Works out again which trunks attack and how bad it is. */
  weigh(attackingTrunkCallers: number): void {
    const strong = [...this.#callersByTrunk].filter(([, callers]) => callers >= attackingTrunkCallers);
    const attacking = strong.length > 0 ? strong : [...this.#callersByTrunk];
    this.#attackingTrunks = new Set(attacking.map(([trunk]) => trunk));
    const { threshold, windowMs, reachedInMs, repeats } = this.#opening;
    this.#severity = severityOf({ callers: this.#callerCount, threshold, windowMs, reachedInMs, repeats });
  }

  snapshot(closedAt?: UnixMs): Incident {
    return {
      id: this.id,
      rule: "masking",
      called: this.called,
      state: closedAt === undefined ? "open" : "closed",
      severity: this.#severity,
      openedAt: this.openedAt,
      updatedAt: this.#updatedAt,
      ...(closedAt === undefined ? {} : { closedAt }),
      trunks: [...this.#attackingTrunks],
      callers: [...this.#callers],
      callerCount: this.#callerCount,
      calls: [...this.#calls],
      callCount: this.#callCount,
      disposition: this.disposition,
      windowMs: this.#opening.windowMs,
      threshold: this.#opening.threshold,
    };
  }

  alert(id: string, detectedAt: UnixMs): Alert {
    const { windowMs, threshold } = this.#opening;
    return {
      id,
      incidentId: this.id,
      rule: "masking",
      called: this.called,
      callers: [...this.#callers],
      callerCount: this.#callerCount,
      callIds: this.#calls.map((call) => call.callId),
      callCount: this.#callCount,
      severity: this.#severity,
      detectedAt,
      disposition: this.disposition,
      message: `${this.#callerCount} callers reached one number (${threshold} within ${windowMs} ms make an attack); ${DISPOSITIONS[this.disposition]}`,
    };
  }
}

const DISPOSITIONS: Readonly<Record<Incident["disposition"], string>> = {
  enforced: "its calls are ended and refused",
  shadow: "nothing was cut: the rule only reports",
  guarded: "nothing was cut: the number is on the guard list",
  baseline: "nothing was cut: this is usual there",
  canary: "nothing was cut: the number is outside the canary share",
  "rate-limited": "not every answered call was ended: the limit of disconnects a minute is reached",
};
