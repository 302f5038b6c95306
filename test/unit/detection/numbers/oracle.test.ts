// Our prefix table against libphonenumber, over many numbers of every region in every way of writing them.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { getExampleNumber, parsePhoneNumberFromString, type CountryCode, type Examples } from "libphonenumber-js/max";
import { knownRegions, NumberPlan } from "../../../../detection/index.js";
import { regionNumbers } from "../../../../detection/numbers/number-table.js";
import { SeededRandom } from "../../../support/seeded-random.js";

const examples = createRequire(import.meta.url)("libphonenumber-js/examples.mobile.json") as Examples;
const VARIANTS = 20;

/** Where we knowingly differ, by form; and why. */
const EXCEPTIONS: Readonly<Record<string, { readonly regions: readonly string[]; readonly why: string }>> = {
  international: {
    regions: ["BR", "CO", "HK", "ID", "KH", "KR", "PW", "SG", "TH", "TW", "TZ", "UG"],
    why: "several prefixes with carrier codes there; we take 00, or what the plan names",
  },
  national: { regions: ["AR", "BY"], why: "15 and 8-0 written inside national numbers; trunks send neither" },
  nationalPrefix: { regions: ["CO"], why: "the digit after 0 may be a carrier's" },
  bare: {
    regions: ["AD", "DE", "ID", "IT", "TK", "WS", "XK"],
    why: "a national number can have the same digits; libphonenumber asks its patterns, we ask lengths",
  },
};

function forms(number: string, region: string): Readonly<Record<string, string>> {
  const parsed = parsePhoneNumberFromString(number);
  const own = regionNumbers(region);
  assert.ok(parsed !== undefined && own !== undefined);
  const { countryCallingCode, nationalNumber } = parsed;
  return {
    e164: number,
    spaced: parsed.formatInternational(),
    uri: parsed.format("RFC3966"),
    international: `${own.internationalPrefix}${countryCallingCode}${nationalNumber}`,
    national: parsed.formatNational(),
    nationalPrefix: `${own.nationalPrefix}${nationalNumber}`,
    bare: `${countryCallingCode}${nationalNumber}`,
    nationalBare: nationalNumber,
  };
}

/** Valid mobile numbers of a region: its example with other last digits. */
function sample(region: string, random: SeededRandom): readonly string[] {
  const example = getExampleNumber(region as CountryCode, examples)?.number;
  if (example === undefined) return [];
  const numbers = new Set<string>([example]);
  for (let i = 0; i < VARIANTS; i++) {
    const kept = example.length - 4;
    const variant = example.slice(0, kept) + String(random.below(10_000)).padStart(4, "0");
    const parsed = parsePhoneNumberFromString(variant);
    if (parsed?.isValid() === true && parsed.country === region) numbers.add(variant);
  }
  return [...numbers];
}

test("canonical numbers agree with libphonenumber in at least 98 % of all forms, and differ only where that is listed", () => {
  const random = new SeededRandom(42);
  let agreed = 0;
  let total = 0;
  const unexplained: string[] = [];
  const used = new Set<string>();
  for (const region of knownRegions()) {
    const plan = new NumberPlan({ region });
    for (const number of sample(region, random)) {
      for (const [form, text] of Object.entries(forms(number, region))) {
        total++;
        const expected = parsePhoneNumberFromString(text.replace(/^tel:/, ""), region as CountryCode)?.number;
        const actual = plan.canonical(text);
        if (actual === expected) {
          agreed++;
          continue;
        }
        used.add(`${form} ${region}`);
        if (EXCEPTIONS[form]?.regions.includes(region) !== true) {
          unexplained.push(`${region} ${form} ${text}: ${actual}, libphonenumber ${expected ?? "none"}`);
        }
      }
    }
  }
  assert.deepEqual(unexplained.slice(0, 20), []);
  const listed = Object.entries(EXCEPTIONS).flatMap(([form, { regions }]) =>
    regions.map((region) => `${form} ${region}`),
  );
  assert.deepEqual(
    listed.filter((exception) => !used.has(exception)),
    [],
    "exceptions that are none any more",
  );
  assert.ok(total > 20_000, `${total} forms`);
  assert.ok(agreed / total >= 0.98, `${agreed} of ${total}`);
});

test("all forms of one number that are not in the list of exceptions are one caller", () => {
  const random = new SeededRandom(43);
  for (const region of knownRegions()) {
    const plan = new NumberPlan({ region });
    for (const number of sample(region, random).slice(0, 3)) {
      const kept = Object.entries(forms(number, region)).filter(
        ([form]) => EXCEPTIONS[form]?.regions.includes(region) !== true,
      );
      assert.deepEqual([...new Set(kept.map(([, text]) => plan.canonical(text)))], [number], region);
    }
  }
});
