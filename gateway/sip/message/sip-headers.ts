import { canonicalHeaderName, wireHeaderName } from "./header-names.js";
import { oneLine } from "./text.js";

/**
 * The header fields of one message, in order. Names are looked up by their canonical form: lower case, compact forms
 * expanded (`call-id`, `i` and `Call-ID` are one). Values are one line each, unfolded, as received; they are not split
 * at commas (see `splitValues`). A value that is given a line end loses it: no caller can add a header by way of a value.
 */
export class SipHeaders {
  readonly #keys: string[] = [];
  readonly #names: string[] = [];
  readonly #values: string[] = [];

  static of(entries: Iterable<readonly [name: string, value: string]>): SipHeaders {
    const headers = new SipHeaders();
    for (const [name, value] of entries) headers.add(name, value);
    return headers;
  }

  get size(): number {
    return this.#keys.length;
  }

  /** The first line's value. `key` is canonical: lower case, long form. */
  get(key: string): string | undefined {
    const at = this.#keys.indexOf(key);
    return at < 0 ? undefined : this.#values[at];
  }

  all(key: string): string[] {
    const found: string[] = [];
    for (let at = this.#keys.indexOf(key); at >= 0; at = this.#keys.indexOf(key, at + 1))
      found.push(this.#values[at] ?? "");
    return found;
  }

  has(key: string): boolean {
    return this.#keys.includes(key);
  }

  count(key: string): number {
    let n = 0;
    for (const k of this.#keys) if (k === key) n++;
    return n;
  }

  /** Appends a line. `name` in any form; it goes out as given. */
  add(name: string, value: string): void {
    this.#keys.push(canonicalHeaderName(name));
    this.#names.push(oneLine(name));
    this.#values.push(oneLine(value));
  }

  /** For the parser and for copies of what it read: `key` is canonical, name and value hold no line end. */
  addKnown(key: string, name: string, value: string): void {
    this.#keys.push(key);
    this.#names.push(name);
    this.#values.push(value);
  }

  prepend(name: string, value: string): void {
    this.#keys.unshift(canonicalHeaderName(name));
    this.#names.unshift(oneLine(name));
    this.#values.unshift(oneLine(value));
  }

  /** Replaces the first line of that name and removes the others; appends where there was none. */
  set(name: string, value: string): void {
    const key = canonicalHeaderName(name);
    const at = this.#keys.indexOf(key);
    if (at < 0) {
      this.add(wireHeaderName(name), value);
      return;
    }
    this.#values[at] = oneLine(value);
    for (let i = this.#keys.length - 1; i > at; i--) if (this.#keys[i] === key) this.#removeAt(i);
  }

  /** Replaces the value of the first line only; later lines of that name stay. */
  setFirst(key: string, value: string): void {
    const at = this.#keys.indexOf(key);
    if (at >= 0) this.#values[at] = oneLine(value);
  }

  delete(key: string): void {
    for (let i = this.#keys.length - 1; i >= 0; i--) if (this.#keys[i] === key) this.#removeAt(i);
  }

  /** Removes the first line of that name only. */
  deleteFirst(key: string): void {
    const at = this.#keys.indexOf(key);
    if (at >= 0) this.#removeAt(at);
  }

  /** Index access, for loops in the hot path: 0 ≤ i < size. */
  keyAt(i: number): string {
    return this.#keys[i] ?? "";
  }
  nameAt(i: number): string {
    return this.#names[i] ?? "";
  }
  valueAt(i: number): string {
    return this.#values[i] ?? "";
  }

  clone(): SipHeaders {
    const copy = new SipHeaders();
    for (let i = 0; i < this.#keys.length; i++) copy.addKnown(this.keyAt(i), this.nameAt(i), this.valueAt(i));
    return copy;
  }

  *[Symbol.iterator](): IterableIterator<readonly [name: string, value: string]> {
    for (let i = 0; i < this.#keys.length; i++) yield [this.nameAt(i), this.valueAt(i)];
  }

  #removeAt(i: number): void {
    this.#keys.splice(i, 1);
    this.#names.splice(i, 1);
    this.#values.splice(i, 1);
  }
}
