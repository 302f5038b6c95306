import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalHeaderName, usualHeaderName, wireHeaderName } from "../../../../gateway/sip/message/header-names.js";
import { SipHeaders } from "../../../../gateway/sip/message/sip-headers.js";

const some = (): SipHeaders =>
  SipHeaders.of([
    ["Via", "1"],
    ["v", "2"],
    ["To", "x"],
    ["VIA", "3"],
  ]);

test("lines of one name are found in order under any spelling", () => {
  const headers = some();
  assert.equal(headers.get("via"), "1");
  assert.deepEqual(headers.all("via"), ["1", "2", "3"]);
  assert.deepEqual([headers.count("via"), headers.has("to"), headers.has("from")], [3, true, false]);
});

test("set replaces the first line and removes the others; where there was none it appends in the usual spelling", () => {
  const headers = some();
  headers.set("v", "new");
  headers.set("rseq", "1");
  assert.deepEqual(
    [...headers],
    [
      ["Via", "new"],
      ["To", "x"],
      ["RSeq", "1"],
    ],
  );
});

test("first lines are replaced and removed alone", () => {
  const headers = some();
  headers.setFirst("via", "a");
  headers.deleteFirst("via");
  headers.prepend("Via", "0");
  assert.deepEqual(headers.all("via"), ["0", "2", "3"]);
  headers.delete("via");
  assert.deepEqual([...headers], [["To", "x"]]);
});

test("a copy is independent", () => {
  const headers = some();
  const copy = headers.clone();
  copy.delete("via");
  assert.deepEqual([headers.size, copy.size], [4, 1]);
});

const NAMES = [
  ["i", "call-id", "Call-ID"],
  ["X", "session-expires", "Session-Expires"],
  ["cseq", "cseq", "CSeq"],
  ["WWW-AUTHENTICATE", "www-authenticate", "WWW-Authenticate"],
  ["p-asserted-identity", "p-asserted-identity", "P-Asserted-Identity"],
  ["x-my-thing", "x-my-thing", "X-My-Thing"],
  ["constructor", "constructor", "Constructor"],
  ["toString", "tostring", "Tostring"],
] as const;
for (const [name, key, wire] of NAMES) {
  test(`header name ${name}`, () => {
    assert.equal(canonicalHeaderName(name), key);
    assert.equal(wireHeaderName(name), wire);
  });
}

test("names of objects' own properties are no usual header names", () => {
  for (const name of ["constructor", "__proto__", "hasOwnProperty"]) assert.equal(usualHeaderName(name), undefined);
});
