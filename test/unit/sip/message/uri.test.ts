import assert from "node:assert/strict";
import { test } from "node:test";
import { isHost, isIpv4, isIpv6 } from "../../../../gateway/sip/message/host.js";
import { parseSipUri, parseTelUri, parseUri, uriScheme } from "../../../../gateway/sip/message/uri.js";
import { formatSipUri } from "../../../support/write-sip.js";

const plain = {
  scheme: "sip",
  user: undefined,
  password: undefined,
  host: "",
  port: undefined,
  params: "",
  headers: "",
};
const READ = [
  ["sip:192.0.2.1", { host: "192.0.2.1" }],
  [
    "sip:+12025550101@192.0.2.1:5060;user=phone",
    { user: "+12025550101", host: "192.0.2.1", port: 5060, params: ";user=phone" },
  ],
  ["SIPS:a:b@example.com", { scheme: "sips", user: "a", password: "b", host: "example.com" }],
  ["sip:a:@example.com", { user: "a", password: "", host: "example.com" }],
  ["sip:[2001:db8::1]:5070;lr", { host: "[2001:db8::1]", port: 5070, params: ";lr" }],
  [
    "sip:a;b=c?d@example.com;x=y?Replaces=1%40h%3Bto-tag%3D2&Subject=",
    { user: "a;b=c?d", host: "example.com", params: ";x=y", headers: "Replaces=1%40h%3Bto-tag%3D2&Subject=" },
  ],
  ["sip:%61%40@example.com", { user: "%61%40", host: "example.com" }],
  ["sip:example.com;maddr=[::1];x=a/b:c&d+e$", { host: "example.com", params: ";maddr=[::1];x=a/b:c&d+e$" }],
  ["sip:a@host.", { user: "a", host: "host." }],
] as const;
for (const [text, parts] of READ) {
  test(`SIP URI ${text} (RFC 3261 §19.1.1)`, () => {
    const uri = parseSipUri(text);
    assert.deepEqual(uri, { ...plain, ...parts });
    assert.equal(formatSipUri(uri).toLowerCase(), text.toLowerCase());
  });
}

const MALFORMED = [
  "",
  "sip:",
  "sip",
  "sip:@h",
  "sip:a@",
  "sip:a@b@c",
  "sip:h:",
  "sip:h:1x",
  "sip:h:70000",
  "sip:h;",
  "sip:h;;x",
  "sip:a b@h",
  "sip:<h>",
  'sip:"a"@h',
  "sip:a@h\x7f",
  "sip:[::1",
  "sip:[1:2]",
  "sip:a..b",
  "sip:h;x=a,b",
  ":a@h",
  "1sip:a@h",
  "http://a",
];
for (const text of MALFORMED)
  test(`no SIP URI: ${JSON.stringify(text)}`, () => assert.equal(parseSipUri(text), undefined));

test("tel URIs keep their visual separators (RFC 3966)", () => {
  assert.deepEqual(parseTelUri("tel:+1-(202).555-0101;ext=7"), {
    scheme: "tel",
    number: "+1-(202).555-0101",
    params: ";ext=7",
  });
  assert.deepEqual(parseUri("TEL:*31%23".replace("%23", "#")), { scheme: "tel", number: "*31#", params: "" });
  for (const bad of ["tel:", "tel:+", "tel:--", "tel:1+2", "tel:xyz", "tel:1;", "tel:1 2", "sip:1@h"]) {
    assert.equal(parseTelUri(bad), undefined, bad);
  }
});

test("other schemes are named, not judged", () => {
  assert.deepEqual(parseUri("urn:service:sos.police"), {
    scheme: "other",
    name: "urn",
    text: "urn:service:sos.police",
  });
  assert.equal(uriScheme("Soap.Beep://x"), "soap.beep");
  for (const bad of ["", ":", "a", "1a:b", "a b:c", "\xc3:x", "urn:"]) assert.equal(parseUri(bad), undefined, bad);
});

test("hosts", () => {
  for (const good of ["a", "a.b", "192.0.2.1", "[::]", "[2001:db8::192.0.2.1]", "_sip._udp.example.com", "a-b."])
    assert.ok(isHost(good), good);
  for (const bad of ["", ".", "a..b", "a b", "a@b", "[]", "[::1", "::1", "\xc3\xa9.example", "a".repeat(256)])
    assert.ok(!isHost(bad), bad);
});

test("addresses", () => {
  for (const good of ["0.0.0.0", "255.255.255.255", "192.0.2.1"]) assert.ok(isIpv4(good), good);
  for (const bad of ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.", "a.b.c.d", "1..2.3", "0001.1.1.1"])
    assert.ok(!isIpv4(bad), bad);
  for (const good of [
    "::",
    "::1",
    "1::",
    "2001:db8::1",
    "1:2:3:4:5:6:7:8",
    "::ffff:192.0.2.1",
    "1:2:3:4:5:6:192.0.2.1",
  ])
    assert.ok(isIpv6(good), good);
  for (const bad of [
    "",
    ":",
    ":::",
    "1",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1::2::3",
    "12345::",
    "g::",
    "1:2:3:4:5:6:7::8",
    "::1.2.3",
    "192.0.2.1::",
    "1:",
  ])
    assert.ok(!isIpv6(bad), bad);
});
