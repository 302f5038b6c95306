import { passesLuhn } from "./checksums.js";
import { MONEY_MARKS, MONTHS, STREET_WORDS, TIME_LEADS, UNIT_WORDS, type CueKind } from "./cue-words.js";
import type { Dictation } from "./dictation.js";
import type { NumberAtom } from "./number-atoms.js";
import type { ReadLine } from "./read-line.js";
import type { RedactionKind } from "./redaction.js";
import { SENSITIVE, surroundingsOf, type NearCue, type Surroundings } from "./surroundings.js";

/** A payment card's number, digits (ISO/IEC 7812-1); what is shorter than the shortest phone number abroad. */
const SHORTEST_CARD = 13;
const LONGEST_CARD = 19;
const LONGEST_PHONE = 15;
/** So many digits are a number of something personal, whatever was said around them. */
const LONG = 9;
const SHORTEST_CODE = 4;
const SHORTEST = 2;
const ADJACENT_WORDS = 4;
const CLOSE_WORDS = 8;

interface Facts extends Surroundings {
  readonly digits: string;
  readonly atoms: readonly NumberAtom[];
  /** Nothing else is said in its lines. */
  readonly alone: boolean;
  /** Digit by digit. */
  readonly spelled: boolean;
  readonly written: boolean;
  readonly isAmount: boolean;
  readonly isDate: boolean;
  readonly isTime: boolean;
  readonly isYear: boolean;
  readonly isHouse: boolean;
  readonly hasSlash: boolean;
  /** Cards are what the talk is about. */
  readonly cardTalk: boolean;
  readonly phoneShape: boolean;
  readonly toEnd: boolean;
}

/**
 * What a number is that has to be redacted; undefined: it may stay.
 * @param unfinished The last line is a partial: more may come of what stands at its end.
 */
export function judgeNumber(
  lines: readonly ReadLine[],
  dictation: Dictation,
  unfinished: boolean,
): RedactionKind | undefined {
  const count = dictation.digits.length;
  if (count < SHORTEST) return undefined;
  const facts = factsOf(lines, dictation);
  if (count >= LONG) return ofLong(facts);
  if (facts.isAmount) return undefined;
  const kind = count >= SHORTEST_CODE ? ofMiddling(facts) : ofShort(facts);
  if (kind !== undefined || !unfinished || !facts.toEnd || count < 3) return kind;
  return isHarmless(facts) || isPhone(facts) || facts.isYear || facts.isTime || facts.isDate ? undefined : "code";
}

function ofLong(facts: Facts): RedactionKind | undefined {
  const { digits, spelled, written, before, earlier } = facts;
  const isCardLong = digits.length >= SHORTEST_CARD;
  const cardCue = [...before, ...earlier].some(({ kind }) => kind === "card");
  const phone = isPhone(facts) && digits.length <= LONGEST_PHONE;
  if (isCardLong && (!phone || cardCue) && !(facts.phoneShape && !cardCue) && hasCard(facts)) return "card";
  if (phone) return "phone";
  const sensitive = sensitiveCue(facts);
  if (sensitive !== undefined) return kindOf(sensitive.kind);
  if (cardCue) return "card";
  if (isHarmless(facts, 1) || facts.isHouse) return undefined;
  return isCardLong && (spelled || !written) ? "card" : "id";
}

function ofMiddling(facts: Facts): RedactionKind | undefined {
  const { alone, spelled, written, before, earlier, digits, atoms, hasSlash } = facts;
  const sensitive = sensitiveCue(facts);
  const isClose = sensitive?.linesAgo === 0 && sensitive.words <= ADJACENT_WORDS;
  if (sensitive?.kind === "expiry") return ofExpiry(facts, sensitive);
  const looksOrdinary = facts.isDate || facts.isTime || facts.isYear || facts.isHouse;
  if (looksOrdinary && !isClose && !(alone && sensitive !== undefined && !facts.isDate)) return undefined;
  if (isPhone(facts)) return "phone";
  if (isHarmless(facts)) return undefined;
  const isCodeLike = alone || spelled || written;
  if (sensitive !== undefined && (isClose || isCodeLike)) return kindOf(sensitive.kind);
  const weak = [...before, ...earlier.filter(({ linesAgo }) => linesAgo <= 4)].find(
    ({ kind }) => SENSITIVE.has(kind) || kind === "digits",
  );
  if (weak !== undefined && (spelled || alone)) return kindOf(weak.kind);
  const isAbout = earlier.some(
    ({ kind, strong, linesAgo }) => strong && linesAgo <= 2 && (kind === "harmless" || kind === "phone"),
  );
  if (!alone || hasSlash || isAbout) return undefined;
  return spelled || digits.length >= 6 || (written && (digits.length >= 5 || atoms.length > 1)) ? "code" : undefined;
}

function ofShort(facts: Facts): RedactionKind | undefined {
  const { digits, atoms, alone, spelled, toEnd } = facts;
  const sensitive = sensitiveCue(facts);
  if (sensitive === undefined || isHarmless(facts)) return undefined;
  const { kind, linesAgo, words } = sensitive;
  if (kind === "expiry") return ofExpiry(facts, sensitive);
  if (facts.isDate) return undefined;
  const isHere = linesAgo === 0;
  if (kind === "cvv")
    return digits.length === 3 && (isHere ? words <= CLOSE_WORDS : alone && linesAgo <= 3) ? "code" : undefined;
  // The beginning of a number: more comes in the next line.
  if (isHere && words <= 3)
    return digits.length === 3 || (spelled && toEnd && atoms.length > 1) ? kindOf(kind) : undefined;
  return !isHere && alone && ((spelled && atoms.length > 1) || (digits.length === 3 && linesAgo <= 2))
    ? kindOf(kind)
    : undefined;
}

