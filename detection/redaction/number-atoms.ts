import { GAP_WORDS } from "./cue-words.js";
import { harmlessShape } from "./written-shapes.js";
import { almostDigit, isLetterZero, numberWord, pluralDigit, repeatWord } from "./number-words.js";
import type { Token } from "./tokens.js";

/** One number as it stands in a text: a group of digits, or the words of one number. */
export interface NumberAtom {
  /** Of tokens, end exclusive. */
  readonly from: number;
  readonly to: number;
  /** As it is dialled: `forty one` is "41", `1,234` and `mil doscientos treinta y cuatro` are "1234"; of a percentage below 1000 none. */
  readonly digits: string;
  /**
   * `spelled`: digit by digit, `double four` too · `group`: digits in writing · `pair`: ten to ninety-nine in words · `cardinal`: hundreds in words ·
   * `amount`: a date, time, decimal, or a number with thousands: a secret only where one was asked for.
   */
  readonly form: "spelled" | "group" | "pair" | "cardinal" | "amount";
  /** A date or a time. */
  readonly isMoment: boolean;
}

/** A secret may look like that. */
export const isDisguise = ({ form, digits }: NumberAtom): boolean => form === "amount" && digits !== "";

const MOST_REPEATS = 6;
/** Words and marks between `oh` and a number. */
const MOST_AWAY = 4;

/** Finds the numbers in a text. Linear: each token is looked at a bounded number of times. */
export function numberAtoms(tokens: readonly Token[]): readonly NumberAtom[] {
  const atoms: NumberAtom[] = [];
  let at = 0;
  while (at < tokens.length) {
    const atom = atomAt(tokens, at, atoms.at(-1));
    if (atom === undefined) at++;
    else {
      atoms.push(atom);
      at = atom.to;
    }
  }
  return atoms;
}

function atomAt(tokens: readonly Token[], at: number, before: NumberAtom | undefined): NumberAtom | undefined {
  const token = tokens[at];
  if (token === undefined || token.kind === "mark") return undefined;
  if (token.kind === "digits") return repeated(tokens, at) ?? writtenAt(tokens, at);
  return repeated(tokens, at) ?? wordsAt(tokens, at) ?? softDigit(tokens, at, before);
}

/** `double four`, `triple 0`, `four zeros`. */
function repeated(tokens: readonly Token[], at: number): NumberAtom | undefined {
  const first = tokens[at];
  if (first === undefined) return undefined;
  const times = repeatWord(first.norm);
  const next = skipHyphen(tokens, at + 1);
  const second = tokens[next];
  if (second === undefined) return undefined;
  const to = next + 1;
  if (times !== undefined) {
    const digit = digitOf(second) ?? (isLetterZero(second.norm) ? "0" : almostDigit(second.norm));
    return digit === undefined ? undefined : spelled(at, to, digit.repeat(times));
  }
  const count = digitOf(first);
  const plural = pluralDigit(second.norm);
  if (count === undefined || plural === undefined || Number(count) < 2 || Number(count) > MOST_REPEATS)
    return undefined;
  return spelled(at, to, plural.repeat(Number(count)));
}

const spelled = (from: number, to: number, digits: string): NumberAtom => ({
  from,
  to,
  digits,
  form: "spelled",
  isMoment: false,
});

function digitOf({ kind, norm }: Token): string | undefined {
  if (kind === "digits") return norm.length === 1 ? norm : undefined;
  const word = numberWord(norm);
  return word?.kind === "unit" ? String(word.value) : undefined;
}

function writtenAt(tokens: readonly Token[], at: number): NumberAtom | undefined {
  const shape = harmlessShape(tokens, at);
  if (shape !== undefined) return { from: at, form: "amount", ...shape };
  const token = tokens[at];
  if (token === undefined) return undefined;
  const form = token.norm.length === 1 ? "spelled" : "group";
  return { from: at, to: at + 1, digits: token.norm, form, isMoment: false };
}

interface Part {
  readonly value: number;
  readonly to: number;
  readonly form: NumberAtom["form"];
}

function wordsAt(tokens: readonly Token[], at: number): NumberAtom | undefined {
  const first = belowThousand(tokens, at);
  const start = first?.to ?? at;
  if (scaleAt(tokens, start) !== undefined) return scaledAt(tokens, at, start, first?.value ?? 1);
  if (first === undefined) return undefined;
  return { from: at, to: first.to, digits: String(first.value), form: first.form, isMoment: false };
}

/** `two thousand and four`, `dos mil trescientos`: an amount, however long it goes on. @param start Its first `thousand` or the like. @param value What stands before that. */
function scaledAt(tokens: readonly Token[], from: number, start: number, value: number): NumberAtom {
  let [to, total, rest, smallest] = [start, 0, value, Infinity];
  for (let scale = scaleAt(tokens, to); scale !== undefined; scale = scaleAt(tokens, to)) {
    // `dos mil trescientos millones`: the greater multiplies all before it.
    total = scale > smallest ? (total + rest) * scale : total + rest * scale;
    smallest = scale;
    to++;
    const part = belowThousand(tokens, skipWord(tokens, to, "and"));
    rest = part?.value ?? 0;
    if (part !== undefined) to = part.to;
  }
  const sum = total + rest;
  return { from, to, digits: Number.isSafeInteger(sum) ? String(sum) : "", form: "amount", isMoment: false };
}

