import assert from "node:assert/strict";
import { test } from "node:test";
import { sentOn } from "../../../../gateway/call/origin/sent-on.js";
import { SipHeaders } from "../../../../gateway/sip/message/sip-headers.js";

const B = "+12025550102";
const cases: readonly {
  name: string;
  headers: readonly (readonly [string, string])[];
  expected: string | undefined;
}[] = [
  { name: "nothing", headers: [], expected: undefined },
  {
    name: "Diversion, RFC 5806 §7",
    headers: [["Diversion", `<sip:${B}@example.net>;reason=user-busy;counter=1`]],
    expected: `busy ${B}`,
  },
  {
    name: "the topmost Diversion is the last",
    headers: [
      ["Diversion", `<sip:${B}@example.net>;reason=no-answer, <sip:+12025550103@example.net>;reason=unconditional`],
      ["Diversion", "<sip:+12025550104@example.net>;reason=unconditional"],
    ],
    expected: `no-answer ${B}`,
  },
  {
    name: "a tel URI and a quoted reason",
    headers: [["Diversion", `<tel:${B}>;reason="Unconditional"`]],
    expected: `always ${B}`,
  },
  {
    name: "a reason nobody knows",
    headers: [["Diversion", `<sip:${B}@h>;reason=__proto__`]],
    expected: `unknown ${B}`,
  },
  {
    name: "nobody",
    headers: [["Diversion", "<sip:anonymous@anonymous.invalid>;reason=unconditional"]],
    expected: undefined,
  },
  {
    name: "History-Info with mp and a cause, RFC 7044 §5, RFC 4458",
    headers: [
      ["History-Info", `<sip:${B}@example.com>;index=1`],
      ["History-Info", "<sip:bob@192.0.2.4>;index=1.1;rc=1"],
      ["History-Info", "<sip:+12025550105@example.com;cause=302>;index=1.2;mp=1"],
    ],
    expected: `always ${B}`,
  },
  {
    name: "without mp: the entry before",
    headers: [["History-Info", `<sip:${B}@h>;index=1, <sip:c@h;user=phone;cause=486>;index=2`]],
    expected: `busy ${B}`,
  },
  {
    name: "the Reason of the one that was left",
    headers: [
      ["History-Info", `<sip:${B}@h?Reason=SIP%3Bcause%3D408%3Btext%3D%22late%22>;index=1, <sip:c@h>;index=1.1`],
    ],
    expected: `no-answer ${B}`,
  },
  {
    name: "a number that was only translated",
    headers: [["History-Info", `<sip:${B}@h>;index=1, <sip:c@h>;index=1.1;mp=1`]],
    expected: undefined,
  },
  {
    name: "one entry says nothing",
    headers: [["History-Info", `<sip:${B}@h;cause=302>;index=1`]],
    expected: undefined,
  },
  {
    name: "mp that names nobody",
    headers: [["History-Info", `<sip:${B}@h>;index=1, <sip:c@h;cause=302>;index=1.1;mp=9`]],
    expected: `always ${B}`,
  },
  { name: "Referred-By, RFC 3892", headers: [["b", `<sip:${B}@h>`]], expected: `transfer ${B}` },
  {
    name: "who sent it on last is asked before who transferred it",
    headers: [
      ["Referred-By", "<sip:+12025550109@h>"],
      ["Diversion", `<sip:${B}@h>;reason=away`],
    ],
    expected: `mode ${B}`,
  },
  {
    name: "no URI",
    headers: [
      ["Diversion", '"<'],
      ["History-Info", "<<,;,>"],
      ["Referred-By", "x"],
    ],
    expected: undefined,
  },
];
for (const { name, headers, expected } of cases) {
  test(`who sent a call on: ${name}`, () => {
    const found = sentOn(SipHeaders.of(headers));
    assert.equal(found === undefined ? undefined : `${found.kind} ${found.by}`, expected);
  });
}

test("a thousand History-Info entries are not all read", () => {
  const entries = Array.from({ length: 1_000 }, (_, index) => `<sip:${index}@h;cause=302>;index=1.${index};mp=1.0`);
  const found = sentOn(SipHeaders.of([["History-Info", entries.join(", ")]]));
  assert.deepEqual(found, { kind: "always", by: "998" }, "`mp` names one that is too far away: the one before");
});

test("of header fields within an entry the first part is read, however long they are", () => {
  const reasons = (count: number): string => `?${Array.from({ length: count }, () => "Reason=SIP%3Bx").join("&")}`;
  const left = (fields: string) => `<sip:${B}@h${fields}>;index=1, <sip:c@h>;index=1.1`;
  const of = (value: string) => sentOn(SipHeaders.of([["History-Info", value]]));
  const cause = "&Reason=SIP%3Bcause%3D486";
  assert.deepEqual(of(left(reasons(2) + cause)), { kind: "busy", by: B });
  assert.equal(of(left(reasons(1_000) + cause)), undefined);
});
