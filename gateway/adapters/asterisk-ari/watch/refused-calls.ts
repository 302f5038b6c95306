import type { Clock } from "../../../core/clock.js";
import { sensitiveUri, type Log } from "../../../core/log.js";
import type { Counter } from "../../../core/metrics.js";
import { monoMs } from "../../../core/time.js";
import type { RecordSink } from "../../../ports/records.js";
import type { CallEnder, EndOutcome } from "./end-call.js";
import type { WatchedCall } from "./watched-call.js";

export interface RefusedCallsDeps {
  readonly ender: Pick<CallEnder, "end">;
  readonly sink: RecordSink;
  /** One that is still there when it should be gone. */
  readonly notEnded: Counter;
  readonly clock: Clock;
  readonly log: Log;
}

/** Its dialplan has so long, and who left it to the dialplan to order its end, ms. */
export const LEFT_MS = 3_000;
/** Somebody else's order has so long, ms. */
const ORDERED_MS = 6_000;
/** Between tries to end a call, each with tries of its own, ms. Doubles. */
const AGAIN_FIRST_MS = 2_000;
const AGAIN_MOST_MS = 60_000;

/** Calls that detection has refused: each is ended, with proof, and for as long as it is there. What came of it is kept as a teardown. */
export class RefusedCalls {
  readonly #deps: RefusedCallsDeps;
  /** One for each call: a signal that many wait for makes Node warn. */
  readonly #ending = new Set<AbortController>();
  #closed = false;

  constructor(deps: RefusedCallsDeps) {
    this.#deps = deps;
  }

  /** Never rejects. @param afterMs It may have ended by itself by then. */
  async end(call: WatchedCall, afterMs = 0): Promise<void> {
    if (this.#closed) return;
    const abort = new AbortController();
    this.#ending.add(abort);
    if (afterMs > 0) await this.#pause(call, afterMs, abort.signal);
    await this.#end(call, abort.signal);
    this.#ending.delete(abort);
  }

  async #end(call: WatchedCall, signal: AbortSignal): Promise<void> {
    const { ender, clock, log, notEnded } = this.#deps;
    const startedAt = clock.mono();
    // Where it belongs to an attack, that order names it too.
    if (call.orders.underWay) await this.#pause(call, ORDERED_MS, signal);
    for (let tries = 1; !call.gone && !signal.aborted; tries++) {
      const outcome = await ender.end(call.uniqueId, "fraud", signal);
      const isEnded = outcome === "confirmed" || outcome === "already-gone";
      // Of many tries in vain the first is kept.
      if (isEnded || tries === 1) this.#record(call, outcome, clock.mono() - startedAt);
      if (isEnded || outcome === "emergency" || this.#closed) return;
      if (tries === 1) notEnded.inc();
      log.warn("ari.not-ended", { call: sensitiveUri(call.callId), outcome, tries });
      await this.#pause(call, Math.min(AGAIN_FIRST_MS * 2 ** (tries - 1), AGAIN_MOST_MS), signal);
    }
  }

  /** What is there stays. Safe to call twice. */
  close(): void {
    this.#closed = true;
    for (const abort of this.#ending) abort.abort();
  }

  #record({ callId, incidentId }: WatchedCall, outcome: EndOutcome, tookMs: number): void {
    const { sink, clock } = this.#deps;
    const of = incidentId === undefined ? {} : { incidentId };
    const both = { aOutcome: outcome, bOutcome: outcome };
    const teardown = { callId, ...of, at: clock.unix(), phase: "foreign", via: "asterisk", ...both, tookMs } as const;
    sink.write({ kind: "teardown", teardown });
  }

  #pause(call: WatchedCall, ms: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    return new Promise((resolve) => {
      const settle = (): void => {
        cancel();
        stop();
        signal.removeEventListener("abort", settle);
        resolve();
      };
      const cancel = clock.callAt(monoMs(clock.mono() + ms), settle);
      const stop = call.onGone(settle);
      signal.addEventListener("abort", settle);
      if (signal.aborted) settle();
    });
  }
}
