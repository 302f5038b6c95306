/** Seven digits or more in a row, as numbers are written: with `+`, and single blanks, dots or hyphens between. */
export const NUMBER_IN_TEXT = /\+?\d(?:[ .-]?\d){6,}/g;

/** The same in an id or a name, where a part of a random token is none. */
export const NUMBER_IN_ID = /(?<![A-Za-z0-9])\+?\d(?:[ .-]?\d){6,}(?![A-Za-z0-9])/g;

const OCTET = String.raw`(?:25[0-5]|2[0-4]\d|1?\d?\d)`;

/** What has many digits and is nobody's number: network addresses, days and times, UUIDs. */
const KEPT = [
  String.raw`(?<![\d.])${OCTET}(?:\.${OCTET}){3}(?::\d{1,5})?(?![\d.])`,
  String.raw`(?<!\d)(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:[0-2]\d|3[01])(?:T[\d:.]+Z?)?(?!\d)`,
  String.raw`\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b`,
].join("|");

/** Seven digits with what people write between them, five in a row, and a word of letters before or behind seven: `x12025550100`. */
const NUMBER = [
  String.raw`\+?\(?\d(?:[ .()/-]{0,2}\d){6,}(?![A-Za-z0-9])`,
  String.raw`\+?\d{5,}(?![A-Za-z0-9])`,
  String.raw`[A-Za-z]{1,8}\d{7,}(?![A-Za-z0-9])`,
  String.raw`\+?\d{7,}[A-Za-z]{1,8}(?![A-Za-z0-9])`,
].join("|");
const NUMBER_IN_NAME = new RegExp(`(?<kept>${KEPT})|(?<![A-Za-z0-9])(?:${NUMBER})`, "g");

/** ITU-T E.164: longer ones are several numbers, or a number and a time, that stand side by side. */
const MOST_DIGITS = 15;
const RUN = /\+?\d{5,}/g;
/** Shorter rests beside a number tell nobody's. */
const LEAST_DIGITS = 5;

/**
 * Numbers in what a program or a person has named: a user, an id, a Call-ID. A part of a random token is none.
 * @param hide Is given one number at a time.
 */
export const hideNumbersInName = (name: string, hide: (number: string) => string): string =>
  name.replaceAll(NUMBER_IN_NAME, (found: string, ...rest: unknown[]) => {
    const { kept } = rest.at(-1) as { readonly kept?: string };
    return kept ?? hideFound(found, hide);
  });

function hideFound(found: string, hide: (number: string) => string): string {
  const runs = found.match(RUN) ?? [];
  const isGrouped = !runs.some((run) => digitsOf(run) >= 7);
  if (isGrouped && digitsOf(found) <= MOST_DIGITS) return hide(found);
  const isRestNumber = digitsOf(found.replaceAll(RUN, "")) >= LEAST_DIGITS;
  return found.replaceAll(/\+?\d{5,}|\d/g, (part) => (part.length > 1 ? hide(part) : isRestNumber ? "•" : part));
}

const digitsOf = (text: string): number => text.replaceAll(/\D/g, "").length;
