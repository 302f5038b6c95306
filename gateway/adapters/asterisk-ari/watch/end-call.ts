import type { Clock } from "../../../core/clock.js";
import { GatewayError } from "../../../core/errors.js";
import { monoMs } from "../../../core/time.js";
import { isGone, type AriLink } from "../ari-contracts.js";
import { CALL_REJECTED, type EndOrders } from "./end-orders.js";
import type { WatchedCall } from "./watched-call.js";

export interface EndCallOptions {
  /** All channels of a call must be gone by then, ms. */
  readonly confirmMs: number;
}

export const DEFAULT_END_CALL: EndCallOptions = { confirmMs: 5_000 };

/** The caller's channel takes its legs along; those that are left by then are hung up too, ms. Doubles. */
const LEGS_FIRST_MS = 200;
const LEGS_MOST_MS = 1_600;

/**
 * `confirmed`: Asterisk said of every channel that it is destroyed; `already-gone`: there was none when we asked; `not-carried`:
 * nothing is ended in that Asterisk (`enforce: false`).
 */
export type EndOutcome =
  "not-carried" | "confirmed" | "already-gone" | "timed-out" | "emergency" | "unreachable" | "rejected" | "cancelled";

/** Who follows the calls of that Asterisk. */
export interface WatchedCalls {
  call(uniqueId: string): WatchedCall | undefined;
  partiesOf(call: WatchedCall): { readonly emergency: boolean };
  /** Asterisk says that it has no such channel. */
  channelGone(channelId: string): void;
}

/** What became of one order to hang up a channel. */
type HangUp = "ordered" | "gone" | "unreachable" | "rejected";

/** Ends calls of one Asterisk. That Asterisk took the order proves nothing: its events do. */
export class CallEnder {
  readonly #link: AriLink;
  readonly #watcher: WatchedCalls;
  readonly #clock: Clock;
  readonly #options: EndCallOptions;

  constructor(link: AriLink, watcher: WatchedCalls, clock: Clock, options: EndCallOptions = DEFAULT_END_CALL) {
    this.#link = link;
    this.#watcher = watcher;
    this.#clock = clock;
    this.#options = options;
  }

  /** Never rejects. */
  async end(uniqueId: string, cause: "fraud" | "operator", signal: AbortSignal): Promise<EndOutcome> {
    const call = this.#watcher.call(uniqueId);
    if (call === undefined) return this.#endUnwatched(uniqueId, signal);
    if (this.#watcher.partiesOf(call).emergency) return "emergency";
    const over = call.orders.begin(call.refused ? "refused" : cause);
    try {
      return await this.#endWatched(call, signal);
    } finally {
      over();
    }
  }

  async #endWatched(call: WatchedCall, signal: AbortSignal): Promise<EndOutcome> {
    const deadline = this.#clock.mono() + this.#options.confirmMs;
    let ordered = false;
    let last: "unreachable" | "rejected" | undefined;
    for (let waitMs = LEGS_FIRST_MS; ; waitMs = Math.min(2 * waitMs, LEGS_MOST_MS)) {
      const results = await Promise.all(this.#next(call, waitMs).map((id) => this.#hangUp(id, signal, call.orders)));
      ordered ||= results.includes("ordered");
      last = results.find((each) => each === "unreachable" || each === "rejected");
      if (await this.#goneWithin(call, Math.min(waitMs, deadline - this.#clock.mono()), signal))
        return ordered ? "confirmed" : "already-gone";
      if (signal.aborted) return "cancelled";
      if (this.#clock.mono() < deadline) continue;
      return ordered ? "timed-out" : (last ?? "timed-out");
    }
  }

  /** The caller's channel first, if it is there; then all that is left. */
  #next(call: WatchedCall, waitMs: number): readonly string[] {
    return waitMs === LEGS_FIRST_MS && call.channels.has(call.uniqueId) ? [call.uniqueId] : [...call.channels.keys()];
  }

  async #hangUp(channelId: string, signal: AbortSignal, orders?: EndOrders): Promise<HangUp> {
    const path = `/channels/${encodeURIComponent(channelId)}`;
    const answered = orders?.send();
    try {
      await this.#link.request({ method: "DELETE", path, query: { reason_code: CALL_REJECTED }, urgent: true }, signal);
      answered?.(true);
      return "ordered";
    } catch (error) {
      answered?.(false);
      if (!isGone(error)) return isRefused(error) ? "rejected" : "unreachable";
      this.#watcher.channelGone(channelId);
      return "gone";
    }
  }

  /** A call that was reported, and that we lost sight of: its channel alone is known. */
  async #endUnwatched(uniqueId: string, signal: AbortSignal): Promise<EndOutcome> {
    const deadline = this.#clock.mono() + this.#options.confirmMs;
    let ordered = false;
    for (let waitMs = 25; ; waitMs = Math.min(2 * waitMs, LEGS_MOST_MS)) {
      const result = await this.#hangUp(uniqueId, signal);
      if (result === "gone") return ordered ? "confirmed" : "already-gone";
      ordered ||= result === "ordered";
      if (signal.aborted) return "cancelled";
      if (this.#clock.mono() + waitMs > deadline) return result === "ordered" ? "timed-out" : result;
      await this.#pause(waitMs, signal);
    }
  }

  #goneWithin(call: WatchedCall, ms: number, signal: AbortSignal): Promise<boolean> {
    if (call.gone) return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (): void => {
        cancel();
        stop();
        signal.removeEventListener("abort", settle);
        resolve(call.gone);
      };
      const cancel = this.#clock.callAt(monoMs(this.#clock.mono() + Math.max(0, ms)), settle);
      const stop = call.onGone(settle);
      signal.addEventListener("abort", settle);
      if (signal.aborted) settle();
    });
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const settle = (): void => {
        cancel();
        signal.removeEventListener("abort", settle);
        resolve();
      };
      const cancel = this.#clock.callAt(monoMs(this.#clock.mono() + ms), settle);
      signal.addEventListener("abort", settle);
      if (signal.aborted) settle();
    });
  }
}

function isRefused(error: unknown): boolean {
  return error instanceof GatewayError && error.code !== "ari.unavailable";
}
