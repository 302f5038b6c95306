import type { DisconnectResult } from "../../ports/gateway-control.js";
import type { ForeignCall, OutwardTeardown } from "../../ports/outward-teardown.js";
import { pause, type RequestOptions, type SwitchDeps } from "./json-request.js";
import type { RpcReply } from "./json-rpc.js";

export interface DialogTeardownOptions extends RequestOptions {
  /** The proxy's control URL. */
  readonly url: string;
  /** After the order the dialog may take so long to be gone (its BYEs answered), ms. Default 5,000. */
  readonly confirmMs?: number;
}

/**
 * `unknown`: the proxy has no such dialog. `not-yet`: it cannot end the dialog in its present state; ask again. `failed` carries
 * what the proxy, or the lack of its answer, said.
 */
export type Ordered =
  | { readonly kind: "ordered" }
  | { readonly kind: "unknown" }
  | { readonly kind: "not-yet" }
  | { readonly kind: "failed"; readonly why: string };
export type Presence = "up" | "gone" | "unclear";

/** What differs between proxies that keep dialogs. */
export interface DialogProxy {
  /** Asks for the BYEs. */
  order(call: ForeignCall, reason: string, signal: AbortSignal): Promise<Ordered>;
  /** Is the dialog still there? */
  look(call: ForeignCall, signal: AbortSignal): Promise<Presence>;
}

/** The call is down, by us or by itself. */
const ENDED: ReadonlySet<string> = new Set(["confirmed", "already-gone"]);
const MAX_AT_A_TIME = 8;
const LOOK_FIRST_MS = 25;
const LOOK_MOST_MS = 800;

/**
 * Ends dialogs that a proxy keeps. That the proxy took the order proves nothing: a call counts as ended (`confirmed`) when the
 * proxy no longer has its dialog, which it drops once its BYEs are answered.
 */
export class DialogTeardown implements OutwardTeardown {
  readonly via: DisconnectResult["via"];
  readonly #proxy: DialogProxy;
  readonly #deps: SwitchDeps;
  readonly #confirmMs: number;

  constructor(
    via: DisconnectResult["via"],
    proxy: DialogProxy,
    { confirmMs = 5_000 }: DialogTeardownOptions,
    deps: SwitchDeps,
  ) {
    this.via = via;
    this.#proxy = proxy;
    this.#deps = deps;
    this.#confirmMs = confirmMs;
  }

  async disconnect(
    calls: readonly ForeignCall[],
    reason: string,
    _alertId: string | undefined,
    signal: AbortSignal,
  ): Promise<readonly DisconnectResult[]> {
    const results: DisconnectResult[] = [];
    const waiting = [...calls.entries()];
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        results[next[0]] = await this.#end(next[1], reason, signal);
      }
    };
    await Promise.all(Array.from({ length: Math.min(MAX_AT_A_TIME, calls.length) }, work));
    return results;
  }

  async #end(call: ForeignCall, reason: string, signal: AbortSignal): Promise<DisconnectResult> {
    const startedAt = this.#deps.clock.mono();
    const outcome = signal.aborted ? "cancelled" : await this.#outcome(call, reason, signal);
    const tookMs = this.#deps.clock.mono() - startedAt;
    return { callId: call.callId, success: ENDED.has(outcome), outcome, via: this.via, tookMs };
  }

  async #outcome(call: ForeignCall, reason: string, signal: AbortSignal): Promise<string> {
    const deadline = this.#deps.clock.mono() + this.#confirmMs;
    let ordered = false;
    for (let waitMs = LOOK_FIRST_MS; ; waitMs = Math.min(waitMs * 2, LOOK_MOST_MS)) {
      if (!ordered) {
        const answer = await this.#proxy.order(call, reason, signal);
        if (answer.kind === "failed") return answer.why;
        // Known before, or not for us to have ended: a call that hangs up while it rings is over all the same.
        if (answer.kind === "unknown") return waitMs === LOOK_FIRST_MS ? "unknown-call" : "already-gone";
        ordered = answer.kind === "ordered";
      }
      if (ordered && (await this.#proxy.look(call, signal)) === "gone") return "confirmed";
      if (signal.aborted) return "cancelled";
      if (this.#deps.clock.mono() + waitMs > deadline) return ordered ? "timed-out" : "ringing";
      await pause(this.#deps.clock, waitMs, signal);
    }
  }
}

/** What a refused or unanswered order is called in outcomes. */
export const failure = (reply: Exclude<RpcReply, { kind: "result" }>): Ordered => ({
  kind: "failed",
  why: reply.kind === "error" ? `${reply.code} ${reply.message}` : reply.why,
});
