import type { CallAnswered, CallStarted, Decision } from "../../detection/index.js";
import type { Clock } from "../core/clock.js";
import type { Counter, Metrics } from "../core/metrics.js";
import { monoMs } from "../core/time.js";
import type { EventVerdict, SwitchEvent } from "../ports/gateway-control.js";
import type { ForeignCall } from "../ports/outward-teardown.js";
import type { CallRegistry } from "./call-registry.js";
import type { ActionCarrier } from "./carry-out.js";
import type { CallIdentity, CallScreen } from "./contracts.js";
import { leavingOut, type DialplanEndings } from "./dialplan-endings.js";
import type { ForeignCalls } from "./foreign-calls.js";
import { identifyReported } from "./identify-call.js";
import { hopCallOf } from "./same-call.js";
import type { Trunk, TrunkTable } from "./trunks.js";

export interface SwitchEventOptions {
  /** Events decided on in one turn of the event loop; calls go on between turns. */
  readonly perTurn: number;
  /** Events that wait, at most; further ones are rejected as `queue-full`. */
  readonly maxWaiting: number;
  /** Longest call id and number, characters; longer ones are rejected. */
  readonly maxText: number;
}

export const DEFAULT_SWITCH_EVENTS: SwitchEventOptions = { perTurn: 500, maxWaiting: 50_000, maxText: 256 };

export interface SwitchEventDeps {
  readonly screen: CallScreen;
  readonly carrier: Pick<ActionCarrier, "carryOut">;
  readonly registry: Pick<CallRegistry, "withSipCallId">;
  readonly foreignCalls: ForeignCalls;
  readonly dialplans: Pick<DialplanEndings, "reported" | "over">;
  readonly trunks: () => TrunkTable;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/**
 * Calls that a switch reports over HTTP, decided on like those of the hop; the verdict goes back in the answer. A call that both
 * report carries one Call-ID and counts once, whoever calls whom in it by the hop's account; while the hop carries it, only the hop
 * says when it was answered and when it ended.
 */
export class SwitchEvents {
  readonly #options: SwitchEventOptions;
  readonly #deps: SwitchEventDeps;
  readonly #processed: Counter;
  readonly #rejected: Counter;
  #waiting = 0;

  constructor(options: SwitchEventOptions, deps: SwitchEventDeps) {
    this.#options = options;
    this.#deps = deps;
    const events = deps.metrics.counter("ringfence_switch_events_total", "Call events reported over HTTP", ["result"]);
    this.#processed = events.labels("processed");
    this.#rejected = events.labels("rejected");
  }

  /** @returns One verdict for each event, in order; never rejects. */
  async report(events: readonly SwitchEvent[]): Promise<readonly EventVerdict[]> {
    const room = Math.max(0, this.#options.maxWaiting - this.#waiting);
    const taken = events.slice(0, room);
    const verdicts: EventVerdict[] = [];
    this.#waiting += taken.length;
    for (let at = 0; at < taken.length; at += this.#options.perTurn) {
      if (at > 0) await this.#nextTurn();
      const slice = taken.slice(at, at + this.#options.perTurn);
      for (const event of slice) verdicts.push(this.#one(event));
      this.#waiting -= slice.length;
    }
    for (const event of events.slice(room)) verdicts.push(this.#reject(event, "queue-full"));
    return verdicts;
  }

  #one(event: SwitchEvent): EventVerdict {
    const { maxText } = this.#options;
    const { callId, aNumber, bNumber } = event;
    if (callId === "" || callId.length > maxText) return this.#reject(event, "bad-call-id");
    if (bNumber.trim() === "" || bNumber.length > maxText) return this.#reject(event, "bad-b-number");
    if (aNumber.length > maxText) return this.#reject(event, "bad-a-number");
    this.#processed.inc();
    if (event.status === "ended") return this.#ended(event);
    const { screen, carrier, clock, foreignCalls, dialplans } = this.#deps;
    const arrivedAt = clock.unix();
    const reported = this.#identify(event);
    const live = hopCallOf(this.#deps.registry.withSipCallId(callId), reported);
    if (live === undefined) foreignCalls.add(foreignCall(event), reported);
    // It may be ended from now on, but it is no call of this moment.
    if (event.resumed === true) return { callId, status: "processed", verdict: "allow", detected: false };
    const started: CallStarted = {
      kind: "call.started",
      callId: live?.callId ?? callId,
      ...(live?.identity ?? reported),
      at: event.at ?? arrivedAt,
      arrivedAt,
      source: event.source ?? "switch",
    };
    const decision = screen.callStarted(started);
    if (event.status === "answered" && live === undefined) screen.callAnswered(answered(started));
    const isLeft =
      decision.verdict === "refuse" && live === undefined && dialplans.reported(callId, event.switchId, decision);
    carrier.carryOut(isLeft ? leavingOut(decision.actions, callId) : decision.actions);
    return verdictOf(callId, decision);
  }

  #ended(event: SwitchEvent): EventVerdict {
    const { screen, clock, foreignCalls, dialplans } = this.#deps;
    const { callId, at } = event;
    dialplans.over(callId);
    foreignCalls.delete(callId);
    const carried = this.#deps.registry.withSipCallId(callId);
    const reported = this.#identify(event);
    if (hopCallOf(carried, reported) === undefined) {
      // Beside one of the hop it is over alone.
      const { caller, called } = reported;
      const whose = carried.length === 0 ? {} : { caller, called };
      screen.callEnded({ kind: "call.ended", callId, ...whose, at: at ?? clock.unix() });
    }
    return { callId, status: "processed", verdict: "allow", detected: false };
  }

  #identify(event: SwitchEvent): CallIdentity {
    return identifyReported(event.aNumber, event.bNumber, reportedTrunk(event, this.#deps.trunks()));
  }

  #reject({ callId }: SwitchEvent, reason: string): EventVerdict {
    this.#rejected.inc();
    return { callId, status: "rejected", verdict: "allow", detected: false, reason };
  }

  #nextTurn(): Promise<void> {
    const { clock } = this.#deps;
    return new Promise((resolve) => void clock.callAt(monoMs(clock.mono()), resolve));
  }
}

/** The trunk that the switch names, else the one that bears the switch's own id, else the default one. */
export function reportedTrunk({ trunk, switchId }: Pick<SwitchEvent, "trunk" | "switchId">, trunks: TrunkTable): Trunk {
  const named = trunk === undefined ? undefined : trunks.named(trunk);
  return named ?? (switchId === undefined ? undefined : trunks.configured(switchId)) ?? trunks.default;
}

function foreignCall({ callId, switchId }: SwitchEvent): ForeignCall {
  return switchId === undefined ? { callId } : { callId, switchId };
}

function answered({ callId, caller, called, at }: CallStarted): CallAnswered {
  return { kind: "call.answered", callId, caller, called, at };
}

function verdictOf(callId: string, { verdict, detected, alertId, incidentId }: Decision): EventVerdict {
  return {
    callId,
    status: "processed",
    verdict,
    detected,
    ...(alertId === undefined ? {} : { alertId }),
    ...(incidentId === undefined ? {} : { incidentId }),
  };
}
