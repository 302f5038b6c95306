/** Ids of one generation, so many at a time: as `RecentIds.save` gives them. */
export interface SavedIds {
  readonly part: "ids";
  readonly generation: "older" | "younger";
  readonly ids: readonly string[];
}

const PART_SIZE = 2_000;

/**
 * Remembers which ids came lately: of two generations of `limit` ids, the older goes when the younger is full. Memory is bounded,
 * whatever the length of a file; a duplicate that is further away is found by the store's key.
 */
export class RecentIds {
  readonly #limit: number;
  #younger = new Set<string>();
  #older = new Set<string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many are in the younger generation. */
  get size(): number {
    return this.#younger.size;
  }

  has(id: string): boolean {
    return this.#younger.has(id) || this.#older.has(id);
  }

  /** @returns False: it came before. */
  add(id: string): boolean {
    if (this.has(id)) return false;
    if (this.#younger.size >= this.#limit) this.turn();
    this.#younger.add(id);
    return true;
  }

  /** Begins a new generation before the younger is full. */
  turn(): void {
    this.#older = this.#younger;
    this.#younger = new Set();
  }

  *save(): Generator<SavedIds> {
    for (const [generation, all] of [
      ["older", this.#older],
      ["younger", this.#younger],
    ] as const) {
      let ids: string[] = [];
      for (const id of all) {
        ids.push(id);
        if (ids.length < PART_SIZE) continue;
        yield { part: "ids", generation, ids };
        ids = [];
      }
      if (ids.length > 0) yield { part: "ids", generation, ids };
    }
  }

  /** Adds what a part of `save` has. */
  load({ generation, ids }: SavedIds): void {
    const into = generation === "older" ? this.#older : this.#younger;
    for (const id of ids) if (into.size < this.#limit) into.add(id);
  }
}
