import { readAsteriskCallId } from "../../../core/asterisk-call-id.js";
import type { Clock } from "../../../core/clock.js";
import type { DisconnectResult } from "../../../ports/gateway-control.js";
import type { ForeignCall, OutwardTeardown } from "../../../ports/outward-teardown.js";
import type { CallEnder } from "./end-call.js";

/** Ends calls of Asterisks, each by the Asterisk whose name is in its call id; others are unknown calls to it. */
export class AriTeardown implements OutwardTeardown {
  readonly via = "asterisk";
  readonly #enders: ReadonlyMap<string, Pick<CallEnder, "end">>;
  readonly #clock: Clock;

  /** @param enders By `asterisk.servers[].id`. */
  constructor(enders: ReadonlyMap<string, Pick<CallEnder, "end">>, clock: Clock) {
    this.#enders = enders;
    this.#clock = clock;
  }

  disconnect(
    calls: readonly ForeignCall[],
    _reason: string,
    alertId: string | undefined,
    signal: AbortSignal,
  ): Promise<readonly DisconnectResult[]> {
    return Promise.all(calls.map((call) => this.#end(call, alertId === undefined ? "operator" : "fraud", signal)));
  }

  async #end({ callId }: ForeignCall, cause: "fraud" | "operator", signal: AbortSignal): Promise<DisconnectResult> {
    const startedAt = this.#clock.mono();
    const named = readAsteriskCallId(callId);
    const ender = named === undefined ? undefined : this.#enders.get(named.serverId);
    const outcome =
      named === undefined || ender === undefined ? "unknown-call" : await ender.end(named.uniqueId, cause, signal);
    const tookMs = this.#clock.mono() - startedAt;
    const success = outcome === "confirmed" || outcome === "already-gone";
    return { callId, success, outcome, via: this.via, tookMs };
  }
}
