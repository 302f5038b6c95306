import { sameParty, type Passport, type PassportParty } from "./passport.js";

/** Redirections that are followed; more are no way that a call takes. */
export const MOST_DIVERSIONS = 5;

/**
 * The `div` PASSporTs that lead from the destination of `first` to where the call goes now. RFC 8946 §4.2: each names in `div` a
 * destination of the one before, and all have the same originator.
 *
 * @returns In order; empty: `first` names one of the `targets` itself; undefined: nothing leads there.
 */
export function divChain(
  first: Passport,
  divs: readonly Passport[],
  targets: readonly PassportParty[],
): readonly Passport[] | undefined {
  const names = (passport: Passport): boolean =>
    passport.dest.some((dest) => targets.some((target) => sameParty(dest, target)));
  const chain: Passport[] = [];
  let last = first;
  while (!names(last)) {
    if (chain.length === MOST_DIVERSIONS) return undefined;
    const next = nextOf(last, first, divs, chain);
    if (next === undefined) return undefined;
    chain.push(next);
    last = next;
  }
  return chain;
}

/** The last PASSporT of the chain that begins with `first`, wherever it leads: what a further `div` continues. */
export function lastOfChain(first: Passport, divs: readonly Passport[]): Passport {
  const chain: Passport[] = [];
  let last = first;
  while (chain.length < MOST_DIVERSIONS) {
    const next = nextOf(last, first, divs, chain);
    if (next === undefined) break;
    chain.push(next);
    last = next;
  }
  return last;
}

function nextOf(
  last: Passport,
  first: Passport,
  divs: readonly Passport[],
  used: readonly Passport[],
): Passport | undefined {
  return divs.find((each) => {
    const { div } = each;
    if (div === undefined || used.includes(each) || !sameParty(each.orig, first.orig)) return false;
    return last.dest.some((dest) => sameParty(dest, div));
  });
}
