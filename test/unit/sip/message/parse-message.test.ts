import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_SIP_LIMITS, type SipLimits } from "../../../../gateway/sip/message/limits.js";
import { parseSipMessage, type SipParseError } from "../../../../gateway/sip/message/parse-message.js";
import type { SipMessage } from "../../../../gateway/sip/message/sip-message.js";

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
const lines = (...all: string[]): string => all.map((line) => `${line}\r\n`).join("");
const HEAD = [
  "Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKaa1",
  "From: <sip:+12025550101@192.0.2.7>;tag=f1",
  "To: <sip:+12025550123@192.0.2.9>",
  "Call-ID: one@192.0.2.7",
  "CSeq: 1 INVITE",
  "Max-Forwards: 70",
];
const REQUEST_LINE = "INVITE sip:+12025550123@192.0.2.9 SIP/2.0";

function accept(text: string, limits?: SipLimits): SipMessage {
  const result = parseSipMessage(bytes(text), limits);
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}
function refuse(text: string, limits?: SipLimits): SipParseError {
  const result = parseSipMessage(bytes(text), limits);
  assert.ok(!result.ok, "accepted");
  return result.error;
}
const bodyOf = (message: SipMessage): string => Buffer.from(message.body).toString("latin1");

test("an INVITE is read: start line, headers in order, body of Content-Length bytes", () => {
  const message = accept(`${lines(REQUEST_LINE, ...HEAD, "Content-Length: 4", "")}v=0\n`);
  assert.ok(message.kind === "request");
  assert.equal(message.method, "INVITE");
  assert.equal(message.uri, "sip:+12025550123@192.0.2.9");
  assert.deepEqual(
    [...message.headers].map(([name]) => name),
    ["Via", "From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length"],
  );
  assert.equal(message.headers.get("call-id"), "one@192.0.2.7");
  assert.equal(bodyOf(message), "v=0\n");
});

test("the version compares without case, the method does not (RFC 3261 §7.1)", () => {
  const message = accept(lines("invite sip:192.0.2.9 sip/2.0", ...HEAD, ""));
  assert.ok(message.kind === "request");
  assert.deepEqual([message.method, message.uri], ["invite", "sip:192.0.2.9"]);
});

test("a response is read: status and reason, which may be empty or missing with its blank", () => {
  for (const [line, status, reason] of [
    ["SIP/2.0 180 Ringing", 180, "Ringing"],
    ["SIP/2.0 200 ", 200, ""],
    ["SIP/2.0 200", 200, ""],
    ["sip/2.0 486 Busy  Here", 486, "Busy  Here"],
    ["SIP/2.0 699 \xe4\xb8", 699, "\xe4\xb8"],
  ] as const) {
    const message = accept(lines(line, ...HEAD, ""));
    assert.ok(message.kind === "response");
    assert.deepEqual([message.status, message.reason], [status, reason], line);
  }
});

const HEADER_FORMS = [
  { name: "a compact form is found by its long name", line: "i: x@y", key: "call-id", value: "x@y" },
  { name: "a compact form in capitals", line: "I: x@y", key: "call-id", value: "x@y" },
  { name: "any capitals", line: "cALL-iD: x@y", key: "call-id", value: "x@y" },
  { name: "blanks and tabs round the colon", line: "Subject \t:\t hello \t", key: "subject", value: "hello" },
  { name: "no blank at all", line: "Subject:hello", key: "subject", value: "hello" },
  { name: "an empty value", line: "Subject:", key: "subject", value: "" },
  { name: "a value with colons", line: "Subject: a:b:c", key: "subject", value: "a:b:c" },
  {
    name: "a folded value is joined with one blank",
    line: "Subject: one\r\n   two\r\n\tthree",
    key: "subject",
    value: "one two three",
  },
  { name: "a value that begins on the next line", line: "Subject:\r\n hello", key: "subject", value: "hello" },
  { name: "a folded line of blanks only", line: "Subject: one\r\n \t\r\n two", key: "subject", value: "one two" },
  { name: "bytes above 127 stay one character each", line: "Subject: \xc3\xa9", key: "subject", value: "\xc3\xa9" },
  { name: "a NUL is a byte like others", line: "Subject: a\0b", key: "subject", value: "a\0b" },
  { name: "an unknown header", line: "X-Odd_Name.~: 1", key: "x-odd_name.~", value: "1" },
  { name: "a header called like a property of every object", line: "constructor: 1", key: "constructor", value: "1" },
  { name: "__proto__", line: "__proto__: 1", key: "__proto__", value: "1" },
];
for (const { name, line, key, value } of HEADER_FORMS) {
  test(`header line: ${name} (RFC 3261 §7.3.1)`, () => {
    assert.equal(accept(lines(REQUEST_LINE, line, "")).headers.get(key), value);
  });
}

test("bare LF line ends are taken, folded lines too", () => {
  const message = accept("OPTIONS sip:192.0.2.9 SIP/2.0\nSubject: a\n b\nCall-ID: x\n\nbody");
  assert.equal(message.headers.get("subject"), "a b");
  assert.equal(message.headers.get("call-id"), "x");
  assert.equal(bodyOf(message), "body");
});

