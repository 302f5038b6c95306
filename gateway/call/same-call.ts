import type { CallIdentity, LiveCall } from "./contracts.js";

type Parties = Pick<CallIdentity, "caller" | "called">;

/** Fewer digits are an extension or a short code, which another system may put in a number's place. */
const NUMBER_DIGITS = 7;
/** So many at the end are the same line, whatever is dialled before them. */
const LINE_DIGITS = 10;

/**
 * The hop's call of which another system tells under its Call-ID. Callers choose Call-IDs: one to another number from another caller
 * is another call, put beside it. Both sides need not agree, for a switch may write numbers by another plan, and name an extension.
 *
 * @param calls All live ones with that Call-ID.
 */
export function hopCallOf(calls: readonly LiveCall[], reported: Parties): LiveCall | undefined {
  const same =
    calls.find(({ identity }) => identity.called === reported.called) ??
    calls.find(({ identity }) => isSameNumber(identity.called, reported.called));
  const [only] = calls;
  return same ?? (calls.length === 1 && only !== undefined && mayBeOne(only.identity, reported) ? only : undefined);
}

/**
 * May both be of one call? Where the numbers differ, only a report can say less than the hop knows: an extension, or nobody. What the
 * hop was told is no reason: anybody may place a call there, from his own number or to nobody, that would hide one under its Call-ID.
 */
export function mayBeOne(carried: Parties, reported: Parties): boolean {
  if (isSameNumber(carried.called, reported.called) || isNobody(reported.called)) return true;
  if (!isShort(reported.called)) return false;
  const isWithheld = isAnonymous(carried.caller) || isAnonymous(reported.caller);
  return isWithheld || isSameNumber(carried.caller, reported.caller);
}

/**
 * As two systems write one number: `+12025550142`, `2025550142`, `0012025550142`. Two whole ones that differ are two, however they end,
 * and what the hop was told has to be as long as a line's: else a call to any number that ends alike would be taken for the reported one.
 */
export function isSameNumber(carried: string, reported: string): boolean {
  if (isAnonymous(carried) || isAnonymous(reported)) return false;
  if (carried === reported) return true;
  const isWhole = carried.startsWith("+");
  if (isWhole && reported.startsWith("+")) return false;
  const [ours, theirs] = [digitsOf(carried), digitsOf(reported)];
  if (ours.length < (isWhole ? NUMBER_DIGITS : LINE_DIGITS) || theirs.length < NUMBER_DIGITS) return false;
  if (ours.endsWith(theirs) || theirs.endsWith(ours)) return true;
  return theirs.length >= LINE_DIGITS && ours.slice(-LINE_DIGITS) === theirs.slice(-LINE_DIGITS);
}

/** Of a number, without what is dialled before it; empty: a name. */
const digitsOf = (id: string): string => /^\+?0*(\d+)$/.exec(id)?.[1] ?? "";
const isShort = (id: string): boolean => /^\d+$/.test(id) && id.length < NUMBER_DIGITS;
const isAnonymous = (caller: string): boolean => caller.startsWith("anonymous@");
const isNobody = (called: string): boolean => called === "unknown";
