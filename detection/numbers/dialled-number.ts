import { isSeparator } from "./read-user.js";

/** Digits in the order in which they stand. */
export interface Digits {
  readonly digits: string;
  readonly plus: boolean;
}

/** What may be read out of a dialled number that has more in it than digits and separators. */
export interface Dialled {
  /** Up to the first thing that is neither. */
  readonly leading: Digits;
  /** All of it, as a switch reads it that strips everything else. */
  readonly all: Digits;
  /** What stands behind `leading` begins an extension, or digits that are sent once the call is up. */
  readonly hasTail: boolean;
  /** Letters or `_`: names have them. */
  readonly hasLetters: boolean;
  /** What stands behind `leading` goes on as a name does, and as no extension. */
  readonly hasName: boolean;
  /** What stands behind `leading` is in no name: digits that are sent once the call is up, blanks and what is escaped. */
  readonly hasTones: boolean;
  /** Stretches of letters. */
  readonly words: number;
  /** A service code: whom it rings, if anybody, is the switch's to say. */
  readonly isService: boolean;
}

/** Longer ones are no number for any switch. */
const MOST_READ = 4_096;
/** 3GPP TS 22.030 §6.5.5.1 (`*31#`, `#31#`), and of North America: the caller's number is withheld, or is shown, in this call. */
const WITHHELD = /^(?:[*#]31#|\*67|\*82)/;
/** The same as digits, by country code. */
const WITHHELD_DIGITS: Readonly<Record<string, RegExp>> = { "1": /^(?:1167|1182)/, "44": /^(?:1470|141)/ };
/** RFC 3601 `p`, `w`; `,` and `;` of modems; `x`, `ext` and `#` as people write them. */
const TAIL = /^(?:[pwx,;#*]|ext)/i;
const TONES = /^[,;#\0]/;
/** Of letters `x1`, `pp22` and `ext5` alone are no name. */
const NAME = /^(?:_|(?![pwx]+(?!\p{L})|ext)\p{L})/iu;

/** The prefix that withholds the caller's number taken off. @returns Undefined: it has none. */
export function withoutPrefix(user: string, countryCode: string): string | undefined {
  const prefix = WITHHELD.exec(user)?.[0] ?? WITHHELD_DIGITS[countryCode]?.exec(user)?.[0];
  return prefix === undefined ? undefined : user.slice(prefix.length);
}

/** @param user A user part, escapes undone as `readUser` does; what is escaped still is something that stands in the way. */
export function readDialled(user: string): Dialled {
  const whole = user.slice(0, MOST_READ).replace(/%[0-9a-f]{2}/gi, "\u0000");
  const at = whole.indexOf("@");
  const text = at < 0 ? whole : whole.slice(0, at);
  const end = endOfLeading(text);
  const rest = text.slice(end);
  return {
    leading: digitsIn(text.slice(0, end)),
    all: digitsIn(text),
    hasTail: TAIL.test(rest),
    hasLetters: /[\p{L}_]/u.test(text),
    hasName: NAME.test(rest),
    hasTones: TONES.test(rest),
    words: text.match(/\p{L}+/gu)?.length ?? 0,
    isService: /^[*#]/.test(text),
  };
}

function endOfLeading(text: string): number {
  let end = text.startsWith("+") ? 1 : 0;
  while (end < text.length && (isDigit(text.charCodeAt(end)) || isSeparator(text.charCodeAt(end)))) end++;
  return end;
}

function digitsIn(text: string): Digits {
  return { digits: text.replace(/[^0-9]/g, ""), plus: /^[^0-9]*\+/.test(text) };
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57;
