/**
 * A string-keyed Map in 256 parts: when a Map grows it moves all its entries in one go (264 ms at two million), here only
 * one part moves at a time. Keys should end in something that varies (a token, a tag); if a peer chooses them all alike it is
 * one plain Map, no worse.
 */
export class ShardedMap<V> {
  readonly #parts: readonly Map<string, V>[] = Array.from({ length: 256 }, () => new Map<string, V>());
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): V | undefined {
    return this.#part(key).get(key);
  }

  set(key: string, value: V): void {
    const part = this.#part(key);
    const before = part.size;
    part.set(key, value);
    this.#size += part.size - before;
  }

  delete(key: string): void {
    if (this.#part(key).delete(key)) this.#size--;
  }

  *values(): IterableIterator<V> {
    for (const part of this.#parts) yield* part.values();
  }

  #part(key: string): Map<string, V> {
    const end = key.length;
    // Out of range reads give NaN, and NaN in a bit operation is 0.
    const hash =
      key.charCodeAt(end - 1) ^
      (key.charCodeAt(end - 2) << 2) ^
      (key.charCodeAt(end - 3) << 4) ^
      (key.charCodeAt(end - 4) << 6);
    return this.#parts[(hash ^ (hash >> 8)) & 255] as Map<string, V>;
  }
}
