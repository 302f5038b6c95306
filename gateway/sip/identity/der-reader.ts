/** Tags of DER that certificates use. X.690 §8.1.2 */
export const DER = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
} as const;

/** The tag of a constructed, context-specific element. */
export const contextTag = (number: number): number => 0xa0 + number;

export interface DerElement {
  readonly tag: number;
  /** With tag and length. A view: copy what is kept. */
  readonly whole: Uint8Array;
  /** A view. */
  readonly content: Uint8Array;
}

/**
 * Reads the elements of one level of DER in order. X.690: definite lengths in their shortest form, low tag numbers only.
 * Nothing is recursive, so depth costs nothing; whatever is malformed reads as `undefined`.
 */
export class DerReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** @returns Undefined at the end, and where no whole element stands; the reader stays where it is then. */
  next(): DerElement | undefined {
    const bytes = this.#bytes;
    const from = this.#at;
    const tag = bytes[from];
    const first = bytes[from + 1];
    if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return undefined;
    let contentAt = from + 2;
    let length = first;
    if (first >= 0x80) {
      const count = first & 0x7f;
      if (count === 0 || count > 3 || contentAt + count > bytes.length) return undefined;
      length = 0;
      for (let i = 0; i < count; i++) length = length * 256 + (bytes[contentAt + i] ?? 0);
      if (length < 0x80 || length < 256 ** (count - 1)) return undefined;
      contentAt += count;
    }
    const end = contentAt + length;
    if (end > bytes.length) return undefined;
    this.#at = end;
    return { tag, whole: bytes.subarray(from, end), content: bytes.subarray(contentAt, end) };
  }

  /** The next element where it has that tag; otherwise undefined, and the reader stays. */
  take(tag: number): DerElement | undefined {
    return this.#bytes[this.#at] === tag ? this.next() : undefined;
  }

  /** A reader of the next element's content, where it has that tag. */
  enter(tag: number): DerReader | undefined {
    const element = this.take(tag);
    return element === undefined ? undefined : new DerReader(element.content);
  }
}

/** @returns The only element of `bytes`, entered; undefined where there is another or none of that tag. */
export function onlyElement(bytes: Uint8Array, tag: number): DerReader | undefined {
  const reader = new DerReader(bytes);
  const inner = reader.enter(tag);
  return inner !== undefined && reader.isAtEnd ? inner : undefined;
}

/** A small INTEGER that is not negative: up to 6 bytes. */
export function derNumber(content: Uint8Array): number | undefined {
  if (content.length === 0 || content.length > 6 || (content[0] ?? 0) >= 0x80) return undefined;
  let value = 0;
  for (const byte of content) value = value * 256 + byte;
  return value;
}

export const ascii = (content: Uint8Array): string => Buffer.from(content).toString("latin1");
export const hex = (content: Uint8Array): string => Buffer.from(content).toString("hex");
