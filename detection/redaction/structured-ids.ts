import { CURP, ibanAt, isSpanishId } from "./checksums.js";
import { GAP_WORDS } from "./cue-words.js";
import type { ReadLine } from "./read-line.js";
import { isDisguise, numberAtoms } from "./number-atoms.js";
import type { RedactionKind } from "./redaction.js";
import { SENSITIVE } from "./surroundings.js";
import type { Token } from "./tokens.js";

export interface FoundId {
  /** Of tokens, end exclusive. */
  readonly from: number;
  readonly to: number;
  readonly kind: RedactionKind;
}

/** Letters and digits in a row, whether said one by one or written together. */
interface Chain {
  text: string;
  /** Of each character: the token it is of. */
  readonly tokens: number[];
  /** Of each character: a token begins with it. */
  readonly starts: boolean[];
  end: number;
}

const LONGEST_CHAIN = 80;
/** Letters that stand together within an id without a digit beside them: a bank's code in an IBAN. */
const MOST_LETTERS = 6;
const CURP_LENGTH = 18;
const DNI_LENGTH = 9;
const CUE_WORDS = 6;
const SHORTEST_CUED = 5;
/** Words that would pass for letters of a code. */
const SENTENCE_STARTS = new Set(["I", "A", "Y", "E", "O", "U", "OK"]);
/** Behind a letter that was said as one: `A as in apple`, `Y griega`, `E is the last`. */
const SPELLING_WORDS = new Set(
  "as for like of is was in capital upper lower small letter de es era como con griega latina mayuscula minuscula letra double triple doble".split(
    " ",
  ),
);

/** Finds what its own form gives away: IBANs, social security numbers, DNI, NIE, CURP; and, behind a cue, codes of letters and digits. Linear. */
export function structuredIds(line: ReadLine, isAsked: boolean): readonly FoundId[] {
  const { tokens } = line;
  const found = socialSecurityNumbers(tokens);
  for (const chain of chainsOf(tokens, false)) {
    const checked = checkedIds(chain, line);
    found.push(...(checked.length > 0 ? checked : cuedIds(chain, line, isAsked)));
  }
  if (line.disguised !== undefined) for (const chain of chainsOf(tokens, true)) found.push(...checkedIds(chain, line));
  return found.sort((a, b) => a.from - b.from);
}

/** `123-45-6789`. */
function socialSecurityNumbers(tokens: readonly Token[]): FoundId[] {
  const found: FoundId[] = [];
  for (let at = 0; at + 4 < tokens.length; at++) {
    const [area, mark, group, mark2, serial] = tokens.slice(at, at + 5);
    if (area?.norm.length !== 3 || group?.norm.length !== 2 || serial?.norm.length !== 4) continue;
    if ([area, group, serial].some(({ kind }) => kind !== "digits") || mark?.norm !== "-" || mark2?.norm !== "-")
      continue;
    if (area.glued || [mark, group, mark2, serial].some(({ glued }) => !glued)) continue;
    found.push({ from: at, to: at + 5, kind: "id" });
  }
  return found;
}

/** @param disguised `12.345.678` counts as digits; a date does not, `a` behind it passes for a check letter too often. */
function chainsOf(tokens: readonly Token[], disguised: boolean): readonly Chain[] {
  const chains: Chain[] = [];
  const atoms = new Map(numberAtoms(tokens).map((atom) => [atom.from, atom]));
  let open: Chain | undefined;
  let at = 0;
  while (at < tokens.length) {
    const atom = atoms.get(at);
    const token = tokens[at];
    const isOne = atom?.form !== "amount" || (disguised && isDisguise(atom) && !atom.isMoment);
    const piece = atom === undefined ? letters(tokens, at) : isOne ? atom.digits : undefined;
    const to = atom?.to ?? at + 1;
    if (token?.newLine === true) open = undefined;
    if (piece === undefined) {
      if (token?.kind !== "mark" || !"-. /".includes(token.norm)) open = undefined;
    } else {
      if (open === undefined || open.text.length + piece.length > LONGEST_CHAIN) {
        open = { text: "", tokens: [], starts: [], end: at };
        chains.push(open);
      }
      for (let i = 0; i < piece.length && i < LONGEST_CHAIN; i++) {
        open.text += piece[i] ?? "";
        open.tokens.push(at);
        open.starts.push(i === 0);
      }
      open.end = to;
    }
    at = to;
  }
  return chains;
}

