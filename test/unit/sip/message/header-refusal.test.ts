import assert from "node:assert/strict";
import { test } from "node:test";
import { headerRefusal } from "../../../../gateway/sip/message/header-refusal.js";
import { parseSipMessage } from "../../../../gateway/sip/message/parse-message.js";
import { validateRequest } from "../../../../gateway/sip/message/validate-request.js";
import { rawRequest } from "../../../support/raw-message.js";

const CASES = [
  { name: "an ordinary request goes on", method: "INVITE", headers: [], refusal: undefined },
  { name: "no hop is left", method: "INVITE", headers: ["Max-Forwards: 0"], refusal: { status: 483, headers: [] } },
  { name: "OPTIONS are ours to answer with no hop left", method: "OPTIONS", headers: ["Max-Forwards: 0"], refusal: undefined },
  { name: "one hop is left", method: "INVITE", headers: ["Max-Forwards: 1"], refusal: undefined },
  { name: "Proxy-Require names extensions", method: "INVITE", headers: ["Proxy-Require: foo", "Proxy-Require: bar, baz"], refusal: { status: 420, headers: [["Unsupported", "foo, bar, baz"]] } },
  { name: "an empty Proxy-Require asks for nothing", method: "INVITE", headers: ["Proxy-Require: "], refusal: undefined },
] as const; // prettier-ignore
for (const { name, method, headers, refusal } of CASES) {
  test(`by its headers: ${name} (RFC 3261 §16.3)`, () => {
    const raw = rawRequest({ method, via: "192.0.2.9:5060", headers });
    const text = headers.some((line) => line.startsWith("Max-Forwards"))
      ? raw.replace("Max-Forwards: 70\r\n", "")
      : raw;
    const parsed = parseSipMessage(Buffer.from(text, "latin1"));
    assert.ok(parsed.ok && parsed.value.kind === "request");
    const checked = validateRequest(parsed.value);
    assert.ok(checked.ok);
    assert.deepEqual(headerRefusal(parsed.value, checked.value), refusal);
  });
}
