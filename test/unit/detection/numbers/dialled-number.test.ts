// What stands around a dialled number, or in the midst of it, and is stripped by who puts the call through, makes no other number of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { NumberPlan, type NumberPlanOptions } from "../../../../detection/index.js";
import { DetectionScene, to } from "../../../support/detection-scene.js";

const VICTIM = "+12025550142";
const [US, GB, DE] = ["US", "GB", "DE"].map((region) => ({ region })) as NumberPlanOptions[];

const cases: readonly (readonly [plan: NumberPlanOptions | undefined, raw: string, id: string, why?: string])[] = [
  // After it.
  [undefined, "+12025550142x1", VICTIM],
  [undefined, "sip:+12025550142x1@192.0.2.1;user=phone", VICTIM],
  [undefined, "+12025550142%20", VICTIM],
  [undefined, "+12025550142%09%00", VICTIM],
  [undefined, "+12025550142%2520", VICTIM, "escaped twice"],
  [undefined, "+12025550142#", VICTIM],
  [undefined, "+12025550142%237", VICTIM],
  [undefined, "+12025550142,1234", VICTIM],
  [undefined, "+12025550142p1", VICTIM],
  [undefined, "+12025550142w1", VICTIM],
  [undefined, "+12025550142ext5", VICTIM],
  [undefined, "+12025550142;ext=5", VICTIM],
  [undefined, "+12025550142;postd=pp22", VICTIM],
  [undefined, "+12025550142~!é", VICTIM],
  [undefined, "+1 (202) 555-0142 x 9", VICTIM],
  [undefined, "12025550142x1", VICTIM],
  [undefined, "0012025550142.x7", VICTIM],
  [undefined, `+12025550142${"x".repeat(3_000)}`, VICTIM, "longer than what is read as a number"],
  [US, "2025550142x1", VICTIM],
  [US, "12025550142*1", VICTIM],
  [GB, "02079460000x1", "+442079460000"],
  [undefined, "2025550142x1", "2025550142", "no country is known"],
  [DE, "+4930123456x78", "+4930123456", "an extension"],
  // In the midst of it, and before.
  [undefined, "+1202x5550142", VICTIM],
  [undefined, "+1x2x0x2x5x5x5x0x1x4x2", VICTIM],
  [undefined, "+1202%205550142", VICTIM],
  [undefined, "1_202_555_0142", VICTIM],
  [undefined, "++12025550142", VICTIM],
  [undefined, "x12025550142", VICTIM],
  [undefined, "%20%2B12025550142", VICTIM],
  [undefined, "1202555x0142", VICTIM],
  [US, "202x5550142", VICTIM],
  [US, "1202555014x2", VICTIM],
  [DE, "+493012z3456", "+4930123456"],
  [DE, "+49301234z56", "+4930123456"],
  // The caller's number withheld.
  [undefined, "#31#+12025550142", VICTIM],
  [undefined, "*31#12025550142", VICTIM],
  [undefined, "%2331%2312025550142", VICTIM],
  [undefined, "*67+12025550142x3", VICTIM],
  [US, "*672025550142", VICTIM],
  [US, "*82 202 555 0142", VICTIM],
  [US, "11672025550142", VICTIM, "*67 of a rotary dial"],
  [GB, "14102079460000", "+442079460000"],
  [GB, "147002079460000", "+442079460000"],
  [undefined, "#31#112", "112"],
  // Extensions.
  [undefined, "7042", "7042"],
  [undefined, "7042#", "7042"],
  [undefined, "7042%20", "7042"],
  [undefined, "7042x1", "7042x1", "a user may be called so"],
  [US, "2025550142_1", VICTIM, "a number of the country, and none of Egypt"],
  [US, "2025550142-bob", VICTIM],
  [undefined, "2025550142pp22", "2025550142"],
  [US, "5550142#1", "5550142", "no name has tones behind it"],
  [US, "5550142,,77", "5550142"],
  // Accounts that begin alike, with whatever digits.
  [undefined, "1000123_201", "1000123_201"],
  [US, "1000123_201", "1000123_201"],
  [US, "1000123_202", "1000123_202"],
  [undefined, "1000123_2", "1000123_2"],
  [US, "98765432a", "98765432a"],
  [undefined, "98765432b", "98765432b"],
  [US, "12345678-bob", "12345678-bob"],
  [undefined, "1234567_acct", "1234567_acct"],
  [GB, "98765432_acct", "98765432_acct"],
  [undefined, "1234567890_201", "1234567890_201"],
  [undefined, "1234567890bob", "1234567890bob"],
  [undefined, "1234567890paul", "1234567890paul", "no p of a pause"],
  [undefined, "1234567890extra", "1234567890", "an extension, as it is written"],
  // What is no number stays.
  [undefined, "alice", "alice"],
  [undefined, "support2", "support2"],
  [undefined, "A001", "A001"],
  [undefined, "101b", "101b"],
  [US, "k3j2h5f8q1w2e3r4", "k3j2h5f8q1w2e3r4"],
  [US, "a2b0c2d5e5f5g0h1i4j2", "a2b0c2d5e5f5g0h1i4j2", "a random name"],
  [US, "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "3f2504e0-4f89-11d3-9a0c-0305e82c3301"],
  [US, "*722025550142", "*722025550142", "a service code that rings nobody"],
  [US, "**21*2025550142#", "**21*2025550142#"],
  [US, "*67", "*67"],
  [US, "#31#", "#31#"],
  [US, "*98", "*98"],
  [undefined, "", ""],
  [undefined, "urn:service:sos", "urn:service:sos"],
  [undefined, "112", "112"],
  [US, "112x2025550142", "112x2025550142", "nothing makes an emergency number of another"],
];
for (const [plan, raw, id, why] of cases) {
  const under = plan?.region === undefined ? "" : ` in ${plan.region}`;
  const shown = raw.length > 60 ? `${raw.slice(0, 30)}…` : raw;
  test(`dialled: ${JSON.stringify(shown)}${under} is ${id}${why === undefined ? "" : ` (${why})`}`, () => {
    const numbers = new NumberPlan(plan);
    assert.equal(numbers.calledId(raw), id);
    assert.equal(numbers.calledId(id), id, "what is canonical stays");
  });
}

test("callers' ids are not read so: their callers are told apart by them", () => {
  assert.equal(new NumberPlan().canonical("+12025550142x1"), "+12025550142x1");
});

test("sub-accounts that begin with the same digits are different called ones: calls of many to them are no attack", () => {
  for (const plan of [new NumberPlan(), new NumberPlan(US)])
    for (const name of [
      (n: number) => `1000123_20${n}`,
      (n: number) => `98765432${"abcdef"[n]}`,
      (n: number) => `12345678-user${n}`,
    ]) {
      const scene = new DetectionScene();
      const verdicts = Array.from({ length: 6 }, (_, n) =>
        scene.call(n * 10, n, to(plan.calledId(`sip:${name(n)}@192.0.2.1`))),
      );
      assert.ok(
        verdicts.every(({ verdict }) => verdict === "allow"),
        name(0),
      );
    }
});

test("an attack that writes something else behind the number in each call is seen, and its blocks hold", () => {
  const plan = new NumberPlan();
  const scene = new DetectionScene();
  const called = (n: number) => to(plan.calledId(`sip:${VICTIM}x${n}@192.0.2.1`));
  const verdicts = Array.from({ length: 6 }, (_, n) => scene.call(n * 10, n, called(n)).verdict);
  assert.deepEqual(verdicts, ["allow", "allow", "allow", "allow", "refuse", "refuse"]);
  scene.passTo(60_000);
  assert.equal(scene.call(61_000, 1, called(99)).verdict, "refuse");
});
