/** Longer strings are hashed two characters at a time. */
const MOST_WORDS = 32;

/**
 * Hashes a string to two 32-bit halves, with a secret seed so that a peer cannot choose strings that fall together.
 * Not cryptographic: who does not know the seed cannot aim, and two strings are taken for one with a chance of 2^-64
 * where both halves are compared, 2^-32 where one is (callers of one number).
 */
export class StringHasher {
  readonly #seedHigh: number;
  readonly #seedLow: number;
  readonly #scratch = new Int32Array(MOST_WORDS);
  /** Halves of the last string hashed, signed 32 bits. Read them before the next call. */
  high = 0;
  low = 0;

  /** @param seed At least 16 hex digits; missing ones count as 0. */
  constructor(seed: string) {
    this.#seedHigh = Number.parseInt(seed.slice(0, 8), 16) | 0;
    this.#seedLow = Number.parseInt(seed.slice(8, 16), 16) | 0;
  }

  hash(text: string): void {
    this.hashAndCopy(text, this.#scratch, 0, MOST_WORDS);
  }

  /**
   * As `hash`, and copies the text into `words` from `at` on, four characters a word.
   * @returns False when it needs more than `room` words or has a character above U+00FF: hashed all the same, the words are void.
   */
  hashAndCopy(text: string, words: Int32Array, at: number, room: number): boolean {
    const { length } = text;
    if (length > 4 * room) {
      if (room < MOST_WORDS) this.hash(text);
      else this.hashWide(text);
      return false;
    }
    let a = this.#seedHigh;
    let b = this.#seedLow;
    let all = 0;
    let to = at;
    const whole = length & ~3;
    for (let i = 0; i < whole; i += 4) {
      const c0 = text.charCodeAt(i);
      const c1 = text.charCodeAt(i + 1);
      const c2 = text.charCodeAt(i + 2);
      const c3 = text.charCodeAt(i + 3);
      all |= c0 | c1 | c2 | c3;
      const codes = c0 | (c1 << 8) | (c2 << 16) | (c3 << 24);
      words[to++] = codes;
      a = Math.imul(a ^ codes, 0x85ebca6b);
      a = (a << 13) | (a >>> 19);
      b = Math.imul(b ^ codes, 0xc2b2ae35);
      b = (b << 17) | (b >>> 15);
    }
    if (whole < length) {
      let codes = 0;
      for (let i = whole; i < length; i++) {
        const code = text.charCodeAt(i);
        all |= code;
        codes |= code << (8 * (i - whole));
      }
      words[to] = codes;
      a = Math.imul(a ^ codes, 0x85ebca6b);
      b = Math.imul(b ^ codes, 0xc2b2ae35);
    }
    if (all > 0xff) {
      this.hashWide(text);
      return false;
    }
    this.#finish(a, b, length);
    return true;
  }

  /** Two characters at a time, of any width and number. Not the value that `hash` gives for shorter and narrower ones. */
  hashWide(text: string): void {
    let a = this.#seedHigh;
    let b = this.#seedLow;
    const { length } = text;
    const even = length & ~1;
    for (let i = 0; i < even; i += 2) {
      const codes = text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16);
      a = Math.imul(a ^ codes, 0x85ebca6b);
      a = (a << 13) | (a >>> 19);
      b = Math.imul(b ^ codes, 0xc2b2ae35);
      b = (b << 17) | (b >>> 15);
    }
    if (even < length) {
      a = Math.imul(a ^ text.charCodeAt(even), 0x85ebca6b);
      b = Math.imul(b ^ text.charCodeAt(even), 0xc2b2ae35);
    }
    this.#finish(a, b, length);
  }

  #finish(first: number, second: number, length: number): void {
    let a = first ^ length;
    let b = second;
    a = Math.imul(a ^ (a >>> 16), 0x7feb352d);
    b = Math.imul(b ^ (b >>> 15), 0x846ca68b);
    a = Math.imul(a ^ (b >>> 13), 0x2c1b3c6d);
    b = Math.imul(b ^ (a >>> 16), 0x297a2d39);
    this.high = a ^ (b >>> 15);
    this.low = b ^ (this.high >>> 14);
  }
}

/** Text of `length` characters that `hashAndCopy` copied. */
export function readCopied(words: Int32Array, at: number, length: number): string {
  let text = "";
  for (let i = 0; i < length; i++) {
    text += String.fromCharCode(((words[at + (i >> 2)] as number) >>> (8 * (i & 3))) & 0xff);
  }
  return text;
}

/** The same for every process and every run, for canary choices and shortened ids. 52 bits. */
export function stableHash(text: string): number {
  const hasher = new StringHasher("52494e4746454e43");
  hasher.hashWide(text);
  return (hasher.high >>> 0) * 0x10_0000 + (hasher.low >>> 12);
}

/** Smallest power of two that is not below `count`. */
export function powerOfTwo(count: number): number {
  let size = 1;
  while (size < count && size < 0x4000_0000) size *= 2;
  return size;
}

/**
 * The same text as a string of its own. A slice keeps the whole text alive that it was cut from (in V8, from 13 characters on): a
 * number that is remembered for a day must not hold a SIP message of 64 KiB.
 */
export const ownCopy = (text: string): string => (text.length < 13 ? text : ` ${text}`.slice(1));