function scaleAt(tokens: readonly Token[], at: number): number | undefined {
  const word = numberWord(tokens[at]?.norm ?? "");
  return word?.kind === "scale" ? word.value : undefined;
}

/** A unit, a teen, tens with or without unit, or hundreds of any of them. */
function belowThousand(tokens: readonly Token[], at: number): Part | undefined {
  const word = numberWord(tokens[at]?.norm ?? "");
  if (word === undefined || word.kind === "scale") return undefined;
  if (word.kind === "hundreds") return withRest(tokens, { value: word.value, to: at + 1, form: "cardinal" });
  if (word.kind === "hundred") return withRest(tokens, { value: 100, to: at + 1, form: "cardinal" });
  const small = belowHundred(tokens, at);
  if (small === undefined || small.value === 0 || numberWord(tokens[small.to]?.norm ?? "")?.kind !== "hundred")
    return small;
  return withRest(tokens, { value: small.value * 100, to: small.to + 1, form: "cardinal" });
}

function withRest(tokens: readonly Token[], hundreds: Part): Part {
  const next = skipWord(tokens, hundreds.to, "and");
  const rest = belowHundred(tokens, next);
  // `four hundred oh one` is four digits for who writes them down: the zero begins a digit of its own.
  if (rest === undefined || rest.value === 0) return hundreds;
  return { value: hundreds.value + rest.value, to: rest.to, form: "cardinal" };
}

function belowHundred(tokens: readonly Token[], at: number): Part | undefined {
  const word = numberWord(tokens[at]?.norm ?? "");
  if (word === undefined) return undefined;
  const { kind, value, language } = word;
  if (kind === "unit") return { value, to: at + 1, form: "spelled" };
  if (kind === "teen") return { value, to: at + 1, form: "pair" };
  if (kind !== "tens") return undefined;
  const next = language === "es" ? skipWord(tokens, at + 1, "y") : skipHyphen(tokens, at + 1);
  const isJoined = language === "en" || next > at + 1;
  const unit = isJoined ? numberWord(tokens[next]?.norm ?? "") : undefined;
  if (unit?.kind !== "unit" || unit.value === 0 || unit.language !== language)
    return { value, to: at + 1, form: "pair" };
  return { value: value + unit.value, to: next + 1, form: "pair" };
}

/** `oh`, `to` and the like are digits where one stands next to them. */
function softDigit(tokens: readonly Token[], at: number, before: NumberAtom | undefined): NumberAtom | undefined {
  const norm = tokens[at]?.norm ?? "";
  const previous = before?.to === skipBack(tokens, at) && before.form !== "amount";
  const nextToken = tokens[skipMarks(tokens, at + 1)];
  const next =
    nextToken !== undefined &&
    (digitOf(nextToken) !== undefined || (nextToken.kind === "digits" && nextToken.norm.length <= 6));
  if (norm === "oh" && (isNumberNear(tokens, at, 1) || isNumberNear(tokens, at, -1))) return zero(at);
  if (norm === "o") {
    if (!previous && !next && !leadsToDigit(tokens, at)) return undefined;
    // `cuatro o cinco`: or.
    return isSpanish(nextToken) && isSpanish(tokens[at - 1]) ? undefined : zero(at);
  }
  const digit = almostDigit(norm);
  const isAmong = before?.form === "spelled" && nextToken !== undefined && digitOf(nextToken) !== undefined;
  if (digit === undefined || !previous || !isAmong) return undefined;
  return spelled(at, at + 1, digit);
}

const zero = (at: number): NumberAtom => spelled(at, at + 1, "0");

/** `oh, uh, seventy`, `five oh`: a number is the next thing said, or was the last. */
function isNumberNear(tokens: readonly Token[], at: number, step: 1 | -1): boolean {
  for (let away = 1; away <= MOST_AWAY; away++) {
    const token = tokens[at + step * away];
    if (token === undefined) return false;
    if (token.kind === "digits" || numberWord(token.norm) !== undefined || repeatWord(token.norm) !== undefined)
      return true;
    if (token.kind === "word" && !GAP_WORDS.has(token.norm) && token.norm !== "oh") return false;
  }
  return false;
}

/** `o o four`, `o double two`. */
function leadsToDigit(tokens: readonly Token[], at: number): boolean {
  const next = tokens[skipMarks(tokens, at + 1)];
  if (next === undefined) return false;
  if (repeatWord(next.norm) !== undefined) return true;
  const second = tokens[skipMarks(tokens, at + 2)];
  return isLetterZero(next.norm) && second !== undefined && digitOf(second) !== undefined;
}

const isSpanish = (token: Token | undefined): boolean =>
  token !== undefined && numberWord(token.norm)?.language === "es";

function skipHyphen(tokens: readonly Token[], at: number): number {
  const token = tokens[at];
  return token !== undefined && token.norm === "-" && token.glued ? at + 1 : at;
}

const skipWord = (tokens: readonly Token[], at: number, word: string): number =>
  tokens[at]?.norm === word ? at + 1 : at;

/** Over at most two marks. */
function skipMarks(tokens: readonly Token[], at: number): number {
  let next = at;
  while (next < at + 2 && tokens[next]?.kind === "mark") next++;
  return next;
}

/** Where what stands before `at` ends, over at most two marks. */
function skipBack(tokens: readonly Token[], at: number): number {
  let end = at;
  while (end > at - 2 && tokens[end - 1]?.kind === "mark") end--;
  return end;
}
