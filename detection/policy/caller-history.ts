import type { CallerId } from "../model/events.js";
import type { UnixMs } from "../model/time.js";

interface Past {
  /** How bad it was when it was last heard of, 0–1. */
  readonly weight: number;
  readonly at: UnixMs;
}

/**
 * What a caller's earlier calls were like. Memory: `limit` callers; the one heard of longest ago is forgotten first, so that
 * rotating numbers hides older callers but exhausts nothing. Anonymous callers have no past.
 */
export class CallerHistory {
  readonly #limit: number;
  readonly #halfLifeMs: number;
  readonly #past = new Map<CallerId, Past>();

  constructor(limit: number, halfLifeMs: number) {
    this.#limit = limit;
    this.#halfLifeMs = halfLifeMs;
  }

  get size(): number {
    return this.#past.size;
  }

  /** 0: nothing bad is known; near 1: a fraud only just now. */
  scoreOf(caller: CallerId, now: UnixMs): number {
    const past = this.#past.get(caller);
    if (past === undefined) return 0;
    return past.weight * 0.5 ** (Math.max(0, now - past.at) / this.#halfLifeMs);
  }

  /** A call of that caller has ended with this score; low ones leave no trace. */
  note(caller: CallerId, score: number, now: UnixMs): void {
    if (caller.startsWith("anonymous@") || score < 0.5) return;
    const before = this.scoreOf(caller, now);
    this.#past.delete(caller);
    this.#past.set(caller, { weight: 1 - (1 - before) * (1 - score), at: now });
    if (this.#past.size <= this.#limit) return;
    const oldest = this.#past.keys().next().value;
    if (oldest !== undefined) this.#past.delete(oldest);
  }

  /** A person says that this caller was wronged. */
  forget(caller: CallerId): void {
    this.#past.delete(caller);
  }
}
