import assert from "node:assert/strict";
import { test } from "node:test";
import { escapeUri, quote, unescapeUri, unquote, utf8Text, wireText } from "../../../../gateway/sip/message/text.js";

test("text for people and text for the wire are each other's inverse", () => {
  for (const text of ["plain", "žluťoučký", "电话", "\u{1f600}"]) assert.equal(utf8Text(wireText(text)), text);
  assert.equal(utf8Text("\xff"), "\ufffd");
});

test("text for the wire holds no line end, NUL or wide character", () => {
  assert.equal(wireText("a\r\nb\0c"), "a b c");
  assert.match(wireText("\u010a"), /^[\x80-\xff]+$/);
});

const ESCAPES = [
  ["a%40b", "a@b"],
  ["%41%6a%6A", "Ajj"],
  ["100%", "100%"],
  ["%zz%4", "%zz%4"],
  ["%2541", "%41"],
  ["%00", "\0"],
  ["%%41", "%A"],
] as const;
for (const [escaped, plain] of ESCAPES) test(`unescape ${escaped}`, () => assert.equal(unescapeUri(escaped), plain));

test("what is escaped is unescaped to the same, for every byte and component", () => {
  let every = "";
  for (let i = 0; i < 256; i++) every += String.fromCharCode(i);
  for (const component of ["user", "param", "header"] as const) {
    const escaped = escapeUri(every, component);
    assert.equal(unescapeUri(escaped), every);
    assert.match(escaped, /^[!-~]+$/);
    assert.doesNotMatch(escaped, /[@"<>#]/);
  }
  assert.equal(escapeUri("98@h;to-tag=1", "header"), "98%40h%3Bto-tag%3D1");
});

test("quoting is undone by unquoting", () => {
  for (const text of ["", "a", 'a"b\\c', "\\", '"']) assert.equal(unquote(quote(text)), text);
  assert.equal(unquote("token"), "token");
  assert.equal(unquote('"open'), '"open');
  assert.equal(quote("a\r\nb"), '"a b"');
});
