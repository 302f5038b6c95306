import type { CallerId } from "../model/events.js";

/**
 * Who has called before. Memory: `limit` callers; the one seen longest ago is forgotten first. A call is no acquaintance of itself,
 * however often it is told of. Anonymous callers are nobody's acquaintance.
 */
export class SeenCallers {
  readonly #limit: number;
  /** The first call of each. */
  readonly #first = new Map<CallerId, string>();

  /** @param limit 0: nobody is remembered, everybody is unknown. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#first.size;
  }

  /** Anybody at all. */
  get remembers(): boolean {
    return this.#limit > 0;
  }

  /** That caller made that call, and is welcome. */
  note(caller: CallerId, callId: string): void {
    if (this.#limit === 0 || caller.startsWith("anonymous@")) return;
    const first = this.#first.get(caller) ?? callId;
    this.#first.delete(caller);
    this.#first.set(caller, first);
    if (this.#first.size <= this.#limit) return;
    const oldest = this.#first.keys().next().value;
    if (oldest !== undefined) this.#first.delete(oldest);
  }

  forget(caller: CallerId): void {
    this.#first.delete(caller);
  }

  /** Another call than this one was seen of that caller. */
  knows(caller: CallerId, callId: string): boolean {
    const first = this.#first.get(caller);
    return first !== undefined && first !== callId;
  }
}
