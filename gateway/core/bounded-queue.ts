/** First in, first out, with a limit. `push` says whether there was room; what to do when there was not is the caller's. */
export class BoundedQueue<T> {
  readonly limit: number;
  /** Those before `#head` have been taken. */
  #items: (T | undefined)[] = [];
  #head = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  /** @returns False when full; the item was not taken. */
  push(item: T): boolean {
    if (this.size >= this.limit) return false;
    this.#items.push(item);
    return true;
  }

  /** Takes up to `most` items from the front, in order. They are not held any more: an item may be audio, or a batch of records. */
  take(most: number): T[] {
    const taken = this.#items.slice(this.#head, this.#head + most) as T[];
    this.#items.fill(undefined, this.#head, this.#head + taken.length);
    this.#head += taken.length;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return taken;
  }

  /** Puts items back at the front, for a consumer that failed. May exceed the limit by what was taken. */
  putBack(items: readonly T[]): void {
    this.#items = [...items, ...this.#items.slice(this.#head)];
    this.#head = 0;
  }
}