test("line ends before the start line are skipped (RFC 3261 §7.5)", () => {
  assert.equal(accept(`\r\n\r\n\n${lines(REQUEST_LINE, ...HEAD, "")}`).headers.size, 6);
});

test("a header that ends with the datagram, without its empty line, has no body and is taken", () => {
  assert.equal(accept(lines(REQUEST_LINE, ...HEAD)).headers.size, 6);
});

const BODIES = [
  { name: "no Content-Length: the rest of the datagram", length: [], body: "abc", expected: "abc" },
  { name: "a smaller Content-Length cuts the rest off", length: ["Content-Length: 2"], body: "abc", expected: "ab" },
  { name: "compact form", length: ["l: 3"], body: "abc", expected: "abc" },
  {
    name: "counted in bytes, not characters",
    length: ["Content-Length: 4"],
    body: "\xc3\xa9\xc3\xa9",
    expected: "\xc3\xa9\xc3\xa9",
  },
  { name: "zero", length: ["Content-Length: 0"], body: "abc", expected: "" },
  { name: "leading zeros", length: ["Content-Length: 0003"], body: "abc", expected: "abc" },
];
for (const { name, length, body, expected } of BODIES) {
  test(`body: ${name} (RFC 3261 §18.3)`, () => {
    assert.equal(bodyOf(accept(lines(REQUEST_LINE, ...HEAD, ...length, "") + body)), expected);
  });
}

const FAULTS = [
  {
    name: "Content-Length larger than what came",
    text: `${lines(REQUEST_LINE, ...HEAD, "Content-Length: 5", "")}abc`,
    code: "sip.content-length",
    status: 400,
  },
  {
    name: "negative Content-Length",
    text: lines(REQUEST_LINE, ...HEAD, "Content-Length: -1", ""),
    code: "sip.content-length",
    status: 400,
  },
  {
    name: "Content-Length with a sign",
    text: lines(REQUEST_LINE, ...HEAD, "Content-Length: +1", ""),
    code: "sip.content-length",
    status: 400,
  },
  {
    name: "empty Content-Length",
    text: lines(REQUEST_LINE, ...HEAD, "Content-Length:", ""),
    code: "sip.content-length",
    status: 400,
  },
  {
    name: "two equal Content-Lengths",
    text: lines(REQUEST_LINE, ...HEAD, "l: 0", "Content-Length: 0", ""),
    code: "sip.content-length",
    status: 400,
  },
  {
    name: "a header line without colon",
    text: lines(REQUEST_LINE, ...HEAD, "garbage", ""),
    code: "sip.header",
    status: 400,
  },
  { name: "a header without name", text: lines(REQUEST_LINE, ...HEAD, ": x", ""), code: "sip.header", status: 400 },
  {
    name: "a blank inside a header name",
    text: lines(REQUEST_LINE, ...HEAD, "Sub ject: x", ""),
    code: "sip.header",
    status: 400,
  },
  {
    name: "a continuation right after the start line",
    text: lines(REQUEST_LINE, " x: y", ...HEAD, ""),
    code: "sip.header",
    status: 400,
  },
  {
    name: "a bare CR, which others may read as a line end",
    text: lines(REQUEST_LINE, ...HEAD, "Subject: a\rX-Evil: b", ""),
    code: "sip.header",
    status: 400,
  },
  {
    name: "a bare CR in a folded line",
    text: lines(REQUEST_LINE, ...HEAD, "Subject: a\r\n b\rc", ""),
    code: "sip.header",
    status: 400,
  },
  {
    name: "a header that stops in the middle of a line",
    text: `${lines(REQUEST_LINE, ...HEAD)}Subject: cut`,
    code: "sip.truncated",
    status: 400,
  },
  {
    name: "another version",
    text: lines("INVITE sip:192.0.2.9 SIP/3.0", ...HEAD, ""),
    code: "sip.version",
    status: 505,
  },
  {
    name: "no version number",
    text: lines("INVITE sip:192.0.2.9 SIP/x", ...HEAD, ""),
    code: "sip.start-line",
    status: 400,
  },
  {
    name: "two blanks",
    text: lines("INVITE  sip:192.0.2.9 SIP/2.0", ...HEAD, ""),
    code: "sip.start-line",
    status: 400,
  },
  {
    name: "a blank at the end",
    text: lines("INVITE sip:192.0.2.9 SIP/2.0 ", ...HEAD, ""),
    code: "sip.start-line",
    status: 400,
  },
  {
    name: "tabs for blanks",
    text: lines("INVITE\tsip:192.0.2.9\tSIP/2.0", ...HEAD, ""),
    code: "sip.start-line",
    status: 400,
  },
  {
    name: "a method that is no token",
    text: lines("INV@ITE sip:192.0.2.9 SIP/2.0", ...HEAD, ""),
    code: "sip.start-line",
    status: 400,
  },
  { name: "no Request-URI", text: lines("INVITE SIP/2.0", ...HEAD, ""), code: "sip.start-line", status: 400 },
  {
    name: "angle brackets",
    text: lines("INVITE <sip:192.0.2.9> SIP/2.0", ...HEAD, ""),
    code: "sip.request-uri",
    status: 400,
  },
  {
    name: "a blank in the URI",
    text: lines("INVITE sip:a b@192.0.2.9 SIP/2.0", ...HEAD, ""),
    code: "sip.request-uri",
    status: 400,
  },
  {
    name: "an ACK gets no answer, whatever is wrong",
    text: lines("ACK sip:192.0.2.9 SIP/2.0", ...HEAD, "x", ""),
    code: "sip.header",
    status: undefined,
  },
] as const;
for (const { name, text, code, status } of FAULTS) {
  test(`refused: ${name}`, () => {
    const error = refuse(text);
    assert.deepEqual([error.code, error.status], [code, status]);
    assert.equal(error.request?.headers.get("call-id"), "one@192.0.2.7", "what is needed for an answer was read");
  });
}

