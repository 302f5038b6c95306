import type { SaidLine } from "./redaction.js";
import {
  ASKING_WORDS,
  CUE_PHRASES,
  GAP_WORDS,
  LEAD_WORDS,
  MOMENT_WORDS,
  ORDER_WORDS,
  type CueKind,
} from "./cue-words.js";
import { isDisguise, numberAtoms, type NumberAtom } from "./number-atoms.js";
import { tokensOf, type Token } from "./tokens.js";

export interface Cue {
  readonly kind: CueKind;
  readonly strong: boolean;
  /** Of tokens, end exclusive. */
  readonly from: number;
  readonly to: number;
}

/** Numbers of one line that belong together: nothing but marks and a few words to think is between them. */
export interface LineRun {
  readonly atoms: readonly NumberAtom[];
  readonly from: number;
  readonly to: number;
  /** Only marks and such words are before or behind it in its line. */
  readonly fromStart: boolean;
  readonly toEnd: boolean;
  /** It has an amount, or words of order between its digits, taken for part of it. */
  readonly disguised: boolean;
}

export interface ReadLine extends SaidLine {
  readonly tokens: readonly Token[];
  readonly cues: readonly Cue[];
  readonly runs: readonly LineRun[];
  readonly words: number;
  /** Words that say something beside the numbers. */
  readonly otherWords: number;
  /** It asks for something, and for no time or amount. */
  readonly asks: boolean;
  /** The same line with its amounts, dates and times taken for digits, `point` and `the second is` for gaps between them; undefined: it has none. */
  readonly disguised: ReadLine | undefined;
}

const MOST_GAP_WORDS = 4;
const MOST_GAP_TOKENS = 10;

/** Reads a line once; what it means depends on the lines around it. Linear. */
export function readLine(line: SaidLine): ReadLine {
  const tokens = tokensOf(line.text);
  const atoms = numberAtoms(tokens);
  const asks = isAsking(tokens);
  const read = { ...line, tokens, cues: cuesOf(tokens), asks, disguised: undefined };
  const plain = { ...read, ...numbersOf(tokens, runsOf(tokens, atoms, false)) };
  const runs = runsOf(tokens, atoms, true);
  if (!runs.some(({ disguised }) => disguised)) return plain;
  return { ...plain, disguised: { ...read, ...numbersOf(tokens, runs) } };
}

function numbersOf(
  tokens: readonly Token[],
  runs: readonly LineRun[],
): Pick<ReadLine, "runs" | "words" | "otherWords"> {
  let words = 0;
  let otherWords = 0;
  let run = 0;
  tokens.forEach(({ kind, norm }, index) => {
    if (kind === "mark") return;
    words++;
    while (index >= (runs[run]?.to ?? Infinity)) run++;
    const isInRun = index >= (runs[run]?.from ?? Infinity);
    if (!isInRun && !GAP_WORDS.has(norm) && !LEAD_WORDS.has(norm)) otherWords++;
  });
  return { runs, words, otherWords };
}

const isAsking = (tokens: readonly Token[]): boolean =>
  tokens.some(({ norm }) => norm === "?" || ASKING_WORDS.has(norm)) &&
  !tokens.some(({ norm }) => MOMENT_WORDS.has(norm));

/** `the code's 4829`. */
const bare = (norm: string): string => (norm.endsWith("'s") ? norm.slice(0, -2) : norm);

function cuesOf(tokens: readonly Token[]): readonly Cue[] {
  const cues: Cue[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const isSaid = (word: string, index: number): boolean => {
      const norm = tokens[at + index]?.norm;
      return norm === word || (norm !== undefined && bare(norm) === word);
    };
    const norm = tokens[at]?.norm ?? "";
    const phrases = CUE_PHRASES.get(norm) ?? CUE_PHRASES.get(bare(norm));
    const found = phrases?.find(({ words }) => words.every(isSaid));
    if (found === undefined) continue;
    const { kind, strong, words } = found;
    cues.push({ kind, strong, from: at, to: at + words.length });
    at += words.length - 1;
  }
  return cues;
}

/** @param isLoose Amounts count as digits, words of order as gaps. */
function runsOf(tokens: readonly Token[], atoms: readonly NumberAtom[], isLoose: boolean): readonly LineRun[] {
  const runs: LineRun[] = [];
  let open: NumberAtom[] = [];
  let disguised = false;
  const close = (): void => {
    const [first, last] = [open[0], open.at(-1)];
    if (first === undefined || last === undefined) return;
    const fromStart = runs.length === 0 && isGap(tokens, 0, first.from, LEAD_WORDS);
    const toEnd = isGap(tokens, last.to, tokens.length);
    runs.push({ atoms: open, from: first.from, to: last.to, fromStart, toEnd, disguised });
    open = [];
    disguised = false;
  };
  for (const atom of atoms) {
    const last = open.at(-1);
    const isNext = last === undefined || isGap(tokens, last.to, atom.from);
    const isOrdered = isLoose && !isNext && isGap(tokens, last.to, atom.from, ORDER_WORDS);
    const isOne = atom.form !== "amount" || (isLoose && isDisguise(atom));
    if (!isOne || (!isNext && !isOrdered) || (last !== undefined && tokens[atom.from]?.newLine === true)) close();
    if (!isOne) continue;
    open.push(atom);
    disguised ||= isOrdered || isDisguise(atom);
  }
  close();
  return runs;
}

/** Nothing that says anything is between two places. @param others Words that may be there as well: `the next is`. */
function isGap(tokens: readonly Token[], from: number, to: number, others?: ReadonlySet<string>): boolean {
  if (to - from > MOST_GAP_TOKENS) return false;
  let words = 0;
  for (let at = from; at < to; at++) {
    const token = tokens[at];
    if (token === undefined || token.kind === "digits") return false;
    if (token.kind === "mark") {
      if (!GAP_MARKS.has(token.norm)) return false;
    } else {
      const isSmall = GAP_WORDS.has(token.norm) || others?.has(token.norm) === true;
      if (!isSmall || ++words > MOST_GAP_WORDS) return false;
    }
  }
  return true;
}

const GAP_MARKS = new Set(Array.from("-–—.,;:…·_/!?¿¡()[]'\"#*"));