/** `twelve twenty-eight`, `12/28`: only of a card. */
function ofExpiry(facts: Facts, { linesAgo, words }: NearCue): RedactionKind | undefined {
  const { digits, alone, isDate, cardTalk } = facts;
  const isLong = digits.length >= 3 || (isDate && digits.length === 2);
  if (!cardTalk || !isLong || digits.length > 6) return undefined;
  return (linesAgo === 0 ? words <= ADJACENT_WORDS : alone || isDate) ? "card" : undefined;
}

const kindOf = (kind: CueKind): RedactionKind => {
  if (kind === "card" || kind === "expiry") return "card";
  if (kind === "iban" || kind === "id" || kind === "phone") return kind;
  return "code";
};

/** The nearest strong cue that says that the number is one to redact. */
function sensitiveCue({ before, after, earlier }: Surroundings): NearCue | undefined {
  const isOne = ({ kind, strong }: NearCue): boolean => strong && SENSITIVE.has(kind);
  return before.find(isOne) ?? after.find(isOne) ?? earlier.find(isOne);
}

function isPhone(facts: Facts): boolean {
  const { before, after, earlier, phoneShape, digits } = facts;
  if (phoneShape) return true;
  if (digits.length < 6) return false;
  const here = before.find(
    ({ kind, words, strong }) => (kind === "phone" && words <= CLOSE_WORDS) || (strong && SENSITIVE.has(kind)),
  );
  if (here !== undefined) return here.kind === "phone";
  if (after.some(({ kind, words }) => kind === "phone" && words <= 3)) return true;
  const last = earlier.find(
    ({ kind, strong, linesAgo }) => strong && (SENSITIVE.has(kind) || (kind === "phone" && linesAgo <= 3)),
  );
  return last?.kind === "phone";
}

/** Its own line says that it is the number of a flight, a room, an order. */
function isHarmless({ before, digits }: Facts, mostWords = 3): boolean {
  const near = before.find(({ strong, kind }) => strong || kind === "card");
  if (near === undefined || near.words > mostWords) return false;
  return near.kind === "harmless" || (near.kind === "last-four" && digits.length <= SHORTEST_CODE);
}

function factsOf(lines: readonly ReadLine[], dictation: Dictation): Facts {
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
    spelled: atoms.length > 1 && spelledAtoms >= 0.6 * atoms.length,
    written: atoms.every(({ form }) => form === "group"),
    isAmount: isMeasured(lastTokens, to) || MONEY_MARKS.has(prior?.norm ?? "") || MONEY_MARKS.has(next?.norm ?? ""),
    isDate: isNear(MONTHS, 2),
    isTime: TIME_LEADS.has(prior?.norm ?? "") && looksLikeTime(atoms, digits),
    isYear: looksLikeYear(atoms, digits),
    isHouse: lastTokens.slice(to, to + 4).some(({ norm }) => STREET_WORDS.has(norm)),
    hasSlash: tokens.slice(from, first?.run.to).some(({ norm }) => norm === "/"),
    cardTalk: lines.some(({ cues }) => cues.some(({ kind }) => kind === "card" || kind === "cvv")),
    phoneShape: isPhoneShape(tokens, from),
    toEnd: last?.run.toEnd === true && last.line === lines.length - 1,
  };
}

const isAlone = (line: ReadLine | undefined): boolean =>
  line !== undefined && line.otherWords <= Math.max(1, 0.2 * line.words);

function isMeasured(tokens: ReadLine["tokens"], to: number): boolean {
  const next = tokens[to];
  if (next === undefined) return false;
  return UNIT_WORDS.has(next.norm) || next.norm === "%" || (next.norm === "por" && tokens[to + 1]?.norm === "ciento");
}

function looksLikeTime(atoms: readonly NumberAtom[], digits: string): boolean {
  if (digits.length > 4 || digits.length < 3 || atoms.length > 2) return false;
  const minutes = Number(digits.slice(-2));
  return Number(digits.slice(0, -2)) <= 24 && minutes < 60;
}

const looksLikeYear = (atoms: readonly NumberAtom[], digits: string): boolean =>
  /^(?:1[89]|20)\d\d$/.test(digits) &&
  (atoms.length === 1 || (atoms.length === 2 && atoms.every(({ form }) => form === "pair")));

/** `+44 …`, `plus forty four …`, `(602) …`, `602-555-0123`. */
function isPhoneShape(tokens: ReadLine["tokens"], from: number): boolean {
  const prior = tokens[from - 1]?.norm;
  if (prior === "+" || prior === "plus" || prior === "mas") return true;
  const parts = tokens.slice(from, from + 5).map(({ norm }) => norm);
  const isDashed =
    parts.map((part) => part.length).join() === "3,1,3,1,4" &&
    (parts[1] === "-" || parts[1] === ".") &&
    parts[3] === parts[1];
  if (isDashed && tokens.slice(from + 1, from + 5).every(({ glued }) => glued)) return true;
  return prior === "(" && tokens[from + 1]?.norm === ")" && (tokens[from]?.norm.length ?? 0) <= 3;
}

/** The whole, or a part of it from one group to another, passes Luhn's check. */
function hasCard({ atoms }: Facts): boolean {
  for (let first = 0; first < atoms.length; first++) {
    let digits = "";
    for (let last = first; last < atoms.length && digits.length < LONGEST_CARD; last++) {
      digits += atoms[last]?.digits ?? "";
      if (
        digits.length >= SHORTEST_CARD &&
        digits.length <= LONGEST_CARD &&
        /^[2-6]/.test(digits) &&
        passesLuhn(digits)
      )
        return true;
    }
  }
  return false;
}
