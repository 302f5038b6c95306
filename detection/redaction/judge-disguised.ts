import { GIVING_WORDS, LINK_WORDS } from "./cue-words.js";
import type { Dictation } from "./dictation.js";
import { hasCard, isCode, isCodeTold, kindOf, LONG, ofExpiry, SHORTEST_CARD, SHORTEST_CODE } from "./judge-number.js";
import { factsOf, type NumberFacts } from "./number-facts.js";
import type { ReadLine } from "./read-line.js";
import type { RedactionKind } from "./redaction.js";
import { SENSITIVE, type NearCue } from "./surroundings.js";

const SHORTEST = 3;
/** So many digits are no code that somebody gives unasked. */
const SHORTEST_UNASKED = 5;
/** An account's, where the line says more than the number. */
const SHORTEST_IN_TALK = 6;
const SHORTEST_PHONE = 7;
const MOST_LINES = 3;
/** Words that an answer may have beside its number: `let me think, I believe it's`. */
const MOST_ANSWER_WORDS = 4;

/**
 * What a number in the form of an amount, a date or a time is, where it has to be redacted: `my PIN is 12:34`, `the code is 482,913`,
 * `mil doscientos treinta y cuatro`. Honest ones are everywhere, so the cue has to lead right to it, or the question for it to be the last one.
 * @param lines With the amounts taken for digits.
 */
export function judgeDisguised(lines: readonly ReadLine[], dictation: Dictation): RedactionKind | undefined {
  if (dictation.digits.length < SHORTEST) return undefined;
  const facts = factsOf(lines, dictation);
  const { digits, atoms, alone, before, earlier, isAmount } = facts;
  const cue = cueOf(facts, isGiven(lines, dictation));
  const kind = cue === undefined ? undefined : ofCue(facts, cue);
  if (kind !== undefined || isAmount || digits.length < SHORTEST_CARD) return kind;
  const isOne = alone || atoms.length === 1 || [...before, ...earlier].some((near) => near.kind === "card");
  return isOne && !atoms.every((atom) => atom.digits.endsWith("00")) && hasCard(facts) ? "card" : undefined;
}

/** What says which number this is. */
function cueOf(facts: NumberFacts, given: boolean): NearCue | undefined {
  const { before, after, earlier, digits, alone, otherWords } = facts;
  const own = before.find(({ strong }) => strong);
  if (own !== undefined) return own.direct || (digits.length >= LONG && SENSITIVE.has(own.kind)) ? own : undefined;
  const behind = after.find(({ strong }) => strong);
  if (behind?.direct === true) return isMoment(facts) ? undefined : behind;
  if (behind?.kind === "harmless") return undefined;
  const question = earlier.find(({ strong }) => strong);
  if (question === undefined || question.linesAgo > MOST_LINES) return undefined;
  const isAlone = alone && (given || otherWords === 0 || digits.length >= SHORTEST_IN_TALK);
  const isAnswer = isAlone || (given && question.asked && question.linesAgo === 1 && otherWords <= MOST_ANSWER_WORDS);
  return isAnswer ? question : undefined;
}

/** `I believe it's 1,250`, not `the payment was 1,250`. */
function isGiven(lines: readonly ReadLine[], { pieces: [first] }: Dictation): boolean {
  if (first === undefined || first.run.fromStart) return true;
  const before = lines[first.line]?.tokens.slice(0, first.run.from).filter(({ kind }) => kind !== "mark") ?? [];
  const [second, last] = before.slice(-2).map(({ norm }) => norm);
  return GIVING_WORDS.has(last ?? "") || (LINK_WORDS.has(second ?? "") && LINK_WORDS.has(last ?? ""));
}

function ofCue(facts: NumberFacts, cue: NearCue): RedactionKind | undefined {
  const { digits, isAmount } = facts;
  const { kind, linesAgo, asked } = cue;
  const isAnswer = linesAgo > 0;
  if (isAmount && !isCodeTold(facts)) return undefined;
  if (kind === "phone") return digits.length >= SHORTEST_PHONE ? "phone" : undefined;
  if (!SENSITIVE.has(kind)) return undefined;
  if (kind === "expiry") return ofExpiry(facts, cue);
  const isAsked = asked && linesAgo === 1;
  if (isAnswer && (facts.isTime || facts.isDate || (isMoment(facts) && !(isCode(kind) && isAsked)))) return undefined;
  if (!isCode(kind)) return isOfPerson(facts, cue) ? kindOf(kind) : undefined;
  if (digits.length < (kind === "cvv" ? SHORTEST : SHORTEST_CODE)) return undefined;
  const isPlain = digits.length < SHORTEST_UNASKED || digits.endsWith("00");
  return isAnswer && !asked && isPlain ? undefined : "code";
}

/** Of a card or an account: `my account is 1,250 overdrawn`, `the balance of my account is 12,345` are none. */
function isOfPerson({ digits, before, alone, endsLine }: NumberFacts, { linesAgo, asked }: NearCue): boolean {
  const isAlone = alone && (linesAgo === 0 ? endsLine : asked);
  if (digits.length < (isAlone ? SHORTEST_CODE : SHORTEST_IN_TALK)) return false;
  if (linesAgo > 0) return true;
  const isAbout = before.some(({ kind, strong }) => strong && kind === "harmless");
  return !digits.endsWith("000") && (digits.length >= LONG || !isAbout);
}

const isMoment = ({ atoms }: NumberFacts): boolean => atoms.some((atom) => atom.isMoment);
