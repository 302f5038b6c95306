import type { Token } from "../text/tokens.js";
import { compileLexicon, type Lexicon, type LexiconText, type Pattern, type PatternElement } from "./lexicon.js";
import { TokenClasses, type Unit } from "./token-classes.js";

/** A cue at tokens `from` to `to` (exclusive). */
export interface CueHit {
  readonly cue: number;
  readonly from: number;
  readonly to: number;
}

/** How far back a "not" reaches, in weighty words. */
const NEGATION_REACH = 3;
const REPORT_REACH = 7;
const EXCEPT_REACH = 6;
/** So many small words of a language, and four times those of another: the other's patterns are not tried. */
const SURE_STOPS = 3;
const SURE_RATIO = 4;
/** "Not urgent" and "you will not be arrested" press nobody. */
const DENIABLE = new Set([
  "pressure.urgency",
  "pressure.threat",
  "pressure.scarcity",
  "pretext.legal",
  "pretext.extort",
]);
const DIGITS_READ = 4;
/** A new sentence between two words of a pattern counts as so many words. */
const SENTENCE_COST = 2;

/**
 * Finds cues in a turn: compiled patterns over word classes, with gaps. A demand that is negated ("never tell anyone your code") or
 * told of others ("they asked for my code") becomes another cue. Reads no regular expressions; its time is bounded by the words of
 * the turn times the patterns that begin with them.
 */
export class CueMatcher {
  readonly cueNames: readonly string[];
  readonly #lexicon: Lexicon;
  readonly #classes: TokenClasses;
  /** By class of the first element. */
  readonly #patterns: Pattern[][];
  readonly #isRequest: readonly boolean[];
  readonly #isDeniable: readonly boolean[];
  readonly #isRisk: readonly boolean[];
  readonly #roles: readonly RoleClasses[];
  readonly #derived: Record<"notRequest" | "reported" | "onlyMe" | "digits" | "fraudAlert", number>;
  readonly #present: Uint8Array;

