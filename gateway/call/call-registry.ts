import type { Metrics } from "../core/metrics.js";
import type { CallObserver, LiveCall } from "./contracts.js";

/**
 * The live calls by the A-leg's Call-ID. Two calls may share one id: a call that passes the gateway twice with topology hiding
 * off, or one that was forked before it reached us. They are found, counted and ended together.
 *
 * As large as the B2BUA's own limit on live calls allows; there is no limit of its own. An ended call is forgotten at once.
 */
export class CallRegistry implements CallObserver {
  readonly #calls = new Map<string, LiveCall | Set<LiveCall>>();
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
    const { callId } = call;
    const known = this.#calls.get(callId);
    if (known === undefined) this.#calls.set(callId, call);
    else if (known instanceof Set) known.add(call);
    else this.#calls.set(callId, new Set([known, call]));
    this.#count(call, 1);
  }

  onEnded(call: LiveCall): void {
    const { callId } = call;
    const known = this.#calls.get(callId);
    if (known === call) this.#calls.delete(callId);
    else if (known instanceof Set && known.delete(call)) {
      if (known.size === 0) this.#calls.delete(callId);
    } else return;
    this.#count(call, -1);
  }

  has(callId: string): boolean {
    return this.#calls.has(callId);
  }

  get(callId: string): readonly LiveCall[] {
    const known = this.#calls.get(callId);
    if (known === undefined) return [];
    return known instanceof Set ? [...known] : [known];
  }

  /** Live calls of one trunk. */
  countOf(trunk: string): number {
    return this.#byTrunk.get(trunk) ?? 0;
  }

  /** In the order in which they started. The registry may change while this is read; a call that ends is then left out. */
  *all(): IterableIterator<LiveCall> {
    for (const entry of this.#calls.values()) {
      if (entry instanceof Set) yield* entry;
      else yield entry;
    }
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
