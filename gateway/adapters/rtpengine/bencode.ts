import { fail, ok, type Result } from "../../core/result.js";

/** Byte strings are wire text: one character a byte. Keys may be anything, so dictionaries are maps. */
export type BencodeValue = string | number | readonly BencodeValue[] | BencodeDictionary;
export type BencodeDictionary = ReadonlyMap<string, BencodeValue>;

/** What can be written: plain objects too; members that are undefined are left out. */
export type Bencodable =
  string | number | Uint8Array | readonly Bencodable[] | { readonly [key: string]: Bencodable | undefined };

export type BencodeError =
  /** It ends before it is complete. */
  | "bencode.truncated"
  /** Neither a string, an integer, a list nor a dictionary; a key that is no string. */
  | "bencode.syntax"
  /** An integer beyond ±2^53. */
  | "bencode.number"
  /** Nested too deeply, or too many values. */
  | "bencode.too-large"
  /** More behind the value. */
  | "bencode.trailing";

export interface BencodeLimits {
  readonly depth: number;
  readonly values: number;
}

/** A datagram of rtpengine about a call of a dozen streams has some hundred values, ten levels deep. */
export const DEFAULT_BENCODE_LIMITS: BencodeLimits = { depth: 24, values: 32_768 };

/** The whole of `bytes` as one value. Hostile input costs no more than its own length. BEP 3 */
export function decodeBencode(
  bytes: Uint8Array,
  limits: BencodeLimits = DEFAULT_BENCODE_LIMITS,
): Result<BencodeValue, BencodeError> {
  const reader = new Reader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1"), limits);
  const value = reader.value(0);
  if (!value.ok) return value;
  return reader.atEnd ? value : fail("bencode.trailing");
}

/** Lengths and integers are plain decimal; more digits than this are no number that we know. */
const MAX_DIGITS = 16;

class Reader {
  readonly #text: string;
  readonly #limits: BencodeLimits;
  #at = 0;
  #values = 0;

  constructor(text: string, limits: BencodeLimits) {
    this.#text = text;
    this.#limits = limits;
  }

  get atEnd(): boolean {
    return this.#at === this.#text.length;
  }

  value(depth: number): Result<BencodeValue, BencodeError> {
    if (depth > this.#limits.depth || ++this.#values > this.#limits.values) return fail("bencode.too-large");
    switch (this.#text.charAt(this.#at)) {
      case "":
        return fail("bencode.truncated");
      case "i":
        return this.#integer();
      case "l":
        return this.#list(depth);
      case "d":
        return this.#dictionary(depth);
      default:
        return this.#string();
    }
  }

  #integer(): Result<number, BencodeError> {
    const digits = this.#until("e", this.#at + 1);
    if (!digits.ok) return digits;
    if (!/^-?\d+$/.test(digits.value)) return fail("bencode.syntax");
    const value = Number(digits.value);
    return Number.isSafeInteger(value) ? ok(value) : fail("bencode.number");
  }

  #list(depth: number): Result<BencodeValue[], BencodeError> {
    const items: BencodeValue[] = [];
    this.#at++;
    while (!this.#closes()) {
      const item = this.value(depth + 1);
      if (!item.ok) return item;
      items.push(item.value);
    }
    return ok(items);
  }

  #dictionary(depth: number): Result<BencodeDictionary, BencodeError> {
    const entries = new Map<string, BencodeValue>();
    this.#at++;
    while (!this.#closes()) {
      const key = this.#at < this.#text.length ? this.#string() : fail("bencode.truncated" as const);
      if (!key.ok) return key;
      const value = this.value(depth + 1);
      if (!value.ok) return value;
      entries.set(key.value, value.value);
    }
    return ok(entries);
  }

  #string(): Result<string, BencodeError> {
    const digits = this.#until(":", this.#at);
    if (!digits.ok) return digits;
    if (!/^\d+$/.test(digits.value)) return fail("bencode.syntax");
    const end = this.#at + Number(digits.value);
    if (end > this.#text.length) return fail("bencode.truncated");
    const value = this.#text.slice(this.#at, end);
    this.#at = end;
    return ok(value);
  }

  #closes(): boolean {
    if (this.#text.charAt(this.#at) !== "e") return false;
    this.#at++;
    return true;
  }

  /** The text from `from` up to `end`, which is passed. */
  #until(end: string, from: number): Result<string, BencodeError> {
    const head = this.#text.slice(from, from + MAX_DIGITS + 2);
    const length = head.indexOf(end);
    if (length < 0)
      return fail(head.length < MAX_DIGITS + 2 && /^-?\d*$/.test(head) ? "bencode.truncated" : "bencode.syntax");
    this.#at = from + length + 1;
    return ok(head.slice(0, length));
  }
}

/** Keys in order, as BEP 3 wants. Numbers are whole. */
export function encodeBencode(value: Bencodable): Buffer {
  const pieces: Uint8Array[] = [];
  write(value, pieces);
  return Buffer.concat(pieces);
}

function write(value: Bencodable, pieces: Uint8Array[]): void {
  if (typeof value === "number") pieces.push(text(`i${Math.trunc(value)}e`));
  else if (typeof value === "string") pieces.push(text(`${value.length}:${value}`));
  else if (value instanceof Uint8Array) pieces.push(text(`${value.byteLength}:`), value);
  else if (isList(value)) {
    pieces.push(text("l"));
    for (const item of value) write(item, pieces);
    pieces.push(text("e"));
  } else {
    pieces.push(text("d"));
    for (const key of Object.keys(value).sort()) {
      const member = value[key];
      if (member === undefined) continue;
      write(key, pieces);
      write(member, pieces);
    }
    pieces.push(text("e"));
  }
}

const isList = (value: object): value is readonly Bencodable[] => Array.isArray(value);
const text = (wire: string): Buffer => Buffer.from(wire, "latin1");
