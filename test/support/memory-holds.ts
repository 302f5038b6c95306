import type { UnixMs } from "../../gateway/core/time.js";
import type { LegalHold, LegalHoldStore } from "../../gateway/ports/legal-holds.js";
import type { PageQuery } from "../../gateway/ports/records.js";

/** Legal holds in a map. */
export class MemoryHolds implements LegalHoldStore {
  readonly #holds = new Map<string, LegalHold>();

  hold(number: string): Promise<LegalHold | undefined> {
    return Promise.resolve(this.#holds.get(number));
  }
  holds({ limit, since = -Infinity as UnixMs, before = Infinity as UnixMs, beforeId }: PageQuery) {
    const wanted = [...this.#holds.values()].filter(
      ({ placedAt, number }) =>
        placedAt >= since &&
        (placedAt < before || (placedAt === before && beforeId !== undefined && number < beforeId)),
    );
    return Promise.resolve(
      wanted
        .sort((a, b) => (a.placedAt === b.placedAt ? (a.number < b.number ? 1 : -1) : b.placedAt - a.placedAt))
        .slice(0, limit),
    );
  }
  /** No calls are known here. */
  heldCalls(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }
  place(hold: LegalHold): Promise<LegalHold> {
    const placed = this.#holds.get(hold.number) ?? hold;
    this.#holds.set(hold.number, placed);
    return Promise.resolve(placed);
  }
  lift(number: string): Promise<boolean> {
    return Promise.resolve(this.#holds.delete(number));
  }
}
