import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { numberFacts } from "../../../detection/index.js";

const cases: readonly { number: string; country: string | undefined; numberClass: string }[] = [
  { number: "+12025550101", country: "US", numberClass: "fixed" },
  { number: "+18765550101", country: "JM", numberClass: "mobile" },
  { number: "+34807123456", country: "ES", numberClass: "premium" },
  { number: "+449098790000", country: "GB", numberClass: "premium" },
  { number: "+4490", country: "GB", numberClass: "premium" },
  { number: "+447400123456", country: "GB", numberClass: "mobile" },
  { number: "+5359123456", country: "CU", numberClass: "mobile" },
  { number: "+881641234567", country: undefined, numberClass: "satellite" },
  { number: "+88216123456", country: undefined, numberClass: "satellite" },
  { number: "+882101234567", country: undefined, numberClass: "international-network" },
  { number: "+979123456789", country: undefined, numberClass: "premium" },
  { number: "+80012345678", country: undefined, numberClass: "toll-free" },
  { number: "4711", country: undefined, numberClass: "unknown" },
  { number: "", country: undefined, numberClass: "unknown" },
];
for (const { number, country, numberClass } of cases) {
  test(`number ${number}: ${numberClass}`, () => {
    const facts = numberFacts(number);
    assert.deepEqual({ country: facts.country, numberClass: facts.numberClass }, { country, numberClass });
  });
}

const EXAMPLES = "../shared/cases/cdr/reference/libphonenumber_example_numbers.csv";
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  FIXED_LINE: ["fixed", "fixed-or-mobile"],
  MOBILE: ["mobile", "fixed-or-mobile", "satellite", "international-network"],
  FIXED_LINE_OR_MOBILE: ["fixed", "mobile", "fixed-or-mobile"],
  PREMIUM_RATE: ["premium"],
  SHARED_COST: ["shared-cost"],
};

test(
  "libphonenumber's example of every region and class is of that class",
  {
    skip: existsSync(EXAMPLES) ? false : `${EXAMPLES} is not there`,
  },
  () => {
    const rows = readFileSync(EXAMPLES, "utf8").trim().split("\n").slice(1);
    const wrong: string[] = [];
    let seen = 0;
    for (const row of rows) {
      const [code = "", region = "", type = "", number = ""] = row
        .split(";")
        .map((cell) => cell.trim().replaceAll('"', ""));
      const expected = EXPECTED[type];
      if (expected === undefined) continue;
      seen++;
      const { numberClass } = numberFacts(`+${code}${number}`);
      if (!expected.includes(numberClass)) wrong.push(`${region} ${type} +${code}${number}: ${numberClass}`);
    }
    assert.ok(seen > 500);
    // Chile's 600 numbers are fixed and shared-cost in the same digits.
    assert.deepEqual(
      wrong.filter((each) => !each.startsWith("CL FIXED_LINE")),
      [],
    );
  },
);
