/**
 * Puts a stream that is roughly in order into order: holds back up to `limit` items and always gives out the earliest. Items that
 * come later than the last one given out are passed on as they are, and counted.
 */
export class TimeOrder<T extends { readonly at: number }> {
  readonly #limit: number;
  readonly #heap: { readonly item: T; readonly sequence: number }[] = [];
  #sequence = 0;
  #lastAt = -Infinity;
  #late = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Items that came too late to be put in order. */
  get late(): number {
    return this.#late;
  }

  /** @returns The item that had to make room, undefined while there is room. */
  push(item: T): T | undefined {
    this.#heap.push({ item, sequence: this.#sequence++ });
    this.#up(this.#heap.length - 1);
    return this.#heap.length > this.#limit ? this.pop() : undefined;
  }

  /** @returns The earliest item, undefined when none is left. */
  pop(): T | undefined {
    const top = this.#heap[0];
    const last = this.#heap.pop();
    if (top === undefined || last === undefined) return undefined;
    if (this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#down(0);
    }
    if (top.item.at < this.#lastAt) this.#late++;
    else this.#lastAt = top.item.at;
    return top.item;
  }

  #isBefore(a: number, b: number): boolean {
    const left = this.#heap[a];
    const right = this.#heap[b];
    if (left === undefined || right === undefined) return false;
    return left.item.at < right.item.at || (left.item.at === right.item.at && left.sequence < right.sequence);
  }

  #swap(a: number, b: number): void {
    const held = this.#heap[a];
    const other = this.#heap[b];
    if (held === undefined || other === undefined) return;
    this.#heap[a] = other;
    this.#heap[b] = held;
  }

  #up(index: number): void {
    for (let at = index; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #down(index: number): void {
    for (let at = index; ;) {
      const left = 2 * at + 1;
      const least = this.#isBefore(left + 1, left) ? left + 1 : left;
      if (!this.#isBefore(least, at)) return;
      this.#swap(at, least);
      at = least;
    }
  }
}
