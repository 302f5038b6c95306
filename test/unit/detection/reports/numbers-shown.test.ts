import assert from "node:assert/strict";
import { test } from "node:test";
import { numbersShown } from "../../../../detection/reports/numbers-shown.js";
import { CdrDetection, DEFAULT_CDR_DETECTION, unixMs, type CallRecord } from "../../../../detection/index.js";
import { callRecord, PERIOD, reportOf, rulesFor } from "../../../support/cdr/report-scene.js";

const USER = "+14155550123";

/** A user that is a number, records whose ids are made of theirs, and a finding about it. */
function attack(): { readonly records: readonly CallRecord[]; readonly findings: ReturnType<CdrDetection["observe"]> } {
  const detection = CdrDetection.of(DEFAULT_CDR_DETECTION);
  assert.ok(detection.ok);
  const records = Array.from({ length: 31 }, (_, index) => {
    const at = unixMs(PERIOD.from + 3_600_000 + index * 1_000);
    const failed = { outcome: "failed", failure: "authentication", startedAt: at, endedAt: at, durationMs: 0 } as const;
    return callRecord({ id: `|${USER}|+4930123456${index}|out|${at}|${at}`, user: USER, caller: USER, ...failed });
  });
  const findings = records.flatMap((each) => detection.value.observe(each));
  assert.ok(findings.length > 0);
  // As findings were named before their ids were hashes.
  return { records, findings: findings.map((each) => ({ ...each, id: `${each.rule}|${USER}|${each.firstAt}` })) };
}

for (const name of ["executive", "daily", "sox", "iso27001"] as const) {
  test(`masked reports show no whole number, in ids and where a user is one: ${name}`, () => {
    const scene = attack();
    const masked = JSON.stringify(reportOf(name, scene));
    assert.ok(!masked.includes("4155550123"), /.{60}4155550123.{20}/.exec(masked)?.[0]);
    assert.ok(masked.includes("+1415555••••"));
    assert.ok(JSON.stringify(reportOf(name, scene, rulesFor({ numbers: "full" }))).includes(USER));
  });
}

const MASKED = { numbers: "masked", showNumber: rulesFor().showNumber } as const;
const written: readonly (readonly [name: string, shown: string])[] = [
  ["+12025550100", "+1202555••••"],
  ["+1 202 555 0100", "+1 202 555 ••••"],
  ["202-555-0100", "202-555-••••"],
  ["(202) 555-0100", "(202) 555-••••"],
  ["1.202.555.0100", "1.202.555.••••"],
  ["0202/5550100", "0202/555••••"],
  ["x12025550100", "x1202555••••"],
  ["12025550100x", "1202555••••x"],
  ["sip:+12025550100@pbx.example", "sip:+1202555••••@pbx.example"],
  ["|+12025550100|+12025550101|out|", "|+1202555••••|+1202555••••|out|"],
  ["12025550100-12025550101", "1202555••••-1202555••••"],
  ["12025550100 12025550101", "1202555•••• 1202555••••"],
  ["12025550100-17", "1202555••••-17"],
  ["202 555 0100 202 555 0101", "••• ••• •••• ••• ••• ••••"],
  ["+12025550100 202 555 0101", "+1202555•••• ••• ••• ••••"],
  ["0049 1712345678", "0049 171234••••"],
  ["12345", "1••••"],
];
const kept = [
  "1234",
  "maria.2",
  "calls/day/2026-03-01",
  "2026-03-01T08:00:00.000Z",
  "call-7@192.0.2.10:5060",
  "12345678-1234-4123-8123-123456789012",
  "3f2504e04f8911d39a0c0305e82c3301",
  "9b74c9897bac770ffc029102a200c5de1234567",
  "incident-12ab34cd56ef7890",
];
for (const [name, shown] of written)
  test(`masked reports: ${name}`, () => {
    assert.equal(numbersShown(name, MASKED), shown);
    assert.equal(numbersShown(name, { ...MASKED, numbers: "full" }), name);
  });
test("masked reports: what is no number stays: short codes, days, addresses, random ids", () => {
  for (const name of kept) assert.equal(numbersShown(name, MASKED), name);
});
