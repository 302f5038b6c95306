import type { Metrics } from "../core/metrics.js";
import type { CallObserver, LiveCall } from "./contracts.js";

/**
 * The live calls by their names, and by the A-leg's Call-ID for who knows nothing else. Calls may share a Call-ID: a call that passes
 * the gateway twice with topology hiding off, one that was forked before it reached us, or what an attacker sends.
 *
 * As large as the B2BUA's own limit on live calls allows; there is no limit of its own. An ended call is forgotten at once.
 */
export class CallRegistry implements CallObserver {
  readonly #calls = new Map<string, LiveCall>();
  /** By their Call-ID, those that are not named by it. */
  readonly #doubles = new Map<string, Set<LiveCall>>();
  readonly #byTrunk = new Map<string, number>();
  #size = 0;

  constructor(metrics: Metrics) {
    const live = metrics.gauge("ringfence_calls_live", "Calls that the hop carries now");
    metrics.onScrape(() => live.set(this.#size));
  }

  get size(): number {
    return this.#size;
  }

  onStarted(call: LiveCall): void {
    const { callId, sipCallId } = call;
    this.#calls.set(callId, call);
    if (callId !== sipCallId) {
      const doubles = this.#doubles.get(sipCallId);
      if (doubles === undefined) this.#doubles.set(sipCallId, new Set([call]));
      else doubles.add(call);
    }
    this.#count(call, 1);
  }

  onEnded(call: LiveCall): void {
    const { callId, sipCallId } = call;
    if (this.#calls.get(callId) !== call) return;
    this.#calls.delete(callId);
    const doubles = this.#doubles.get(sipCallId);
    if (doubles?.delete(call) === true && doubles.size === 0) this.#doubles.delete(sipCallId);
    this.#count(call, -1);
  }

  has(callId: string): boolean {
    return this.#calls.has(callId);
  }

  get(callId: string): LiveCall | undefined {
    return this.#calls.get(callId);
  }

  /** All that came with that Call-ID: for what other systems say of a call, who do not know our name for it. */
  withSipCallId(sipCallId: string): readonly LiveCall[] {
    const first = this.#calls.get(sipCallId);
    const doubles = this.#doubles.get(sipCallId) ?? [];
    return first?.sipCallId === sipCallId ? [first, ...doubles] : [...doubles];
  }

  /** Live calls of one trunk. */
  countOf(trunk: string): number {
    return this.#byTrunk.get(trunk) ?? 0;
  }

  /** In the order in which they started. The registry may change while this is read; a call that ends is then left out. */
  *all(): IterableIterator<LiveCall> {
    yield* this.#calls.values();
  }

  /** The `limit` oldest. */
  list(limit: number): readonly LiveCall[] {
    const calls: LiveCall[] = [];
    for (const call of this.all()) {
      if (calls.length >= limit) break;
      calls.push(call);
    }
    return calls;
  }

  #count(call: LiveCall, by: 1 | -1): void {
    this.#size += by;
    const { trunk } = call.identity;
    const left = (this.#byTrunk.get(trunk) ?? 0) + by;
    if (left <= 0) this.#byTrunk.delete(trunk);
    else this.#byTrunk.set(trunk, left);
  }
}
