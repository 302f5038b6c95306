import { highestBefore, type HeldDialogue } from "./held.js";

/** Frauds caught before they ask, at the score that so many honest calls reach at some time. */
export interface Validation {
  readonly set: string;
  readonly honest: number;
  readonly frauds: number;
  readonly warnedBefore: readonly { readonly honestWarned: number; readonly share: number }[];
}

const HONEST_WARNED = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3];

/** @param held May be in any order. @param honest Whose honest calls set the score. Default: those held. */
export function validationOf(
  set: string,
  held: readonly HeldDialogue[],
  honest: readonly HeldDialogue[] = held,
): Validation {
  const highest = (of: readonly HeldDialogue[], fraud: boolean): number[] =>
    of.filter((dialogue) => dialogue.fraud === fraud).map(highestBefore);
  const bars = highest(honest, false).sort((a, b) => b - a);
  const frauds = highest(held, true);
  return {
    set,
    honest: bars.length,
    frauds: frauds.length,
    warnedBefore: HONEST_WARNED.map((honestWarned) => {
      const from = bars[Math.floor(bars.length * honestWarned)] ?? Infinity;
      const caught = frauds.filter((sum) => sum >= from).length;
      return { honestWarned, share: Math.round((1000 * caught) / Math.max(1, frauds.length)) / 1000 };
    }),
  };
}

/** How good weights are on authors that they had not read: what settings are chosen by, so that the held-out set need not be looked at. */
export function validate(held: readonly HeldDialogue[]): Validation[] {
  const others = held.filter(({ author }) => author !== undefined);
  const authors = [...new Set(others.flatMap(({ author }) => author ?? []))].sort();
  const of = (language: string) => others.filter((dialogue) => dialogue.language === language);
  return [
    validationOf("other authors", others),
    validationOf("English", of("en")),
    validationOf("Spanish", of("es")),
    ...authors.map((author) => {
      const own = others.filter((dialogue) => dialogue.author === author);
      return validationOf(`author ${author}, at the others' score`, own, others);
    }),
  ];
}