const DROPPED = [
  { name: "keep-alive", text: "\r\n\r\n", code: "sip.empty" },
  { name: "nothing", text: "", code: "sip.empty" },
  { name: "a STUN request", text: "\x00\x01\x00\x00\x21\x12\xa4\x42aaaaaaaaaaaa", code: "sip.not-sip" },
  { name: "HTTP", text: "GET / HTTP/1.1\r\nHost: x\r\n\r\n", code: "sip.not-sip" },
  { name: "a response of another version", text: lines("SIP/7.0 200 OK", ...HEAD, ""), code: "sip.version" },
  { name: "status 99", text: lines("SIP/2.0 99 X", ...HEAD, ""), code: "sip.start-line" },
  { name: "status 700", text: lines("SIP/2.0 700 X", ...HEAD, ""), code: "sip.start-line" },
  { name: "status of four digits", text: lines("SIP/2.0 2000 X", ...HEAD, ""), code: "sip.start-line" },
  {
    name: "a response whose header is broken",
    text: lines("SIP/2.0 200 OK", "garbage", ...HEAD, ""),
    code: "sip.header",
  },
] as const;
for (const { name, text, code } of DROPPED) {
  test(`dropped without a word: ${name}`, () => {
    const error = refuse(text);
    assert.deepEqual([error.code, error.status, error.request], [code, undefined, undefined]);
  });
}

const SMALL: SipLimits = {
  ...DEFAULT_SIP_LIMITS,
  startLineBytes: 60,
  headerLineBytes: 100,
  headerCount: 8,
  headBytes: 600,
  bodyBytes: 10,
};
const TOO_MUCH = [
  {
    name: "start line",
    text: lines(`INVITE sip:${"a".repeat(60)}@192.0.2.9 SIP/2.0`, ...HEAD, ""),
    code: "sip.uri-too-long",
    status: 414,
  },
  {
    name: "header line",
    text: lines(REQUEST_LINE, ...HEAD, `Subject: ${"a".repeat(100)}`, ""),
    code: "sip.too-large",
    status: 513,
  },
  {
    name: "folded header line",
    text: lines(REQUEST_LINE, ...HEAD, `Subject: ${"a\r\n ".repeat(30)}`, ""),
    code: "sip.too-large",
    status: 513,
  },
  {
    name: "number of headers",
    text: lines(REQUEST_LINE, ...HEAD, "a: 1", "a: 2", "a: 3", ""),
    code: "sip.too-large",
    status: 513,
  },
  {
    name: "whole header",
    text: lines(REQUEST_LINE, ...HEAD, ...["a", "b"].map((x) => `${x}: ${"x".repeat(90)}`), "z".repeat(600)),
    code: "sip.too-large",
    status: 513,
  },
  { name: "body", text: `${lines(REQUEST_LINE, ...HEAD, "")}12345678901`, code: "sip.body-too-large", status: 413 },
] as const;
for (const { name, text, code, status } of TOO_MUCH) {
  test(`limit: ${name}`, () => {
    const error = refuse(text, SMALL);
    assert.deepEqual([error.code, error.status], [code, status]);
  });
}
test("limits: exactly at each limit is accepted", () => {
  accept(`${lines(REQUEST_LINE, ...HEAD, `Subject: ${"a".repeat(89)}`, "a: 1", "")}1234567890`, SMALL);
});

test("a message of any size is refused or read in one pass: 64 KiB without colon, CR or blank line", () => {
  for (const filler of ["a\n", "\n a", ":", "a:b\n c\n", "\r", " \r\n"]) {
    const text = `${REQUEST_LINE}\r\n${filler.repeat(20_000)}`;
    const result = parseSipMessage(bytes(text));
    if (result.ok) assert.ok(result.value.headers.size <= DEFAULT_SIP_LIMITS.headerCount);
    else assert.ok(result.error.code.startsWith("sip."));
  }
});

test("plain Uint8Arrays with an offset are read like Buffers", () => {
  const backing = new Uint8Array(2000);
  const text = `${lines(REQUEST_LINE, ...HEAD, "")}xyz`;
  backing.set(bytes(text), 100);
  const result = parseSipMessage(backing.subarray(100, 100 + text.length));
  assert.ok(result.ok);
  assert.equal(bodyOf(result.value), "xyz");
});
