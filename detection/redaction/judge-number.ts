import { passesLuhn } from "./checksums.js";
import type { CueKind } from "./cue-words.js";
import type { Dictation } from "./dictation.js";
import { factsOf, type NumberFacts } from "./number-facts.js";
import { isPhone } from "./phone-number.js";
import type { ReadLine } from "./read-line.js";
import type { RedactionKind } from "./redaction.js";
import { SENSITIVE, type NearCue, type Surroundings } from "./surroundings.js";

/** A payment card's number, digits (ISO/IEC 7812-1); what is shorter than the shortest phone number abroad. */
export const SHORTEST_CARD = 13;
const LONGEST_CARD = 19;
/** So many digits are a number of something personal, whatever was said around them. */
export const LONG = 9;
export const SHORTEST_CODE = 4;
const SHORTEST = 2;
const ADJACENT_WORDS = 4;
const CLOSE_WORDS = 8;

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
  if (facts.isAmount && !isCodeTold(facts)) return undefined;
  const kind = count >= SHORTEST_CODE ? ofMiddling(facts) : ofShort(facts);
  if (kind !== undefined || !unfinished || !facts.toEnd || count < 3) return kind;
  return isHarmless(facts) || isPhone(facts) || facts.isYear || facts.isTime || facts.isDate ? undefined : "code";
}

function ofLong(facts: NumberFacts): RedactionKind | undefined {
  const { digits, spelled, written, before, earlier } = facts;
  const isCardLong = digits.length >= SHORTEST_CARD;
  const cardCue = [...before, ...earlier].some(({ kind }) => kind === "card");
  const phone = isPhone(facts);
  if (isCardLong && (!phone || cardCue) && !(facts.phoneShape !== undefined && !cardCue) && hasCard(facts))
    return "card";
  if (phone) return "phone";
  const sensitive = sensitiveCue(facts);
  if (sensitive !== undefined) return kindOf(sensitive.kind);
  if (cardCue) return "card";
  if (isHarmless(facts, 1) || facts.isHouse) return undefined;
  return isCardLong && (spelled || !written) ? "card" : "id";
}

function ofMiddling(facts: NumberFacts): RedactionKind | undefined {
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

function ofShort(facts: NumberFacts): RedactionKind | undefined {
  const { digits, atoms, alone, spelled, toEnd } = facts;
  const sensitive = sensitiveCue(facts);
  if (sensitive === undefined || isHarmless(facts)) return undefined;
  const { kind, linesAgo, words } = sensitive;
  if (kind === "expiry") return ofExpiry(facts, sensitive);
  if (facts.isDate && !sensitive.direct) return undefined;
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
export function ofExpiry(facts: NumberFacts, { linesAgo, words }: NearCue): RedactionKind | undefined {
  const { digits, alone, isDate, cardTalk } = facts;
  const isLong = digits.length >= 3 || (isDate && digits.length === 2);
  if (!cardTalk || !isLong || digits.length > 6) return undefined;
  return (linesAgo === 0 ? words <= ADJACENT_WORDS : alone || isDate) ? "card" : undefined;
}

/**
 * `my PIN is 4532 euros`, or that in answer to what asks for the PIN alone: a unit at the number, or what is heard as one, makes it no amount there.
 */
export function isCodeTold({ before, earlier, digits, spelled, otherWords }: NumberFacts): boolean {
  if (digits.length < (spelled ? SHORTEST_CODE - 1 : SHORTEST_CODE)) return false;
  const own = before.find(({ strong }) => strong);
  if (own !== undefined) return isCode(own.kind) && own.direct && own.words <= ADJACENT_WORDS;
  const question = earlier.find(({ strong }) => strong);
  return question?.linesAgo === 1 && question.asked && isCode(question.kind) && otherWords <= 1;
}

export const isCode = (kind: CueKind): boolean => kind === "code" || kind === "cvv";

export const kindOf = (kind: CueKind): RedactionKind => {
  if (kind === "card" || kind === "expiry") return "card";
  if (kind === "iban" || kind === "id" || kind === "phone") return kind;
  return "code";
};

/** The nearest strong cue that says that the number is one to redact. */
function sensitiveCue({ before, after, earlier }: Surroundings): NearCue | undefined {
  const isOne = ({ kind, strong }: NearCue): boolean => strong && SENSITIVE.has(kind);
  return before.find(isOne) ?? after.find(isOne) ?? earlier.find(isOne);
}

/** Its own line says that it is the number of a flight, a room, an order. */
function isHarmless({ before, digits }: NumberFacts, mostWords = 3): boolean {
  const near = before.find(({ strong, kind }) => strong || kind === "card");
  if (near === undefined || near.words > mostWords) return false;
  return near.kind === "harmless" || (near.kind === "last-four" && digits.length <= SHORTEST_CODE);
}

/** The whole, or a part of it from one group to another, passes Luhn's check. */
export function hasCard({ atoms }: Pick<NumberFacts, "atoms">): boolean {
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
