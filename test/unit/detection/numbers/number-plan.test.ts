import assert from "node:assert/strict";
import { test } from "node:test";
import { NumberPlan, type NumberPlanOptions, type TrunkId } from "../../../../detection/index.js";

const FULL = "+12025550101";

const cases: readonly { plan?: NumberPlanOptions; raw: string; id: string; why?: string }[] = [
  { raw: "+12025550101", id: FULL },
  { raw: "0012025550101", id: FULL },
  { raw: "01112025550101", id: FULL },
  { raw: "12025550101", id: FULL },
  { raw: "+1 (202) 555-0101", id: FULL },
  { raw: "+1.202.555.0101", id: FULL },
  { raw: "sip:+12025550101@192.0.2.1;user=phone", id: FULL },
  { raw: "SIPS:+1-202-555-0101@example.com:5061;transport=tls?Subject=x", id: FULL },
  { raw: "sip:+12025550101:secret@example.com", id: FULL },
  { raw: '"Bob <b>" <sip:+12025550101@example.com>;tag=1', id: FULL },
  { raw: "tel:+1-202-555-0101;ext=5", id: FULL },
  { raw: "+12025550101;npdi;rn=+12025550199", id: FULL, why: "the number, not where it is routed" },
  { raw: "+12025550101;phone-context=example.com", id: FULL },
  { raw: "%2B12025550101", id: FULL },
  { raw: "+12025550101@example.com", id: FULL },
  { raw: "tel:2025550101;phone-context=+1", id: FULL },
  { plan: { region: "US" }, raw: "2025550101", id: FULL },
  { plan: { region: "US" }, raw: "12025550101", id: FULL },
  { plan: { region: "us" }, raw: "011442079460000", id: "+442079460000" },
  { plan: { region: "GB" }, raw: "02079460000", id: "+442079460000" },
  { plan: { region: "GB" }, raw: "2079460000", id: "+442079460000" },
  { plan: { region: "GB" }, raw: "442079460000", id: "+442079460000" },
  { plan: { region: "GB" }, raw: "+44 (0)20 7946 0000", id: "+442079460000" },
  { plan: { region: "GB" }, raw: "+4402079460000", id: "+442079460000" },
  { plan: { region: "IT" }, raw: "0669812345", id: "+390669812345", why: "Italy keeps its zero" },
  { plan: { countryCode: "44", nationalPrefix: "0" }, raw: "02079460000", id: "+442079460000" },
  { plan: { internationalPrefixes: ["9011"] }, raw: "901112025550101", id: FULL },
  {
    plan: { internationalPrefixes: ["9011"] },
    raw: "0012025550101",
    id: "0012025550101",
    why: "not this plan's prefix",
  },
  { plan: { bareInternational: false }, raw: "12025550101", id: "12025550101" },
  { raw: "2025550101", id: "2025550101", why: "national, and no country is known" },
  { raw: "01146812345", id: "01146812345", why: "too short to tell 011 from an area code" },
  { raw: "A001", id: "A001" },
  { raw: "a001", id: "a001", why: "case is kept" },
  { raw: "sip:A001@192.0.2.1", id: "A001" },
  { raw: "alice.smith", id: "alice.smith" },
  { raw: "alice@example.com", id: "alice@example.com" },
  { raw: "anonymous@trunk-1", id: "anonymous@trunk-1" },
  { raw: "*67", id: "*67" },
  { raw: "1234", id: "1234" },
  { raw: "911", id: "911" },
  { raw: "+1", id: "+1", why: "invalid numbers stay" },
  { raw: "+999999999999", id: "+999999999999", why: "no such country" },
  { raw: "+0012025550101", id: "+0012025550101" },
  { raw: "tel:7042;phone-context=Example.COM", id: "7042;phone-context=example.com" },
  { raw: "", id: "" },
  { raw: "<>", id: "" },
  { raw: "  +12025550101  ", id: FULL },
  { raw: "x\r\nFrom: evil", id: "x%0D%0AFrom: evil" },
];
for (const { plan, raw, id, why } of cases) {
  const under = plan === undefined ? "" : ` under ${JSON.stringify(plan)}`;
  test(`number plan: ${JSON.stringify(raw)}${under} is ${id}${why === undefined ? "" : ` (${why})`}`, () => {
    const numbers = new NumberPlan(plan);
    assert.equal(numbers.canonical(raw), id);
    assert.equal(numbers.canonical(id), id, "what is canonical stays");
  });
}

test("a caller without number is anonymous, told apart by trunk", () => {
  const plan = new NumberPlan();
  assert.equal(plan.callerId("", "t1" as TrunkId), "anonymous@t1");
  assert.equal(plan.callerId("sip:@192.0.2.1", "t2" as TrunkId), "anonymous@t2");
});

test("hostile lengths are cut to 64 characters and still told apart, the same way everywhere", () => {
  const plan = new NumberPlan();
  const ids = ["9".repeat(100), "9".repeat(101), "x".repeat(100_000), `${"x".repeat(99_999)}y`].map((raw) =>
    plan.canonical(raw),
  );
  assert.equal(new Set(ids).size, 4);
  assert.ok(ids.every((id) => id.length <= 64));
  assert.deepEqual(
    ids,
    ["9".repeat(100), "9".repeat(101), "x".repeat(100_000), `${"x".repeat(99_999)}y`].map((raw) =>
      new NumberPlan().canonical(raw),
    ),
  );
});

test("emergency numbers: those every phone knows, those of the region, those configured, and urn:service:sos", () => {
  const anywhere = new NumberPlan();
  for (const number of ["112", "911", "999", "000", "08", "urn:service:sos", "URN:service:sos.police"]) {
    assert.ok(anywhere.isEmergency(anywhere.canonical(number)) || anywhere.isEmergency(number), number);
  }
  for (const number of ["1120", "+112", "urn:service:sosx", "urn:service:counseling", FULL]) {
    assert.ok(!anywhere.isEmergency(anywhere.canonical(number)), number);
  }
  const brazil = new NumberPlan({ region: "BR" });
  assert.deepEqual(
    ["190", "192", "112", "119"].map((number) => brazil.isEmergency(number)),
    [true, true, true, false],
  );
  const own = new NumberPlan({ emergencyNumbers: ["555"] });
  assert.deepEqual(
    ["555", "112"].map((number) => own.isEmergency(number)),
    [true, false],
  );
  const sip = new NumberPlan({ region: "GB" });
  assert.ok(sip.isEmergency(sip.canonical("sip:999@192.0.2.1;user=phone")));
});
