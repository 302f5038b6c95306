/** The ids that were added last; the oldest go first. */
export class LastIds {
  readonly #ids = new Set<string>();
  /** Round and round: a Set alone would be slow to tell its oldest. */
  readonly #ring: (string | undefined)[];
  #next = 0;

  /** @param most At least 1. */
  constructor(most: number) {
    this.#ring = new Array<string | undefined>(most).fill(undefined);
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  add(id: string): void {
    if (this.#ids.has(id)) return;
    const oldest = this.#ring[this.#next];
    if (oldest !== undefined) this.#ids.delete(oldest);
    this.#ring[this.#next] = id;
    this.#next = (this.#next + 1) % this.#ring.length;
    this.#ids.add(id);
  }
}
