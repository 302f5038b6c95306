import type { Token } from "./tokens.js";

const UNIT_SUFFIX = new Set("st nd rd th am pm k m s h km kg cm mm gb mb hs hrs min mins º ª".split(" "));
/** What a recogniser hears as `4532%` may be one. */
const SHORTEST_CODE = 4;
/** A longer number with a letter behind it is an id. */
const LONGEST_MEASURED = 4;
/** Behind the first group of a number with thousands separators: ten groups more. */
const MOST_GROUP_TOKENS = 20;
/** An address has four groups; one more, and it is none. */
const MOST_DOTTED = 5;

export interface HarmlessShape {
  /** Where it ends, of tokens. */
  readonly to: number;
  readonly isMoment: boolean;
  /** As they stand in it; of a percentage and of degrees none, but where they are as many as a code's. */
  readonly digits: string;
}

/**
 * Whether the group of digits at `at` begins a date, a time, a decimal, a number with thousands separators, an address of a machine, an ordinal
 * or a measure. A recogniser writes secrets in these shapes too: what is said around decides. @returns undefined: it is none of them.
 */
export function harmlessShape(tokens: readonly Token[], at: number): HarmlessShape | undefined {
  const moment = dateAt(tokens, at) ?? timeAt(tokens, at);
  const to = moment ?? thousandsAt(tokens, at) ?? dottedAt(tokens, at) ?? suffixed(tokens, at);
  if (to === undefined) return undefined;
  let digits = "";
  for (let i = at; i < to; i++) digits += digitsAt(tokens, i) ?? "";
  const isShare = /[%°]/.test(tokens[to - 1]?.norm ?? "") && digits.length < SHORTEST_CODE;
  return { to, isMoment: moment !== undefined, digits: isShare ? "" : digits };
}

const digitsAt = (tokens: readonly Token[], at: number): string | undefined => {
  const token = tokens[at];
  return token?.kind === "digits" ? token.norm : undefined;
};
/** The mark at `at`, when nothing is between it and its neighbours. */
const markAt = (tokens: readonly Token[], at: number): string | undefined => {
  const [token, next] = [tokens[at], tokens[at + 1]];
  return token?.kind === "mark" && token.glued && next?.glued === true ? token.norm : undefined;
};

/** `12/5/1986`, `1986-05-12`, `12.5.86`. */
function dateAt(tokens: readonly Token[], at: number): number | undefined {
  const mark = markAt(tokens, at + 1);
  if (mark === undefined || !"/-.".includes(mark) || markAt(tokens, at + 3) !== mark) return undefined;
  const [first, second, third] = [digitsAt(tokens, at), digitsAt(tokens, at + 2), digitsAt(tokens, at + 4)];
  if (first === undefined || second === undefined || third === undefined || markAt(tokens, at + 5) === mark)
    return undefined;
  const isDay = (text: string): boolean => text.length <= 2 && Number(text) >= 1 && Number(text) <= 31;
  const isYear = (text: string): boolean => /^(?:19|20)\d\d$/.test(text) || (text.length === 2 && mark !== "-");
  if (!isDay(second)) return undefined;
  return (isDay(first) && isYear(third)) || (isYear(first) && isDay(third)) ? at + 5 : undefined;
}

/** `2,3` of `1,2,3` is no decimal: digits were listed. */
const goesOn = (tokens: readonly Token[], at: number, mark: string): boolean =>
  markAt(tokens, at - 1) === mark && digitsAt(tokens, at - 2) !== undefined;

/** `9:30`, `22:50:23`. */
function timeAt(tokens: readonly Token[], at: number): number | undefined {
  const [hours, minutes] = [digitsAt(tokens, at), digitsAt(tokens, at + 2)];
  if (markAt(tokens, at + 1) !== ":" || hours === undefined || minutes?.length !== 2) return undefined;
  if (hours.length > 2 || Number(hours) > 24 || Number(minutes) > 59) return undefined;
  const seconds = markAt(tokens, at + 3) === ":" ? digitsAt(tokens, at + 4) : undefined;
  return seconds?.length === 2 ? at + 5 : at + 3;
}

/** `1,234`, `1.234.567`, `1,234.56`: two groups of three or a decimal behind them make sure. */
function thousandsAt(tokens: readonly Token[], at: number): number | undefined {
  const first = digitsAt(tokens, at);
  const mark = markAt(tokens, at + 1);
  if (first === undefined || first.length > 3 || first.startsWith("0") || (mark !== "," && mark !== "."))
    return undefined;
  if (goesOn(tokens, at, mark)) return undefined;
  let to = at + 1;
  while (to < at + MOST_GROUP_TOKENS && markAt(tokens, to) === mark && digitsAt(tokens, to + 1)?.length === 3) to += 2;
  if (to === at + 1) return undefined;
  const next = markAt(tokens, to);
  const follows = digitsAt(tokens, to + 1);
  if (next === undefined || follows === undefined) return to;
  return next !== mark && (next === "." || next === ",") && follows.length <= 2 ? to + 2 : undefined;
}

/** `3.14`, `20,50`, and `192.0.2.1`. */
function dottedAt(tokens: readonly Token[], at: number): number | undefined {
  const first = digitsAt(tokens, at);
  const mark = markAt(tokens, at + 1);
  if (first === undefined || (mark !== "." && mark !== ",") || goesOn(tokens, at, mark)) return undefined;
  let to = at + 1;
  let groups = 1;
  while (groups < MOST_DOTTED && markAt(tokens, to) === mark && (digitsAt(tokens, to + 1)?.length ?? 9) <= 3) {
    to += 2;
    groups++;
  }
  if (mark === "." && groups === 4 && first.length <= 3) return to;
  const decimals = digitsAt(tokens, at + 2) ?? "";
  return groups === 2 && decimals.length <= 2 && first.length <= 7 && markAt(tokens, to) === undefined ? to : undefined;
}

/** `4th`, `10am`, `5k`, `20%`. */
function suffixed(tokens: readonly Token[], at: number): number | undefined {
  const next = tokens[at + 1];
  if (next === undefined) return undefined;
  if (next.norm === "%" || next.norm === "°") return at + 2;
  if ((digitsAt(tokens, at)?.length ?? 0) > LONGEST_MEASURED) return undefined;
  const isLast = tokens[at + 2]?.glued !== true || tokens[at + 2]?.kind === "mark";
  return next.glued && next.kind === "word" && UNIT_SUFFIX.has(next.norm) && isLast ? at + 2 : undefined;
}
