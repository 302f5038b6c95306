import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SeededRandom } from "./seeded-random.js";

/** Texts with labelled spans, and honest dialogues, that others wrote; not part of the repository, kept beside it where somebody has them. */
const FOLDER = fileURLToPath(new URL("../../../shared/cases/transcripts/", import.meta.url));

/** Why the cases cannot run here; undefined where they can. Give it to `test` as `skip`. */
export function missingMaskingCases(): string | undefined {
  return existsSync(join(FOLDER, "masking"))
    ? undefined
    : "the optional folder transcripts/masking is not on this machine";
}

export interface LabelledText {
  readonly full_text: string;
  readonly spans: readonly {
    readonly entity_type: string;
    readonly entity_value: string;
    readonly start_position: number;
    readonly end_position: number;
  }[];
}

export const SECRET_LABELS: ReadonlySet<string> = new Set(["CREDIT_CARD", "IBAN_CODE", "US_SSN", "US_DRIVER_LICENSE"]);

const readJson = (name: string): unknown => JSON.parse(readFileSync(join(FOLDER, name), "utf8"));

export const labelledTexts = (): readonly LabelledText[] =>
  ["generated_small.json", "synth_dataset_v2.json"].flatMap(
    (name) => readJson(`masking/presidio-research/${name}`) as LabelledText[],
  );

/** The turns of honest calls; none of them has a card, a code or an id, but one account number of ten digits. */
export function honestDialogues(): readonly (readonly (readonly [isAgent: boolean, text: string])[])[] {
  const sgd = readFileSync(join(FOLDER, "neg/sgd/selection.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { turns: { speaker: string; text: string }[] }).turns)
    .map((turns) => turns.map(({ speaker, text }) => [speaker === "SYSTEM", text] as const));
  const abcd = (readJson("neg/abcd/abcd_sample.json") as { original?: [string, string][] }[]).map(({ original = [] }) =>
    original.map(([speaker, text]) => [speaker === "agent", text] as const),
  );
  return [...sgd, ...abcd];
}

const UNITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(" ");
const TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split(" ");

/** A number as people dictate it and recognisers write it down: digits, pairs, doubles, `oh`, hesitation, groups in writing, now and then a digit lost. */
export function dictated(digits: string, random: SeededRandom): string {
  const words: string[] = [];
  for (let at = 0; at < digits.length;) {
    const here = digits.slice(at);
    const roll = random.below(100);
    if (roll < 2) at++;
    else if (roll < 12) {
      const size = Math.min(2 + random.below(3), here.length);
      words.push(here.slice(0, size));
      at += size;
    } else if (roll < 30 && here.length > 1 && here[0] !== "0") {
      words.push(pairInWords(Number(here.slice(0, 2))));
      at += 2;
    } else if (here[0] === here[1] && roll < 80) {
      words.push(`double ${UNITS[Number(here[0])] ?? ""}`);
      at += 2;
    } else {
      words.push(here.startsWith("0") && roll < 65 ? "oh" : (UNITS[Number(here[0])] ?? ""));
      at++;
    }
    const noise = random.below(100);
    if (noise < 5) words.push("uh");
    else if (noise < 8) words.push("and");
    else if (noise < 14) words.push(`${words.pop() ?? ""},`);
  }
  while (words.at(-1) === "uh" || words.at(-1) === "and") words.pop();
  return words.join(" ").replace(/,$/, "");
}

function pairInWords(value: number): string {
  if (value < 20) return TEENS[value - 10] ?? "";
  const unit = value % 10;
  return `${TENS[Math.floor(value / 10) - 2] ?? ""}${unit === 0 ? "" : ` ${UNITS[unit] ?? ""}`}`;
}
