import { MONEY_MARKS, MONTHS, STREET_WORDS, TIME_LEADS, UNIT_WORDS } from "./cue-words.js";
import type { Dictation } from "./dictation.js";
import type { NumberAtom } from "./number-atoms.js";
import { phoneShapeOf, type PhoneShape } from "./phone-number.js";
import type { ReadLine } from "./read-line.js";
import { surroundingsOf, type Surroundings } from "./surroundings.js";

/** What a number is like, and what stands around it. */
export interface NumberFacts extends Surroundings {
  readonly digits: string;
  readonly atoms: readonly NumberAtom[];
  /** Nothing else is said in its lines. */
  readonly alone: boolean;
  /** Words of its lines that say something else. */
  readonly otherWords: number;
  /** Digit by digit. */
  readonly spelled: boolean;
  readonly written: boolean;
  /** A currency or a unit is at it. */
  readonly isAmount: boolean;
  readonly isDate: boolean;
  readonly isTime: boolean;
  readonly isYear: boolean;
  readonly isHouse: boolean;
  readonly hasSlash: boolean;
  /** Cards are what the talk is about. */
  readonly cardTalk: boolean;
  readonly phoneShape: PhoneShape | undefined;
  /** The last thing of its line, and that the newest. */
  readonly toEnd: boolean;
  /** The last thing of its line. */
  readonly endsLine: boolean;
}

export function factsOf(lines: readonly ReadLine[], dictation: Dictation): NumberFacts {
  const { pieces, atoms, digits } = dictation;
  const [first, last] = [pieces[0], pieces.at(-1)];
  const tokens = first === undefined ? [] : (lines[first.line]?.tokens ?? []);
  const lastTokens = last === undefined ? [] : (lines[last.line]?.tokens ?? []);
  const from = first?.run.from ?? 0;
  const to = last?.run.to ?? 0;
  const isNear = (set: ReadonlySet<string>, away: number): boolean =>
    tokens.slice(Math.max(0, from - away), from).some(({ norm }) => set.has(norm)) ||
    lastTokens.slice(to, to + away).some(({ norm }) => set.has(norm));
  const [prior, next] = [tokens[from - 1], lastTokens[to]];
  const spelledAtoms = atoms.filter(({ form }) => form === "spelled").length;
  return {
    ...surroundingsOf(lines, dictation),
    digits,
    atoms,
    alone: pieces.every(({ line }) => isAlone(lines[line])),
    otherWords: pieces.reduce((sum, { line }) => sum + (lines[line]?.otherWords ?? 0), 0),
    spelled: atoms.length > 1 && spelledAtoms >= 0.6 * atoms.length,
    written: atoms.every(({ form }) => form === "group"),
    isAmount:
      isMeasured(lastTokens, to, atoms, digits) ||
      MONEY_MARKS.has(prior?.norm ?? "") ||
      MONEY_MARKS.has(next?.norm ?? ""),
    isDate: isNear(MONTHS, 2),
    isTime: TIME_LEADS.has(prior?.norm ?? "") && looksLikeTime(atoms, digits),
    isYear: looksLikeYear(atoms, digits),
    isHouse: lastTokens.slice(to, to + 4).some(({ norm }) => STREET_WORDS.has(norm)),
    hasSlash: tokens.slice(from, first?.run.to).some(({ norm }) => norm === "/"),
    cardTalk: lines.some(({ cues }) => cues.some(({ kind }) => kind === "card" || kind === "cvv")),
    phoneShape: phoneShapeOf(tokens, from, digits),
    toEnd: last?.run.toEnd === true && last.line === lines.length - 1,
    endsLine: last?.run.toEnd === true,
  };
}

const isAlone = (line: ReadLine | undefined): boolean =>
  line !== undefined && line.otherWords <= Math.max(1, 0.2 * line.words);

function isMeasured(tokens: ReadLine["tokens"], to: number, atoms: readonly NumberAtom[], digits: string): boolean {
  const [next, second] = [tokens[to], tokens[to + 1]];
  if (next === undefined) return false;
  // `four five three two am I right` is no time of the day.
  if (next.norm === "am") return second?.norm !== "i" && (digits.length < 3 || looksLikeTime(atoms, digits));
  return UNIT_WORDS.has(next.norm) || next.norm === "%" || (next.norm === "por" && second?.norm === "ciento");
}

function looksLikeTime(atoms: readonly NumberAtom[], digits: string): boolean {
  if (digits.length > 4 || digits.length < 3 || atoms.length > 2) return false;
  const minutes = Number(digits.slice(-2));
  return Number(digits.slice(0, -2)) <= 24 && minutes < 60;
}

const looksLikeYear = (atoms: readonly NumberAtom[], digits: string): boolean =>
  /^(?:1[89]|20)\d\d$/.test(digits) &&
  (atoms.length === 1 || (atoms.length === 2 && atoms.every(({ form }) => form === "pair")));
