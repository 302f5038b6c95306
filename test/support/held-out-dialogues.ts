import { readdirSync, readFileSync } from "node:fs";
import {
  parseSlots,
  parseStories,
  tellAll,
  type LabelledDialogue,
  type Slots,
  type Story,
} from "../../detection/index.js";

const FOLDER = new URL("../fixtures/threat/test/", import.meta.url);
const LANGUAGES = ["en", "es"] as const;

function stories(): Story[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(".story"))
    .sort()
    .flatMap((name) => {
      const language = LANGUAGES.find((known) => name.includes(`-${known}`)) ?? "en";
      return parseStories(readFileSync(new URL(name, FOLDER), "utf8"), language);
    });
}

export interface HeldOutOptions {
  /** At least so many of each; families give equal shares. */
  readonly honest: number;
  readonly frauds: number;
  readonly wordErrorRate: number;
  readonly seed: number;
}

/** Dialogues of families that training, lexicons and thresholds have never seen, written by another author. */
export function heldOutDialogues({ honest, frauds, wordErrorRate, seed }: HeldOutOptions): LabelledDialogue[] {
  const slots = new Map(
    LANGUAGES.map((language) => [
      language as string,
      parseSlots(readFileSync(new URL(`slots-${language}.txt`, FOLDER), "utf8")),
    ]),
  );
  const slotsOf = (language: string): Slots => slots.get(language) ?? new Map<string, never>();
  const all = stories();
  const some = (isFraud: boolean, wanted: number): LabelledDialogue[] => {
    const chosen = all.filter(({ suspect }) => (suspect !== undefined) === isFraud);
    const perStory = Math.ceil(wanted / chosen.length);
    return tellAll(chosen, { slotsOf, perStory, wordErrorRates: [wordErrorRate], chained: 0.1, seed });
  };
  return [...some(false, honest), ...some(true, frauds)];
}