function letters(tokens: readonly Token[], at: number): string | undefined {
  const token = tokens[at];
  if (token?.kind !== "word" || !/^[a-z]+$/.test(token.norm)) return undefined;
  const { norm, text, glued } = token;
  const touchesDigits =
    (glued && tokens[at - 1]?.kind === "digits") ||
    (tokens[at + 1]?.kind === "digits" && tokens[at + 1]?.glued === true);
  const isUpper = text.length <= MOST_LETTERS && text === text.toUpperCase();
  return norm.length === 1 || touchesDigits || isUpper ? norm.toUpperCase() : undefined;
}

/** What its form and its check digits give away. */
function checkedIds(chain: Chain, line: ReadLine): readonly FoundId[] {
  const { text, starts, tokens } = chain;
  if (!hasBoth(chain)) return [];
  const found: FoundId[] = [];
  const ends = (end: number): boolean => end === text.length || starts[end] === true;
  const add = (start: number, end: number, kind: RedactionKind): void => {
    const to = end === text.length ? chain.end : (tokens[end] ?? chain.end);
    found.push({ from: tokens[start] ?? 0, to: Math.max(to, (tokens[end - 1] ?? 0) + 1), kind });
  };
  const isCued = (kind: string): boolean => line.cues.some((cue) => cue.kind === kind);
  for (let at = 0; at < text.length; at++) {
    if (starts[at] !== true) continue;
    const iban = ibanAt(text, at);
    if (
      iban !== undefined &&
      ends(at + iban.length) &&
      (iban.valid || isCued("iban") || isOneWord(chain, line.tokens, at, iban.length))
    ) {
      add(at, at + iban.length, "iban");
      at += iban.length - 1;
    } else if (ends(at + DNI_LENGTH) && isSpanishId(text.slice(at, at + DNI_LENGTH))) add(at, at + DNI_LENGTH, "id");
    else if (ends(at + CURP_LENGTH) && CURP.test(text.slice(at, at + CURP_LENGTH))) add(at, at + CURP_LENGTH, "id");
  }
  return found;
}

function cuedIds(whole: Chain, line: ReadLine, isAsked: boolean): readonly FoundId[] {
  const chain = withoutNextSentence(whole, line.tokens);
  const from = chain.tokens[0] ?? 0;
  if (!hasBoth(chain) || chain.text.length < SHORTEST_CUED) return [];
  const kind = cueBefore(line, from, isAsked);
  return kind === undefined ? [] : [{ from, to: chain.end, kind }];
}

/** `482913. I will send it`: the letter is a word, and begins a sentence of its own. `482913. I as in India`: it is one of the code. */
function withoutNextSentence(chain: Chain, tokens: readonly Token[]): Chain {
  const [stop, word, next] = tokens.slice(chain.end - 2, chain.end + 1);
  if (chain.end < 3 || stop?.norm !== "." || word === undefined || word.glued || !SENTENCE_STARTS.has(word.text))
    return chain;
  if (word.text !== "OK" && !isOrdinary(next)) return chain;
  const kept = chain.tokens.filter((at) => at < chain.end - 2);
  const rest = { ...chain, text: chain.text.slice(0, kept.length), tokens: kept, end: chain.end - 2 };
  // Digits alone are found by their cue; letters among few of them only together with it.
  return rest.text.length < SHORTEST_CUED && /\D/.test(rest.text) ? chain : rest;
}

const isOrdinary = (token: Token | undefined): boolean =>
  token?.kind === "word" &&
  !token.newLine &&
  token.norm.length > 1 &&
  !SPELLING_WORDS.has(token.norm) &&
  !GAP_WORDS.has(token.norm);

/** Letters and at least two digits. */
function hasBoth({ text }: Chain): boolean {
  const digits = text.replaceAll(/\D/g, "").length;
  return digits >= 2 && digits < text.length;
}

/** Written without a space: nothing else looks like that. */
function isOneWord({ tokens: of }: Chain, tokens: readonly Token[], at: number, length: number): boolean {
  const [first, last] = [of[at] ?? 0, of[at + length - 1] ?? 0];
  return tokens.slice(first + 1, last + 1).every(({ glued }) => glued);
}

function cueBefore({ cues, otherWords }: ReadLine, from: number, isAsked: boolean): RedactionKind | undefined {
  const cue = cues.findLast(({ strong, to }) => strong && to <= from);
  if (cue !== undefined && from - cue.to <= CUE_WORDS) {
    if (!SENSITIVE.has(cue.kind)) return undefined;
    return cue.kind === "id" || cue.kind === "iban" ? cue.kind : "code";
  }
  return isAsked && otherWords <= 2 ? "code" : undefined;
}
