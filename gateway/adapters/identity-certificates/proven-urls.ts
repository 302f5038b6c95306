/** URLs at which a good certificate was, as many as certificates are kept; what was used longest ago goes first. */
export class ProvenUrls {
  readonly #most: number;
  readonly #keys = new Set<string>();

  constructor(most: number) {
    this.#most = most;
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  note(key: string): void {
    this.#keys.delete(key);
    this.#keys.add(key);
    for (const oldest of this.#keys) {
      if (this.#keys.size <= this.#most) break;
      this.#keys.delete(oldest);
    }
  }

  forget(key: string): void {
    this.#keys.delete(key);
  }
}