  /** @param isKnown Words that are right though no class has them: they are not corrected. */
  constructor(texts: readonly LexiconText[], isKnown: (word: string) => boolean) {
    const lexicon = compileLexicon(texts);
    this.#lexicon = lexicon;
    this.cueNames = lexicon.cueNames;
    this.#classes = new TokenClasses(lexicon, isKnown);
    this.#patterns = lexicon.classes.map(() => []);
    for (const pattern of lexicon.patterns) {
      for (const id of pattern.elements[0]?.classes ?? []) this.#patterns[id]?.push(pattern);
    }
    this.#isRequest = lexicon.cueNames.map((name) => name.startsWith("request."));
    this.#isDeniable = lexicon.cueNames.map((name) => DENIABLE.has(name));
    this.#isRisk = lexicon.cueNames.map((name) => /^(?:claim|pretext|pressure|request)\./.test(name));
    this.#roles = lexicon.languages.map((_, language) => rolesOf(lexicon, language));
    const cue = (name: string): number => lexicon.cueNames.indexOf(name);
    this.#derived = {
      notRequest: cue("not.request"),
      reported: cue("honest.reported"),
      onlyMe: cue("pressure.only-me"),
      digits: cue("digits.read"),
      fraudAlert: cue("pretext.fraud-alert"),
    };
    this.#present = new Uint8Array(lexicon.classes.length);
  }

  /** @returns The cues of a turn, each with the first place where it shows; in no order. */
  match(tokens: readonly Token[]): CueHit[] {
    const units = this.#unitsOf(tokens);
    const skip = this.#languageToSkip(tokens);
    const hits = new Map<number, CueHit>();
    units.forEach((here, from) => {
      for (const { wordClass, end } of here) {
        for (const pattern of this.#patterns[wordClass] ?? []) {
          if (pattern.language === skip || !this.#mayMatch(pattern)) continue;
          if (hits.has(pattern.cue) && this.#isRequest[pattern.cue] === false) continue;
          const to = this.#rest(pattern.elements, 1, end, tokens, units);
          if (to < 0) continue;
          const cue = this.#turned(pattern, from, to, tokens, units);
          if (cue >= 0 && !hits.has(cue)) hits.set(cue, { cue, from, to });
        }
      }
    });
    for (const here of units) for (const { wordClass } of here) this.#present[wordClass] = 0;
    this.#dropToldOfFraud(hits);
    this.#dropTold(hits);
    const digits = digitRun(tokens);
    if (digits !== undefined) hits.set(this.#derived.digits, { cue: this.#derived.digits, ...digits });
    return [...hits.values()];
  }

  /** "Someone tried to move money out of your account" tells of no demand: it is the story itself. */
  #dropToldOfFraud(hits: Map<number, CueHit>): void {
    const told = hits.get(this.#derived.reported);
    const alert = hits.get(this.#derived.fraudAlert);
    if (told !== undefined && alert !== undefined && told.from < alert.to && alert.from < told.to) {
      hits.delete(this.#derived.reported);
    }
  }

  /** What comes after "scammers call and say that" or "a man told me" in a turn is told of others. */
  #dropTold(hits: Map<number, CueHit>): void {
    const told = hits.get(this.#derived.reported);
    if (told === undefined) return;
    for (const [cue, { from }] of hits) if (this.#isRisk[cue] === true && from >= told.from) hits.delete(cue);
  }

  #unitsOf(tokens: readonly Token[]): Unit[][] {
    return tokens.map(({ word }, at) => {
      const here: Unit[] = [];
      for (const wordClass of this.#classes.classesOf(word)) here.push({ wordClass, end: at + 1 });
      this.#classes.phrasesAt(tokens, at, here);
      const units = here.some(({ end }) => end > at + 1)
        ? here.filter((unit) => !this.#isBareNegation(unit, at))
        : here;
      for (const { wordClass } of units) this.#present[wordClass] = 1;
      return units;
    });
  }

  /** The "not" of "not authorised", where that is one unit, denies nothing else. */
  #isBareNegation({ wordClass, end }: Unit, at: number): boolean {
    return end === at + 1 && this.#roles.some(({ neg }) => neg === wordClass);
  }

  #languageToSkip(tokens: readonly Token[]): number {
    const counts = this.#lexicon.languages.map((_, language) => this.#classes.stopsIn(tokens, language));
    const best = Math.max(...counts);
    if (best < SURE_STOPS || counts.length !== 2) return -1;
    return counts.findIndex((count) => count * SURE_RATIO <= best);
  }

  #mayMatch({ elements }: Pattern): boolean {
    for (const { classes } of elements) if (!classes.some((id) => this.#present[id] === 1)) return false;
    return true;
  }

  /** @returns The token after the last element, or -1. Takes the nearest words that fit. */
  #rest(
    elements: readonly PatternElement[],
    index: number,
    after: number,
    tokens: readonly Token[],
    units: readonly Unit[][],
  ): number {
    const element = elements[index];
    if (element === undefined) return after;
    let passed = 0;
    for (let at = after; at < tokens.length; at++) {
      if (tokens[at]?.breakBefore === 2) passed += SENTENCE_COST;
      if (passed > element.gap) return -1;
      for (const { wordClass, end } of units[at] ?? []) {
        if (!element.classes.includes(wordClass)) continue;
        const to = this.#rest(elements, index + 1, end, tokens, units);
        if (to >= 0) return to;
      }
      if (!this.#classes.isStop(tokens[at]?.word ?? "")) passed++;
    }
    return -1;
  }

  /** A demand may be denied or only told of, a threat denied. @returns The cue that it is then; -1 for none. */
  #turned(pattern: Pattern, from: number, to: number, tokens: readonly Token[], units: readonly Unit[][]): number {
    const isRequest = this.#isRequest[pattern.cue] === true;
    const roles = this.#roles[pattern.language];
    if (roles === undefined || (!isRequest && this.#isDeniable[pattern.cue] !== true)) return pattern.cue;
    const negation = this.#before(roles.neg, from, isRequest ? NEGATION_REACH : 0, tokens, units);
    if (!isRequest) return negation >= 0 && this.#before(roles.if, negation, 2, tokens, units) < 0 ? -1 : pattern.cue;
    if (negation >= 0 && this.#before(roles.if, negation, 2, tokens, units) < 0) {
      const except = this.#after(roles.except, to, EXCEPT_REACH, tokens, units);
      return except ? this.#derived.onlyMe : this.#derived.notRequest;
    }
    if (this.#before(roles.past, from, NEGATION_REACH + 1, tokens, units) >= 0) return this.#derived.reported;
    const told = this.#before(roles.reported, from, NEGATION_REACH, tokens, units);
    if (told >= 0 && this.#before(roles.report, told, REPORT_REACH - NEGATION_REACH, tokens, units) >= 0) {
      return this.#derived.reported;
    }
    return pattern.cue;
  }

  /** @returns Where the class stands at most `reach` weighty words before `from`, in the same sentence; -1 if nowhere. */
  #before(wordClass: number, from: number, reach: number, tokens: readonly Token[], units: readonly Unit[][]): number {
    let passed = 0;
    for (let at = from - 1; at >= 0 && passed <= reach; at--) {
      if ((tokens[at + 1]?.breakBefore ?? 0) > 0) return -1;
      if (units[at]?.some((unit) => unit.wordClass === wordClass && unit.end <= from) === true) return at;
      if (!this.#classes.isStop(tokens[at]?.word ?? "")) passed++;
    }
    return -1;
  }

  #after(wordClass: number, to: number, reach: number, tokens: readonly Token[], units: readonly Unit[][]): boolean {
    const end = Math.min(tokens.length, to + reach);
    for (let at = to; at < end; at++) {
      if (units[at]?.some((unit) => unit.wordClass === wordClass) === true) return true;
    }
    return false;
  }
}

interface RoleClasses {
  readonly neg: number;
  readonly if: number;
  readonly except: number;
  readonly past: number;
  readonly report: number;
  readonly reported: number;
}

function rolesOf({ classes }: Lexicon, language: number): RoleClasses {
  const find = (name: string): number =>
    classes.findIndex((wordClass) => wordClass.language === language && wordClass.name === name);
  return {
    neg: find("neg"),
    if: find("if"),
    except: find("except"),
    past: find("past"),
    report: find("report"),
    reported: find("reported"),
  };
}

const DIGIT_WORDS = new Set(
  (
    "zero oh o one two three four five six seven eight nine double triple " +
    "cero uno dos tres cuatro cinco seis siete ocho nueve doble"
  ).split(" "),
);

/** Four digits or more, read out in two words or more, or five in one. Amounts, times and years are none. */
function digitRun(tokens: readonly Token[]): { from: number; to: number } | undefined {
  let digits = 0;
  let words = 0;
  for (let i = 0; i <= tokens.length; i++) {
    const token = tokens[i];
    const count = token === undefined ? 0 : digitsIn(token);
    if (count > 0) {
      digits += count;
      words++;
      continue;
    }
    if (digits >= DIGITS_READ && (words > 1 || digits > DIGITS_READ)) return { from: i - words, to: i };
    digits = 0;
    words = 0;
  }
  return undefined;
}

function digitsIn({ word, start, end }: Token): number {
  if (DIGIT_WORDS.has(word)) return 1;
  return /^\d+$/.test(word) && end - start === word.length ? word.length : 0;
}
