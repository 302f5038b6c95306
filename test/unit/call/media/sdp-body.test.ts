import assert from "node:assert/strict";
import { test } from "node:test";
import { sdpBodyOf, withSdp } from "../../../../gateway/call/media/sdp-body.js";
import { SipHeaders } from "../../../../gateway/sip/message/sip-headers.js";
import type { HeaderEntries } from "../../../../gateway/ports/sip-endpoint.js";

const SDP = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n";
const LONGER = `${SDP}t=0 0\r\n`;

function find(headers: HeaderEntries, body: string) {
  return sdpBodyOf(SipHeaders.of(headers), Buffer.from(body, "latin1"));
}
const replaced = (headers: HeaderEntries, body: string, sdp = LONGER): string | undefined => {
  const found = find(headers, body);
  return found === undefined ? undefined : Buffer.from(withSdp(found, Buffer.from(sdp, "latin1"))).toString("latin1");
};
const mixed = (...parts: string[]): string => `${parts.map((part) => `--b\r\n${part}\r\n`).join("")}--b--\r\n`;
const MIXED: HeaderEntries = [["Content-Type", 'multipart/mixed;boundary="b"']];
const part = (type: string, body: string, more = ""): string => `Content-Type: ${type}\r\n${more}\r\n${body}`;

test("a body of type application/sdp is the description itself", () => {
  for (const type of ["application/sdp", "Application/SDP", "application/sdp;charset=utf-8"])
    assert.equal(replaced([["Content-Type", type]], SDP), LONGER, type);
  assert.equal(replaced([["c", "application/sdp"]], SDP), LONGER, "compact form");
});

const untouched: readonly (readonly [name: string, headers: HeaderEntries, body: string])[] = [
  ["no body", [["Content-Type", "application/sdp"]], ""],
  ["no type", [], SDP],
  ["a type that cannot be read", [["Content-Type", "application sdp"]], SDP],
  ["another type", [["Content-Type", "application/isup"]], SDP],
  [
    "an early session (RFC 3959)",
    [
      ["Content-Type", "application/sdp"],
      ["Content-Disposition", "early-session"],
    ],
    SDP,
  ],
  [
    "a compressed one",
    [
      ["Content-Type", "application/sdp"],
      ["Content-Encoding", "gzip"],
    ],
    SDP,
  ],
  ["multipart without a description", MIXED, mixed(part("text/plain", "v=0"))],
  ["multipart that does not end", MIXED, `--b\r\n${part("application/sdp", SDP)}`],
  ["multipart without a boundary", [["Content-Type", "multipart/mixed"]], mixed(part("application/sdp", SDP))],
  ["a transfer-encoded part", MIXED, mixed(part("application/sdp", "dj0w", "Content-Transfer-Encoding: base64\r\n"))],
];
for (const [name, headers, body] of untouched)
  test(`no description is found in: ${name}`, () => assert.equal(find(headers, body), undefined));

test("one part among others is replaced, all else stays byte for byte", () => {
  const isup = part("application/isup;version=itu-t92+", "\x01\x00--b not at the start of a line\xff\r\n\r\n");
  const headers = "Content-Disposition: session;handling=required\r\nContent-ID: <x@example.com>\r\n";
  const body = `preamble\r\n${mixed(isup, part("application/sdp", SDP, headers), part("text/plain", "tail"))}epilogue`;
  const expected = `preamble\r\n${mixed(isup, part("application/sdp", LONGER, headers), part("text/plain", "tail"))}epilogue`;
  assert.equal(replaced(MIXED, body), expected);
});

test("an early-session part is passed over; the session part behind it counts", () => {
  const early = part("application/sdp", SDP, "Content-Disposition: early-session\r\n");
  assert.equal(
    replaced(MIXED, mixed(early, part("application/sdp", SDP))),
    mixed(early, part("application/sdp", LONGER)),
  );
});

test("a part's own Content-Length follows, on every level", () => {
  const inner = (sdp: string): string =>
    `--i\r\n${part("application/sdp", sdp, `Content-Length: ${sdp.length}\r\n`)}\r\n--i--\r\n`;
  const outer = (sdp: string): string =>
    mixed(
      part("text/plain", "Content-Length: 7"),
      part("multipart/alternative;boundary=i", inner(sdp), `Content-Length: ${inner(sdp).length}\r\n`),
    );
  assert.equal(replaced(MIXED, outer(SDP), SDP.repeat(30)), outer(SDP.repeat(30)));
});

test("a description three levels down is left alone", () => {
  const wrap = (body: string, boundary: string): string => `--${boundary}\r\n${body}\r\n--${boundary}--\r\n`;
  const two = part(
    "multipart/mixed;boundary=y",
    wrap(part("multipart/mixed;boundary=z", wrap(part("application/sdp", SDP), "z")), "y"),
  );
  assert.equal(find(MIXED, wrap(two, "b")), undefined);
});
