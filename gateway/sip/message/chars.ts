/** Character classes of RFC 3261 §25.1 over latin1 code units. Pure tables, filled once at load. */
const TOKEN = 1;
const HEX = 2;
const HOST = 4;
const PLAIN_USER = 8;

const table = new Uint8Array(256);
for (const c of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.!%*_+`'~") add(c, TOKEN);
for (const c of "0123456789abcdefABCDEF") add(c, HEX);
for (const c of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._") add(c, HOST | PLAIN_USER);
add("+", PLAIN_USER);

function add(character: string, bits: number): void {
  const code = character.charCodeAt(0);
  table[code] = (table[code] ?? 0) | bits;
}

export const CHAR = {
  tab: 9,
  lf: 10,
  cr: 13,
  space: 32,
  quote: 34,
  percent: 37,
  comma: 44,
  dot: 46,
  slash: 47,
  zero: 48,
  colon: 58,
  semicolon: 59,
  less: 60,
  equals: 61,
  greater: 62,
  question: 63,
  at: 64,
  openBracket: 91,
  backslash: 92,
  closeBracket: 93,
} as const;

export const isTokenChar = (c: number): boolean => ((table[c] ?? 0) & TOKEN) !== 0;
export const isDigit = (c: number): boolean => c >= 48 && c <= 57;
export const isHexDigit = (c: number): boolean => ((table[c] ?? 0) & HEX) !== 0;
/** Letters, digits, `-`, `.`; `_` too, which host names in use hold. */
export const isHostChar = (c: number): boolean => ((table[c] ?? 0) & HOST) !== 0;
/** Letters, digits and `+-._`: what a user part holds that nobody has to think about. */
export const isPlainUserChar = (c: number): boolean => ((table[c] ?? 0) & PLAIN_USER) !== 0;
/** SP, HT, and the CR and LF that a caller may have left in. */
export const isSpace = (c: number): boolean => c === 32 || c === 9 || c === 13 || c === 10;

/** At least one character, all of them token characters. */
export function isToken(text: string): boolean {
  return text.length > 0 && isTokenRange(text, 0, text.length);
}

export function isTokenRange(text: string, from: number, to: number): boolean {
  if (from >= to) return false;
  for (let i = from; i < to; i++) if (((table[text.charCodeAt(i)] ?? 0) & TOKEN) === 0) return false;
  return true;
}

/** First position ≥ `from` that is no white space, at most `to`. */
export function skipSpaces(text: string, from: number, to: number = text.length): number {
  let i = from;
  while (i < to && isSpace(text.charCodeAt(i))) i++;
  return i;
}

/** Position after the last character before `to` that is no white space, at least `from`. */
export function trimEnd(text: string, from: number, to: number): number {
  let i = to;
  while (i > from && isSpace(text.charCodeAt(i - 1))) i--;
  return i;
}

/**
 * `at` is at an opening double quote. @returns The position after the closing one; -1 where it is missing.
 * A backslash takes the next character with it. RFC 3261 §25.1 quoted-string
 */
export function skipQuoted(text: string, at: number, to: number = text.length): number {
  let i = at + 1;
  while (i < to) {
    const c = text.charCodeAt(i);
    if (c === CHAR.quote) return i + 1;
    i += c === CHAR.backslash ? 2 : 1;
  }
  return -1;
}

/** Digits only, at most `most`; -1 for anything else: no sign, no blanks, no overflow. Leading zeros count for nothing. */
export function parseUnsigned(text: string, from: number, to: number, most: number): number {
  if (from >= to) return -1;
  let n = 0;
  for (let i = from; i < to; i++) {
    const c = text.charCodeAt(i);
    if (c < 48 || c > 57) return -1;
    n = n * 10 + (c - 48);
    if (n > most) return -1;
  }
  return n;
}
