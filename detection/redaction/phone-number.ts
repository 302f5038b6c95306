import type { NumberAtom } from "./number-atoms.js";
import { SENSITIVE, type NearCue, type Surroundings } from "./surroundings.js";
import type { Token } from "./tokens.js";

/** `plus`: with its country's code · `grouped`: as North America writes them. */
export type PhoneShape = "plus" | "grouped";

interface SaidNumber extends Surroundings {
  readonly digits: string;
  readonly atoms: readonly NumberAtom[];
  readonly phoneShape: PhoneShape | undefined;
}

const SHORTEST_PHONE = 6;
const LONGEST_PHONE = 15;
const SHORTEST_WITH_PLUS = 7;
const SHORTEST_WITH_AREA = 10;
const WORDS_BEFORE = 8;
const WORDS_AFTER = 3;
const ADJACENT_WORDS = 3;
/** Lines between a question and the number that answers it. */
const MOST_LINES = 3;
const LAST_QUESTION = 2;
/** Ten digits of North America and Mexico; nine of Spain; with 0 for one's own country, with its code, or as dialled abroad. */
const TELEPHONE = /^(?:1?[2-9]\d{9}|(?:(?:00)?34)?[6-9]\d{8}|0[1-9]\d{8,9}|(?:00|011)[1-9]\d{7,}|(?:44|52)\d{10})$/;
/** `555 0123`, `5550 0123`. */
const LOCAL_GROUPS = /^[34],4$/;
const SOCIAL_SECURITY_GROUPS = "3,2,4";

/**
 * Whether a number is one to call. Codes come by telephone too: beside a strong cue for a secret, in its line or in the question before, only a number
 * with a telephone's form is one, and only where the nearer cue says so; `message`, `phone` and the like never make one of other numbers.
 */
export function isPhone(said: SaidNumber): boolean {
  const { digits, earlier, phoneShape } = said;
  const own = ownCue(said);
  if (phoneShape === "plus") return own === undefined || own.kind === "phone";
  if (digits.length < SHORTEST_PHONE || digits.length > LONGEST_PHONE) return false;
  // Something rings in its own line: then an earlier question for a secret has to be the last one.
  const isHere = hasWeakCue(said, WORDS_BEFORE);
  const asked = earlier.find((cue) =>
    isSensitive(cue) ? !isHere || cue.linesAgo <= LAST_QUESTION : isTelling(cue) && cue.linesAgo <= MOST_LINES,
  );
  const isRinging = (own ?? asked)?.kind === "phone";
  // An earlier line that tells of a message says nothing of the next one's number.
  const isNear = earlier.some(({ kind, linesAgo }) => kind === "phone" && linesAgo <= MOST_LINES);
  if (isTelephone(said))
    return own === undefined && asked === undefined ? phoneShape !== undefined || isHere || isNear : isRinging;
  if (said.before.some(isSensitive)) return false;
  if (hasSecretCue(said)) return isCalled(said) || (isRinging && isLocal(said));
  if (own !== undefined || asked !== undefined) return isRinging;
  return isLocal(said) && (hasWeakCue(said, ADJACENT_WORDS) || isNear);
}

/** `my phone number is 555 0123`, whatever was asked before. */
function isCalled({ before, digits }: SaidNumber): boolean {
  const near = before.find(isTelling);
  const isRinging = near?.kind === "phone" && near.words <= 2;
  return isRinging && digits.length > SHORTEST_PHONE;
}

const isSensitive = ({ kind, strong }: NearCue): boolean => strong && SENSITIVE.has(kind);
/** It says which number is meant: a secret, or a telephone's. */
const isTelling = (cue: NearCue): boolean => isSensitive(cue) || (cue.strong && cue.kind === "phone");

/** The nearest of its own line that says which number is meant. */
function ownCue({ before, after }: Surroundings): NearCue | undefined {
  const here = before.find((cue) => isSensitive(cue) || (isTelling(cue) && cue.words <= WORDS_BEFORE));
  return here ?? after.find((cue) => isTelling(cue) && cue.words <= WORDS_AFTER);
}

const hasSecretCue = ({ before, after, earlier }: Surroundings): boolean =>
  before.some(isSensitive) ||
  after.some((cue) => isSensitive(cue) && cue.words <= WORDS_AFTER) ||
  earlier.some((cue) => isSensitive(cue) && cue.linesAgo <= MOST_LINES);

const hasWeakCue = ({ before, after }: Surroundings, mostWords: number): boolean =>
  before.some((cue) => isOfPhones(cue) && cue.words <= mostWords) ||
  after.some((cue) => isOfPhones(cue) && cue.words <= WORDS_AFTER);

const isOfPhones = ({ kind }: NearCue): boolean => kind === "phone" || kind === "told-by-phone";

function isTelephone({ digits, atoms, phoneShape }: SaidNumber): boolean {
  if (phoneShape !== undefined) return true;
  return TELEPHONE.test(digits) && groupsOf(atoms) !== SOCIAL_SECURITY_GROUPS;
}

const isLocal = ({ atoms }: SaidNumber): boolean => LOCAL_GROUPS.test(groupsOf(atoms));

const groupsOf = (atoms: readonly NumberAtom[]): string =>
  atoms.every(({ form }) => form === "group") ? atoms.map(({ digits }) => digits.length).join() : "";

/** `+44 …`, `plus forty four …`, `(602) …`, `602-555-0123`. */
export function phoneShapeOf(tokens: readonly Token[], from: number, digits: string): PhoneShape | undefined {
  const prior = tokens[from - 1]?.norm;
  if (prior === "+") return "plus";
  if ((prior === "plus" || prior === "mas") && digits.length >= SHORTEST_WITH_PLUS) return "plus";
  const parts = tokens.slice(from, from + 5).map(({ norm }) => norm);
  const isDashed =
    parts.map((part) => part.length).join() === "3,1,3,1,4" &&
    (parts[1] === "-" || parts[1] === ".") &&
    parts[3] === parts[1];
  if (isDashed && tokens.slice(from + 1, from + 5).every(({ glued }) => glued)) return "grouped";
  const hasArea = prior === "(" && tokens[from + 1]?.norm === ")" && (tokens[from]?.norm.length ?? 0) <= 3;
  return hasArea && digits.length >= SHORTEST_WITH_AREA ? "grouped" : undefined;
}
