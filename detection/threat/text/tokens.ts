/** A word of a turn. Offsets are UTF-16, into the text as given. */
export interface Token {
  /** Lower case, without accents and apostrophes. */
  readonly word: string;
  readonly start: number;
  readonly end: number;
  /** What stands before it: 2 a full stop, question mark or the like, 1 a comma, else 0. Recognisers may write none. */
  readonly breakBefore: 0 | 1 | 2;
}

const FOLDED: Readonly<Record<string, string>> = {
  à: "a", á: "a", â: "a", ã: "a", ä: "a", å: "a", ā: "a", ç: "c", è: "e", é: "e", ê: "e", ë: "e", ē: "e", ì: "i", í: "i",
  î: "i", ï: "i", ī: "i", ñ: "n", ò: "o", ó: "o", ô: "o", õ: "o", ö: "o", ø: "o", ō: "o", ù: "u", ú: "u", û: "u", ü: "u",
  ū: "u", ý: "y", ÿ: "y", ß: "ss", œ: "oe", æ: "ae",
}; // prettier-ignore
const CURRENCY: Readonly<Record<string, string>> = { $: "usd", "€": "eur", "£": "gbp" };
const APOSTROPHE = /['’‘`´]/;
const STOP = /[.?!;:¿¡…\n]/;
const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;
const COMBINING_FROM = 0x300;
const COMBINING_TO = 0x36f;

const isAsciiWord = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a);

/**
 * Splits what was said into words. Case, accents, punctuation and apostrophes do not matter afterwards; digits stay as written.
 * Never throws; text of scripts without spaces comes out as long words.
 */
export function tokens(text: string): Token[] {
  const found: Token[] = [];
  let word = "";
  let start = 0;
  let end = 0;
  let breakBefore: 0 | 1 | 2 = 0;
  const flush = (): void => {
    if (word === "") return;
    found.push({ word, start, end, breakBefore });
    word = "";
    breakBefore = 0;
  };
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    let part: string;
    if (isAsciiWord(code)) part = code <= 0x5a && code >= 0x41 ? String.fromCharCode(code + 32) : text.charAt(i);
    else if (code >= COMBINING_FROM && code <= COMBINING_TO && word !== "") {
      end = i + 1;
      continue;
    } else {
      const character = text.charAt(i).toLowerCase();
      const money = CURRENCY[character];
      if (money !== undefined) {
        flush();
        found.push({ word: money, start: i, end: i + 1, breakBefore });
        breakBefore = 0;
        continue;
      }
      if (APOSTROPHE.test(character) && word !== "") continue;
      part = FOLDED[character] ?? (LETTER_OR_DIGIT.test(character) || isSurrogate(code) ? character : "");
    }
    if (part === "") {
      const decimal = isDecimalPoint(text, i);
      if (!decimal) flush();
      if (decimal) continue;
      if (STOP.test(text.charAt(i))) breakBefore = 2;
      else if (text.charAt(i) === "," && breakBefore === 0) breakBefore = 1;
      continue;
    }
    if (word === "") start = i;
    word += part;
    end = i + 1;
  }
  flush();
  return found;
}

const isSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdfff;

/** `1,200` and `3.5` are one word each. */
function isDecimalPoint(text: string, at: number): boolean {
  const digit = (index: number): boolean => {
    const code = text.charCodeAt(index);
    return code >= 0x30 && code <= 0x39;
  };
  const character = text.charAt(at);
  return (character === "." || character === ",") && digit(at - 1) && digit(at + 1);
}
