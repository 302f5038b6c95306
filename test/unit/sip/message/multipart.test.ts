import assert from "node:assert/strict";
import { test } from "node:test";
import { multipartBoundary, parseMultipart, serializeMultipart } from "../../../../gateway/sip/message/multipart.js";

const TYPE = "multipart/mixed;boundary=frontier";
const read = (text: string, type = TYPE): unknown => {
  const result = parseMultipart(type, Buffer.from(text, "latin1"));
  if (!result.ok) return result.error;
  return result.value.map((part) => [[...part.headers], Buffer.from(part.body).toString("latin1")]);
};

const CASES = [
  {
    name: "two parts, preamble and epilogue left out",
    text: "ignore\r\n--frontier\r\nContent-Type: text/plain\r\n\r\none\r\n--frontier\r\nc: a/b\r\n\r\n\0two\r\n\r\n--frontier--\r\nepilogue --frontier",
    expected: [
      [[["Content-Type", "text/plain"]], "one"],
      [[["c", "a/b"]], "\0two\r\n"],
    ],
  },
  { name: "bare LF line ends", text: "--frontier\nA: b\n\nx\n--frontier--", expected: [[[["A", "b"]], "x"]] },
  { name: "a part without headers", text: "--frontier\r\n\r\nx\r\n--frontier--", expected: [[[], "x"]] },
  { name: "an empty part", text: "--frontier\r\n\r\n\r\n--frontier--", expected: [[[], ""]] },
  {
    name: "a folded part header",
    text: "--frontier\r\nA: b\r\n c\r\n\r\nx\r\n--frontier--",
    expected: [[[["A", "b c"]], "x"]],
  },
  { name: "blanks after the delimiter", text: "--frontier \t\r\n\r\nx\r\n--frontier-- \r\n", expected: [[[], "x"]] },
  {
    name: "the boundary inside a line or longer is text",
    text: "--frontier\r\n\r\nx --frontier\r\n--frontiers\r\n--frontier--",
    expected: [[[], "x --frontier\r\n--frontiers"]],
  },
  { name: "no delimiter", text: "nothing", expected: "multipart.unterminated" },
  { name: "no closing delimiter", text: "--frontier\r\n\r\nx", expected: "multipart.unterminated" },
  {
    name: "a part header without colon",
    text: "--frontier\r\nA\r\n\r\nx\r\n--frontier--",
    expected: "multipart.header",
  },
  { name: "closed at once", text: "--frontier--", expected: [] },
  {
    name: "too many parts",
    text: `${"--frontier\r\n\r\nx\r\n".repeat(33)}--frontier--`,
    expected: "multipart.too-many-parts",
  },
  {
    name: "too many part headers",
    text: `--frontier\r\n${"A: b\r\n".repeat(33)}\r\nx\r\n--frontier--`,
    expected: "multipart.header",
  },
];
for (const { name, text, expected } of CASES)
  test(`multipart: ${name} (RFC 2046 §5.1)`, () => assert.deepEqual(read(text), expected));

test("the boundary may be quoted; without one there are no parts", () => {
  assert.equal(multipartBoundary('multipart/related; type=x; boundary="a b"'), "a b");
  for (const bad of [
    "multipart/mixed",
    "text/plain;boundary=x",
    "multipart/mixed;boundary=",
    `multipart/mixed;boundary=${"x".repeat(71)}`,
  ]) {
    assert.equal(read("--x--", bad), "multipart.boundary", bad);
  }
});

test("written parts are read back byte for byte", () => {
  const source = parseMultipart(
    TYPE,
    Buffer.from("--frontier\r\nContent-Type: a/b\r\n\r\n\r\n\0\xff\r\n--frontier\r\n\r\n\r\n--frontier--"),
  );
  assert.ok(source.ok);
  const again = parseMultipart("multipart/mixed;boundary=other", serializeMultipart("other", source.value));
  assert.ok(again.ok);
  assert.deepEqual(
    again.value.map((part) => [[...part.headers], [...part.body]]),
    source.value.map((part) => [[...part.headers], [...part.body]]),
  );
});

test("a megabyte of boundaries without line ends is answered in one pass", () => {
  assert.equal(read("--frontier".repeat(100_000)), "multipart.unterminated");
  assert.equal(read(`\n${"--frontier--x".repeat(80_000)}`), "multipart.unterminated");
});
