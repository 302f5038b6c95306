import assert from "node:assert/strict";
import { test } from "node:test";
import { SipHeaders } from "../../../../gateway/sip/message/sip-headers.js";
import { afterFirstValue, allValues, firstValue, splitValues } from "../../../../gateway/sip/message/split-values.js";

const SPLITS = [
  ["", []],
  ["a", ["a"]],
  [" a , b,c ", ["a", "b", "c"]],
  [",,a,,", ["a"]],
  ['"x,\\",y" <sip:a,b@c>;p="1,2", <sip:d>', ['"x,\\",y" <sip:a,b@c>;p="1,2"', "<sip:d>"]],
  ['"unclosed, b', ['"unclosed, b']],
  ["<unclosed, b", ["<unclosed, b"]],
] as const;
for (const [line, expected] of SPLITS) {
  test(`values of ${JSON.stringify(line)} (RFC 3261 §7.3.1)`, () => {
    assert.deepEqual(splitValues(line), expected);
    if (!line.startsWith(",")) {
      assert.equal(firstValue(line), expected[0] ?? "");
      assert.deepEqual(splitValues(afterFirstValue(line)), expected.slice(1));
    }
  });
}

test("values of several lines come in order", () => {
  const headers = SipHeaders.of([
    ["Via", "a, b"],
    ["To", "x"],
    ["v", "c"],
  ]);
  assert.deepEqual(allValues(headers, "via"), ["a", "b", "c"]);
  assert.deepEqual(allValues(headers, "route"), []);
});
