import assert from "node:assert/strict";
import { test } from "node:test";
import { contactParts, partyFor } from "../../../gateway/call/party-text.js";
import { SipHeaders } from "../../../gateway/sip/message/sip-headers.js";

const HOST_CASES = [
  ['"A" <sip:alice@in.example:5070;user=phone>;tag=1', '"A" <sip:alice@hop.example;user=phone>'],
  ["sip:alice@in.example;tag=1", "sip:alice@hop.example"],
  ["<sips:in.example>;tag=1;x=y", "<sips:hop.example>;x=y"],
  ["<sip:a:pw@[2001:db8::1]:5060?H=v@w>;tag=1", "<sip:a:pw@hop.example?H=v@w>"],
  ["<sip:+1202;phone-context=in.example@in.example>", "<sip:+1202;phone-context=in.example@hop.example>"],
  ["<tel:+12025550101>;tag=1", "<tel:+12025550101>"],
  ["garbage", "garbage"],
  ['"sip:alice@in.example" <sip:alice@in.example>;tag=1', '"sip:alice@in.example" <sip:alice@hop.example>'],
] as const;
for (const [value, expected] of HOST_CASES) {
  test(`a party with its host hidden: ${value}`, () => assert.equal(partyFor(value, "hop.example"), expected));
}

test("a party whose host is kept loses its tag only", () => {
  assert.equal(
    partyFor('"A;tag=x" <sip:a@in.example;tag=u>;tag=1;p', undefined),
    '"A;tag=x" <sip:a@in.example;tag=u>;p',
  );
});

const CONTACT_CASES = [
  ["<sip:alice@192.0.2.1:5070>", { contactUser: "alice" }],
  ["sip:alice@192.0.2.1", { contactUser: "alice" }],
  [
    '"A" <sip:alice:pw@192.0.2.1>;+sip.src;isfocus;expires=60;q=0.5',
    { contactUser: "alice", contactParams: ";+sip.src;isfocus" },
  ],
  ['"<sip:mallory@x>" <sip:alice@192.0.2.1>', { contactUser: "alice" }],
  ["<sip:192.0.2.1>", {}],
  ['<sip:a"b@192.0.2.1>', {}],
  ["*", {}],
  ['<sip:alice@192.0.2.1>;broken="', { contactUser: "alice" }],
] as const;
for (const [value, expected] of CONTACT_CASES) {
  test(`what of a Contact is handed on: ${value}`, () => {
    assert.deepEqual(contactParts(SipHeaders.of([["m", value]])), expected);
  });
}
test("no Contact, nothing to hand on", () => assert.deepEqual(contactParts(new SipHeaders()), {}));
