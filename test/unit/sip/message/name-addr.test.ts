import assert from "node:assert/strict";
import { test } from "node:test";
import {
  getTag,
  paramsOf,
  parseNameAddr,
  uriOf,
  withoutTag,
  withTag,
  withUri,
} from "../../../../gateway/sip/message/name-addr.js";
import { formatNameAddr } from "../../../support/write-sip.js";

const READ = [
  ["<sip:a@192.0.2.1>", "", "sip:a@192.0.2.1", ""],
  ["<sip:a@192.0.2.1>;tag=1", "", "sip:a@192.0.2.1", ";tag=1"],
  ["<sip:a@192.0.2.1;lr?x=y> ; tag = 1 ", "", "sip:a@192.0.2.1;lr?x=y", "; tag = 1"],
  ["Alice <sip:a@192.0.2.1>", "Alice", "sip:a@192.0.2.1", ""],
  ["Alice of Example  <sip:a@192.0.2.1>", "Alice of Example", "sip:a@192.0.2.1", ""],
  ["Alice<sip:a@192.0.2.1>", "Alice", "sip:a@192.0.2.1", ""],
  ['"Alice, of \\"X\\" \\\\ <b>"<sip:a@192.0.2.1>;x="a;b>c"', 'Alice, of "X" \\ <b>', "sip:a@192.0.2.1", ';x="a;b>c"'],
  ['"" <sip:a@192.0.2.1>', "", "sip:a@192.0.2.1", ""],
  ["sip:a@192.0.2.1;tag=1", "", "sip:a@192.0.2.1", ";tag=1"],
  ["sip:a@192.0.2.1", "", "sip:a@192.0.2.1", ""],
  ["tel:+1-202-555-0101;tag=q", "", "tel:+1-202-555-0101", ";tag=q"],
  ['sip:a@192.0.2.1;x="<b>"', "", "sip:a@192.0.2.1", ';x="<b>"'],
  ["*", "", "*", ""],
  ["\xd0\x98 <sip:a@192.0.2.1>", "\xd0\x98", "sip:a@192.0.2.1", ""],
  ["< sip:a@192.0.2.1 >", "", "sip:a@192.0.2.1", ""],
] as const;
for (const [value, display, uri, params] of READ) {
  test(`name-addr ${JSON.stringify(value)} (RFC 3261 §20.10)`, () => {
    assert.deepEqual(parseNameAddr(value), { display, uri, params });
    assert.equal(uriOf(value), uri);
  });
}

const MALFORMED = [
  "",
  "<>",
  "<sip:a@b",
  '"Alice <sip:a@b>',
  'Alice" <sip:a@b>',
  "Bell, Alice <sip:a@b>",
  "<sip:a b@c>",
  "<sip:a@b>x",
  "<sip:a@b>;",
  "<sip:a@b>;;",
  "<sip:a@b>;=x",
  '<sip:a@b>;x="y',
  "<sip:a@b>, <sip:c@d>",
  "sip:a@b?x=y",
  "sip:a,b@c",
  '"Alice" sip:a@b',
];
for (const value of MALFORMED) {
  test(`no name-addr: ${JSON.stringify(value)}`, () => assert.equal(parseNameAddr(value), undefined));
}

test("formatting undoes parsing, quotes only where needed", () => {
  for (const value of ["<sip:a@b>;tag=1", "Alice B <sip:a@b>", '"A, \\"b\\" \\\\c" <sip:a@b>;x=y']) {
    const address = parseNameAddr(value);
    assert.ok(address);
    assert.equal(formatNameAddr(address), value);
  }
  assert.equal(formatNameAddr({ display: "a  b", uri: "sip:c@d", params: "" }), '"a  b" <sip:c@d>');
});

const TAGS = [
  ["<sip:a@b>;tag=x1", "x1"],
  ["<sip:a@b> ; Tag = x1 ;y=z", "x1"],
  ["<sip:a@b;tag=no>", undefined],
  ["<sip:a@b>;tags=no;xtag=no", undefined],
  ["sip:a@b;tag=x1", "x1"],
  ['"a;tag=no>" <sip:a@b;tag=no>;p=";tag=no";tag=yes', "yes"],
  ["<sip:a@b>;tag=", undefined],
  ["<sip:a@b>;tag", undefined],
  ["", undefined],
  ['"unclosed;tag=x', undefined],
] as const;
for (const [value, tag] of TAGS) {
  test(`tag of ${JSON.stringify(value)}`, () => {
    if (value.startsWith('"unclosed')) assert.doesNotThrow(() => getTag(value));
    else assert.equal(getTag(value), tag);
  });
}

test("a tag is put in, replaced and taken out, the rest stays as it was", () => {
  assert.equal(withTag("<sip:a@b>", "1"), "<sip:a@b>;tag=1");
  assert.equal(withTag("sip:a@b", "1"), "sip:a@b;tag=1");
  assert.equal(withTag("A <sip:a@b;x> ;y=z", "1"), "A <sip:a@b;x> ;y=z;tag=1");
  assert.equal(withTag("<sip:a@b>;tag=old;y=z", "new"), "<sip:a@b>;tag=new;y=z");
  assert.equal(withTag('"<x>;tag=1" <sip:a@b>;TAG = old', "new"), '"<x>;tag=1" <sip:a@b>;tag=new');
  assert.equal(withoutTag("<sip:a@b>;x=y;tag=1;z"), "<sip:a@b>;x=y;z");
  assert.equal(withoutTag("<sip:a@b>"), "<sip:a@b>");
  assert.equal(withoutTag("sip:a@b;tag=1;tag=2"), "sip:a@b");
});

test("a URI is replaced where it stands, not where the display name says the same", () => {
  assert.equal(withUri('"sip:a@b" <sip:a@b>;tag=1', "sip:c@d"), '"sip:a@b" <sip:c@d>;tag=1');
  assert.equal(withUri("sip:a@b;tag=1", "sip:c@d"), "sip:c@d;tag=1");
  assert.equal(withUri("A < sip:a@b >", "sip:c@d"), "A < sip:c@d >");
  assert.equal(withUri('"open <sip:a@b>', "sip:c@d"), '"open <sip:a@b>');
});

test("header parameters begin after the address, whatever the display name holds", () => {
  assert.equal(paramsOf('"a;b<c>" <sip:d;e@f;g>;h=i'), ";h=i");
  assert.equal(paramsOf("sip:a@b"), "");
});
