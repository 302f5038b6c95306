import assert from "node:assert/strict";
import { test } from "node:test";
import { divChain, lastOfChain, MOST_DIVERSIONS } from "../../../../gateway/sip/identity/div-chain.js";
import { formatSipDate, isFresh, parseSipDate } from "../../../../gateway/sip/identity/freshness.js";
import type { Passport } from "../../../../gateway/sip/identity/passport.js";
import { withVerstat } from "../../../../gateway/sip/identity/verstat.js";

const tn = (number: string) => ({ kind: "tn", tn: number }) as const;

function passport(orig: string, dest: readonly string[], div?: string): Passport {
  return {
    ppt: div === undefined ? "shaken" : "div",
    x5u: "https://x.example",
    iat: 1,
    orig: tn(orig),
    dest: dest.map(tn),
    attest: undefined,
    origid: undefined,
    div: div === undefined ? undefined : tn(div),
    opt: undefined,
    signingInput: new Uint8Array(0),
    signature: new Uint8Array(64),
  };
}

const first = passport("1", ["2"]);
const chains: readonly { name: string; divs: readonly Passport[]; to: string; found: readonly string[] | undefined }[] =
  [
    { name: "not sent on", divs: [], to: "2", found: [] },
    { name: "sent on once", divs: [passport("1", ["3"], "2")], to: "3", found: ["2"] },
    {
      name: "sent on twice, told in the wrong order",
      divs: [passport("1", ["4"], "3"), passport("1", ["3"], "2")],
      to: "4",
      found: ["2", "3"],
    },
    { name: "a link is missing", divs: [passport("1", ["4"], "3")], to: "4", found: undefined },
    { name: "of another caller", divs: [passport("9", ["3"], "2")], to: "3", found: undefined },
    { name: "in a circle", divs: [passport("1", ["3"], "2"), passport("1", ["2"], "3")], to: "5", found: undefined },
    {
      name: "too often",
      divs: Array.from({ length: MOST_DIVERSIONS + 1 }, (_none, i) => passport("1", [String(i + 3)], String(i + 2))),
      to: String(MOST_DIVERSIONS + 3),
      found: undefined,
    },
  ];
for (const { name, divs, to, found } of chains) {
  test(`div chain: ${name}`, () => {
    const chain = divChain(first, divs, [tn(to)]);
    const names = chain?.map(({ div }) => (div?.kind === "tn" ? div.tn : ""));
    assert.deepEqual(names, found);
  });
}

test("a further div continues the end of the chain, and a circle has an end", () => {
  const third = passport("1", ["4"], "3");
  assert.equal(lastOfChain(first, [third, passport("1", ["3"], "2")]), third);
  assert.equal(lastOfChain(first, []), first);
  const back = passport("1", ["2"], "3");
  assert.equal(lastOfChain(first, [passport("1", ["3"], "2"), back]), back);
});

test("Date header fields", () => {
  assert.equal(parseSipDate("Sat, 13 Nov 2010 23:29:00 GMT"), Date.UTC(2010, 10, 13, 23, 29, 0));
  for (const bad of ["", "Sat, 13 Nov 2010 23:29:00 EST", "13 Nov 2010 23:29:00 GMT", "Sat, 45 Nov 2010 23:29:00 GMT"])
    assert.equal(parseSipDate(bad), undefined, bad);
  assert.equal(formatSipDate(Date.UTC(2026, 0, 2, 3, 4, 5, 678)), "Fri, 02 Jan 2026 03:04:05 GMT");
});

const now = 1_800_000_000_000;
const fresh: readonly { name: string; iat: number; date?: number; is: boolean }[] = [
  { name: "now", iat: 0, is: true },
  { name: "a minute old", iat: -60, is: true },
  { name: "61 s old", iat: -61, is: false },
  { name: "61 s ahead", iat: 61, is: false },
  { name: "with a Date of today", iat: 0, date: -59_000, is: true },
  { name: "with a Date of yesterday", iat: 0, date: -86_400_000, is: false },
];
for (const { name, iat, date, is } of fresh) {
  test(`freshness: ${name}`, () => {
    const dateMs = date === undefined ? undefined : now + date;
    assert.equal(isFresh(now / 1000 + iat, dateMs, now, 60_000), is);
  });
}

const P = "TN-Validation-Passed";
const verstats: readonly { value: string; with: string; without?: string }[] = [
  { value: "<sip:+12025550101@h>;tag=a", with: `<sip:+12025550101;verstat=${P}@h>;tag=a` },
  { value: '"A" <sip:+1202;rn=5@h;user=phone?x=y>', with: `"A" <sip:+1202;rn=5;verstat=${P}@h;user=phone?x=y>` },
  { value: "<tel:+12025550101>", with: `<tel:+12025550101;verstat=${P}>` },
  {
    value: "<tel:+1202;VERSTAT=TN-Validation-Failed;phone-context=x>",
    with: `<tel:+1202;phone-context=x;verstat=${P}>`,
    without: "<tel:+1202;phone-context=x>",
  },
  {
    value: "<sip:+1202;verstat=No-TN-Validation@h;verstat=TN-Validation-Passed;user=phone>;tag=1",
    with: `<sip:+1202;verstat=${P}@h;user=phone>;tag=1`,
    without: "<sip:+1202@h;user=phone>;tag=1",
  },
  { value: "<sip:alice@h>", with: "<sip:alice@h>" },
  {
    value: "<sip:anonymous@anonymous.invalid;verstat=x>",
    with: "<sip:anonymous@anonymous.invalid>",
    without: "<sip:anonymous@anonymous.invalid>",
  },
  { value: "<sip:h>", with: "<sip:h>" },
  { value: "no uri <", with: "no uri <" },
];
for (const { value, with: marked, without = value } of verstats) {
  test(`verstat: ${value}`, () => {
    assert.equal(withVerstat(value, P), marked);
    assert.equal(withVerstat(value, undefined), without);
  });
}
