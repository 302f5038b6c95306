import type { Clock } from "../core/clock.js";
import { monoMs } from "../core/time.js";
import type { SipResponse } from "../sip/message/sip-message.js";
import type { IncomingRequest, OutgoingUser } from "../ports/sip-endpoint.js";
import type { CallPhase, LegReport, TeardownReport } from "./contracts.js";
import type { Leg } from "./leg.js";

/** A leg that was over before anybody wanted to end it, or never was. */
export const ALREADY_GONE: LegReport = { outcome: "already-gone", by: "none", status: 0 };

/** What the answer to our BYE proves. 401, 5xx and the like prove nothing, nor does silence. RFC 3261 §15.1.1 */
export function byeReport(status: number, local: boolean): LegReport {
  if (local) return { outcome: "timed-out", by: "BYE", status: 0 };
  if (status < 300) return { outcome: "confirmed", by: "BYE", status };
  return { outcome: status === 481 || status === 408 ? "already-gone" : "timed-out", by: "BYE", status };
}

/** What the INVITE's final answer proves after our CANCEL. */
export function cancelReport(status: number, local: boolean): LegReport {
  if (local) return { outcome: "timed-out", by: "CANCEL", status: 0 };
  if (status === 487) return { outcome: "confirmed", by: "CANCEL", status };
  return { outcome: "already-gone", by: "none", status };
}

export interface ByeOwner {
  onByeFinal(leg: Leg, response: SipResponse, local: boolean, relayed: IncomingRequest | undefined): void;
}

/** Our BYE to one leg. `relayed`: the other side's BYE that waits for the answer. */
export class LegBye implements OutgoingUser {
  readonly #owner: ByeOwner;
  readonly #leg: Leg;
  readonly #relayed: IncomingRequest | undefined;

  constructor(owner: ByeOwner, leg: Leg, relayed?: IncomingRequest) {
    this.#owner = owner;
    this.#leg = leg;
    this.#relayed = relayed;
  }

  onFinal(response: SipResponse, local: boolean): void {
    this.#owner.onByeFinal(this.#leg, response, local, this.#relayed);
  }
}

const PHASES: Readonly<Record<CallPhase, TeardownReport["phase"]>> = {
  early: "early",
  ringing: "ringing",
  answered: "answered",
  ending: "half-torn",
  ended: "gone",
};

/** What a leg is said to be that did not answer in time, or was not asked to end. */
const SILENT: LegReport = { outcome: "timed-out", by: "none", status: 0 };

/** How both legs of a call ended, and the one report for everybody who ordered it. */
export class CallEnding {
  readonly #callId: string;
  readonly #clock: Clock;
  #a: LegReport | undefined;
  #b: LegReport | undefined;
  #report: Promise<TeardownReport> | undefined;
  #resolve: ((report: TeardownReport) => void) | undefined;
  #phase: TeardownReport["phase"] = "early";
  #orderedAt = 0;
  #cancelLimit: (() => void) | undefined;

  constructor(callId: string, clock: Clock) {
    this.#callId = callId;
    this.#clock = clock;
  }

  /** Of the order that was given; undefined before one was. */
  get report(): Promise<TeardownReport> | undefined {
    return this.#report;
  }

  get isOver(): boolean {
    return this.#a !== undefined && this.#b !== undefined;
  }

  isSettled(side: "a" | "b"): boolean {
    return (side === "a" ? this.#a : this.#b) !== undefined;
  }

  /** The first word on a leg counts. */
  settle(side: "a" | "b", report: LegReport): void {
    if (side === "a") this.#a ??= report;
    else this.#b ??= report;
  }

  /** Both legs are up still. */
  reopen(): void {
    this.#a = undefined;
    this.#b = undefined;
  }

  /** @param onLimit Called when the report is still not there after `limitMs`. */
  order(phase: CallPhase, limitMs: number, onLimit: () => void): Promise<TeardownReport> {
    this.#phase = PHASES[phase];
    this.#orderedAt = this.#clock.mono();
    if (phase === "ended") {
      this.#a = ALREADY_GONE;
      this.#b = ALREADY_GONE;
    } else this.#cancelLimit = this.#clock.callAt(monoMs(this.#orderedAt + limitMs), onLimit);
    this.#report = new Promise((resolve) => (this.#resolve = resolve));
    return this.#report;
  }

  /** Hands out the report, where one was ordered: a leg that has not answered by now is called silent. */
  tell(): void {
    const resolve = this.#resolve;
    this.#a ??= SILENT;
    this.#b ??= SILENT;
    if (resolve === undefined) return;
    this.#resolve = undefined;
    this.#cancelLimit?.();
    resolve(this.#made(this.#a, this.#b));
  }

  #made(a: LegReport, b: LegReport): TeardownReport {
    const tookMs = this.#clock.mono() - this.#orderedAt;
    return { callId: this.#callId, phase: this.#phase, a, b, at: this.#clock.unix(), tookMs };
  }

  /** The answer to an order that is not carried out. */
  spare(phase: CallPhase): Promise<TeardownReport> {
    this.#orderedAt = this.#clock.mono();
    this.#phase = PHASES[phase];
    return Promise.resolve({ ...this.#made(SILENT, SILENT), spared: true });
  }
}
