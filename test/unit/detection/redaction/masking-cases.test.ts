// Texts that others labelled. Rules were corrected on the written ones, so their figures are no forecast for unseen text; what is spoken is made of them with
// a seed, and measured by what stays readable of a number: four digits in a row, or more.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Redactor, redactText } from "../../../../detection/redaction/redactor.js";
import {
  dictated,
  honestDialogues,
  labelledTexts,
  missingMaskingCases,
  SECRET_LABELS,
  type LabelledText,
} from "../../../support/masking-cases.js";
import { SeededRandom } from "../../../support/seeded-random.js";

const skip = missingMaskingCases() ?? false;
const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} % (${part}/${whole})`;

/** One that stays is a number in a log: a floor of 99 % leaves none of 190 but one. Telephone numbers that go too are counted apart: they are personal as well. */
test("written: recall ≥ 99 %, precision ≥ 97 %", { skip }, (t) => {
  let [secrets, found, redactions, right, phones] = [0, 0, 0, 0, 0];
  for (const { full_text: text, spans: labels } of labelledTexts()) {
    const { spans } = redactText(text);
    for (const label of labels) {
      if (!SECRET_LABELS.has(label.entity_type)) continue;
      secrets++;
      if (spans.some(({ start, end }) => start <= label.start_position && end >= label.end_position)) found++;
    }
    for (const { start, end } of spans) {
      const touched = labels.filter((label) => label.start_position < end && label.end_position > start);
      if (touched.some(({ entity_type: type }) => SECRET_LABELS.has(type))) right++;
      else if (touched.some(({ entity_type: type }) => type === "PHONE_NUMBER")) phones++;
      redactions++;
    }
  }
  t.diagnostic(`recall ${percent(found, secrets)}, precision ${percent(right, redactions - phones)}, phones ${phones}`);
  assert.ok(secrets > 150 && found / secrets >= 0.99);
  assert.ok(right / (redactions - phones) >= 0.97);
});

const numbersOf = (
  texts: readonly LabelledText[],
): readonly (readonly [before: string, digits: string, after: string])[] =>
  texts.flatMap(({ full_text: text, spans }) =>
    spans
      .filter(({ entity_type: type, entity_value: value }) => SECRET_LABELS.has(type) && /^[\d-]{9,}$/.test(value))
      .map(({ start_position: start, end_position: end, entity_value: value }) => {
        const sentence = text.replaceAll("\n", " ");
        return [sentence.slice(0, start), value.replaceAll("-", ""), sentence.slice(end)] as const;
      }),
  );

/** What is left of a dictated number: the longest row of its words. */
function leftOf(words: readonly string[], shown: string): number {
  let [longest, row] = [0, 0];
  for (const word of words) {
    row = shown.includes(word) ? row + 1 : 0;
    longest = Math.max(longest, row);
  }
  return longest;
}

/** A digit lost breaks every check digit, so what is said around has to carry it. */
test("spoken in one sentence, with noise: 97 % of the numbers go", { skip }, (t) => {
  const random = new SeededRandom(41);
  const numbers = numbersOf(labelledTexts());
  let gone = 0;
  for (const [before, digits, after] of numbers) {
    const said = dictated(digits, random);
    const { spans } = redactText(`${before}${said}${after}`);
    const [start, end] = [before.length, before.length + said.length];
    if (spans.some((span) => span.start <= start + 8 && span.end >= end)) gone++;
  }
  t.diagnostic(`gone ${percent(gone, numbers.length)}`);
  assert.ok(numbers.length > 100 && gone / numbers.length >= 0.97);
});

test("spoken in pieces, with the other's okay between: 97 % of the numbers go, whatever was asked", { skip }, (t) => {
  const random = new SeededRandom(42);
  const numbers = numbersOf(labelledTexts());
  const answers = ["okay", "go on", "mhm yes", "and then?"];
  let gone = 0;
  for (const [, digits] of numbers) {
    const redactor = new Redactor();
    const pieces: string[] = [];
    for (let at = 0; at < digits.length;) {
      const size = 3 + random.below(3);
      pieces.push(dictated(digits.slice(at, at + size), random));
      at += size;
    }
    const shown = new Map<number, string>();
    const add = (speaker: "caller" | "callee", text: string, key: number): void => {
      const line = redactor.add({ speaker, text, key });
      shown.set(key, line.text);
      for (const revision of line.revised) shown.set(revision.key, revision.text);
    };
    pieces.forEach((piece, index) => {
      add("callee", piece, 2 * index);
      add("caller", answers[random.below(answers.length)] ?? "", 2 * index + 1);
    });
    const left = Math.max(...pieces.map((piece, index) => leftOf(piece.split(" "), shown.get(2 * index) ?? "")));
    if (left < 2) gone++;
  }
  t.diagnostic(`gone ${percent(gone, numbers.length)}`);
  assert.ok(gone / numbers.length >= 0.97);
});

/** Amounts, dates, times, phone numbers, reservations: what a supervisor needs to read. */
test("honest calls about money: at most one redaction in 100 turns", { skip }, (t) => {
  let [turns, redactions] = [0, 0];
  for (const dialogue of honestDialogues()) {
    const redactor = new Redactor();
    for (const [isAgent, text] of dialogue) {
      turns++;
      const { spans, revised } = redactor.add({ speaker: isAgent ? "agent" : "caller", text });
      redactions += spans.length + revised.length;
    }
  }
  t.diagnostic(`${redactions} redactions in ${turns} turns`);
  assert.ok(turns > 300 && redactions <= turns / 100);
});
