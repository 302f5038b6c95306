import assert from "node:assert/strict";
import { test } from "node:test";
import { NumberPlan } from "../../../detection/index.js";
import { identifyCall, identifyReported, trunkNameOf } from "../../../gateway/call/identify-call.js";
import { TrunkTable } from "../../../gateway/call/trunks.js";
import { inviteRequest, trunkSettings } from "../../support/call-doubles.js";
import { SeededRandom } from "../../support/seeded-random.js";

const PIECES = [
  "sip:", "sips:", "tel:", "SIP:", "urn:service:sos", "+12025550101", "anonymous", "%2B", "%", "%00", "%zz", "@", ":", ";", "<", ">", '"', "\\", ",", " ", "[", "]", "=",
  "trgp=", "tag=", "phone-context=", "npdi", "192.0.2.1", "\0", "\xff", "\r\n", "(", ")", "-", "A".repeat(300), "9".repeat(600), "?", "id", "user", "__proto__",
]; // prettier-ignore

test("who is who survives 20,000 hostile identities: ids stay short, printable and never empty", () => {
  const random = new SeededRandom(20_261_120);
  const numbers = new NumberPlan({ region: "US" });
  const table = TrunkTable.of({
    trunks: [],
    defaultTrunk: trunkSettings("default", {
      numbers,
      trusted: true,
      callerFrom: ["p-asserted-identity", "remote-party-id", "from"],
    }),
    trustedHops: [],
    unknownSources: "accept",
  });
  assert.ok(table.ok);
  const trunk = table.value.default;
  const text = (): string =>
    Array.from({ length: 1 + random.below(9) }, () => PIECES[random.below(PIECES.length)]).join("");
  for (let i = 0; i < 20_000; i++) {
    const headers = [
      "From",
      "P-Asserted-Identity",
      "Remote-Party-ID",
      "Privacy",
      "Contact",
      "Priority",
      "X-Ringfence-Trunk",
    ]
      .filter(() => random.next() < 0.6)
      .map((name) => [name, text()] as const);
    const uri = text();
    const request = inviteRequest(uri, headers);
    const { caller, called } = identifyCall(request, trunk);
    const reported = identifyReported(text(), text(), trunk);
    for (const id of [caller, called, reported.caller, reported.called]) {
      assert.ok(id.length > 0 && id.length <= 80, `length of ${JSON.stringify(id)} from ${JSON.stringify(uri)}`);
      assert.ok(!/[\0-\x1f\x7f]/.test(id), JSON.stringify(id));
    }
    const name = trunkNameOf(request);
    if (name !== undefined) table.value.named(name);
  }
});
