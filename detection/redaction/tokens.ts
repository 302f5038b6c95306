export interface Token {
  readonly kind: "word" | "digits" | "mark";
  readonly start: number;
  readonly end: number;
  /** Lower case without accents; of digits and marks as written. */
  readonly norm: string;
  /** As written. */
  readonly text: string;
  /** Nothing is between it and the token before. */
  readonly glued: boolean;
  /** A line of the text begins with it. */
  readonly newLine: boolean;
}

const TOKEN = /[0-9]+|[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)*|[^\s\p{L}\p{M}0-9]/gu;
const WORD_START = /^[\p{L}\p{M}]/u;
const ACCENTS = /\p{M}+/gu;
const ASCII = /^[a-z]*$/;
const LONGEST_WORD = 40;

/** Cuts a text into words, groups of digits, and single marks. Linear in its length; takes any text. */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [found] = match;
    const start = match.index;
    const first = found.charCodeAt(0);
    const kind = first >= 48 && first <= 57 ? "digits" : WORD_START.test(found) ? "word" : "mark";
    tokens.push({
      kind,
      start,
      end: start + found.length,
      norm: kind === "word" ? plain(found) : found,
      text: found,
      glued: start === end && start > 0,
      newLine: text.slice(end, start).includes("\n"),
    });
    end = start + found.length;
  }
  return tokens;
}

/** `Dieciséis` → `dieciseis`, `driver’s` → `driver's`. */
function plain(word: string): string {
  const short = word.length > LONGEST_WORD ? word.slice(0, LONGEST_WORD) : word;
  const lower = short.toLowerCase();
  return ASCII.test(lower) ? lower : lower.replaceAll("’", "'").normalize("NFD").replaceAll(ACCENTS, "");
}
