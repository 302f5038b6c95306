import assert from "node:assert/strict";
import { test } from "node:test";
import * as oracle from "sdp-transform";
import { parseSdp, serializeSdp } from "../../../../gateway/sip/sdp/parse-sdp.js";
import {
  attributes,
  connectionOf,
  directionOf,
  isHeld,
  type SessionDescription,
} from "../../../../gateway/sip/sdp/session-description.js";

const crlf = (...lines: string[]): string => lines.map((line) => `${line}\r\n`).join("");
const START = ["v=0", "o=- 1 2 IN IP4 192.0.2.1", "s=-"];
const AUDIO = crlf(
  ...START,
  "c=IN IP4 192.0.2.1",
  "t=0 0",
  "a=group:BUNDLE a v",
  "m=audio 40000 RTP/AVP 0 8 101",
  "a=rtpmap:101 telephone-event/8000",
  "a=fmtp:101 0-16",
  "a=sendonly",
  "m=video 0/2 RTP/SAVPF 96",
  "c=IN IP6 2001:db8::1",
  "a=rtpmap:96 H264/90000",
  "a=recvonly",
);

function accept(text: string): SessionDescription {
  const result = parseSdp(text);
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}

test("a description is read into session and media (RFC 8866 §5)", () => {
  const session = accept(AUDIO);
  assert.deepEqual(session.origin, {
    username: "-",
    sessionId: "1",
    sessionVersion: "2",
    netType: "IN",
    addressType: "IP4",
    address: "192.0.2.1",
  });
  assert.deepEqual(
    session.media.map((m) => [m.kind, m.port, m.portCount, m.protocol, m.formats.join(" ")]),
    [
      ["audio", 40000, 1, "RTP/AVP", "0 8 101"],
      ["video", 0, 2, "RTP/SAVPF", "96"],
    ],
  );
  const [audio, video] = session.media;
  assert.ok(audio && video);
  assert.deepEqual(
    [connectionOf(session, audio)?.address, connectionOf(session, video)?.address],
    ["192.0.2.1", "2001:db8::1"],
  );
  assert.deepEqual([directionOf(session, audio), directionOf(session, video)], ["sendonly", "recvonly"]);
  assert.deepEqual([isHeld(session, audio), isHeld(session, video)], [true, false]);
  assert.deepEqual(attributes(audio, "rtpmap"), ["101 telephone-event/8000"]);
  assert.deepEqual(attributes(audio, "sendonly"), [""]);
  assert.deepEqual(attributes(audio, "rtp"), []);
  assert.deepEqual(attributes(session, "group"), ["BUNDLE a v"]);
});

test("every line goes out as it came: order, line ends, odd blanks, unknown lines", () => {
  for (const text of [
    AUDIO,
    AUDIO.replaceAll("\r\n", "\n"),
    AUDIO.slice(0, -2),
    `${AUDIO}z=x  y \r\nb=AS:1\n`,
    crlf(...START, "i=\xc3\xa9"),
  ]) {
    assert.equal(serializeSdp(accept(text)), text);
  }
});

test("the session's direction and an address of zero count for media that say nothing", () => {
  const session = accept(
    crlf(...START, "c=IN IP4 0.0.0.0", "a=inactive", "m=audio 9 RTP/AVP 0", "m=audio 9 RTP/AVP 0", "a=sendrecv"),
  );
  assert.deepEqual(
    session.media.map((media) => [directionOf(session, media), isHeld(session, media)]),
    [
      ["inactive", true],
      ["sendrecv", true],
    ],
    "RFC 3264 §8.4: c=0.0.0.0 holds too",
  );
});

test("a multicast address is read without its time to live", () => {
  assert.equal(accept(crlf(...START, "c=IN IP4 233.252.0.1/127/3")).connection?.address, "233.252.0.1");
});

const BAD = [
  { name: "nothing", text: "", code: "sdp.version", line: 1 },
  { name: "another version", text: crlf("v=1", "o=- 1 2 IN IP4 192.0.2.1"), code: "sdp.version", line: 1 },
  { name: "origin missing", text: crlf("v=0", "s=-"), code: "sdp.origin", line: 0 },
  { name: "origin too short", text: crlf("v=0", "o=- 1 2 IN IP4"), code: "sdp.origin", line: 2 },
  { name: "a line without =", text: crlf(...START, "abc"), code: "sdp.line", line: 4 },
  { name: "an empty line", text: crlf(...START, "", "a=x"), code: "sdp.line", line: 4 },
  { name: "a capital letter", text: crlf(...START, "A=x"), code: "sdp.line", line: 4 },
  { name: "a bare CR", text: crlf(...START, "a=x\ry"), code: "sdp.line", line: 4 },
  { name: "a connection of two fields", text: crlf(...START, "c=IN IP4"), code: "sdp.connection", line: 4 },
  { name: "media without format", text: crlf(...START, "m=audio 1 RTP/AVP"), code: "sdp.media", line: 4 },
  { name: "a port above 65535", text: crlf(...START, "m=audio 65536 RTP/AVP 0"), code: "sdp.media", line: 4 },
  { name: "a port of letters", text: crlf(...START, "m=audio x RTP/AVP 0"), code: "sdp.media", line: 4 },
  {
    name: "a bad connection in media",
    text: crlf(...START, "m=audio 1 RTP/AVP 0", "c=IN"),
    code: "sdp.connection",
    line: 5,
  },
  {
    name: "too many media",
    text: crlf(...START, ...Array.from({ length: 65 }, () => "m=audio 1 RTP/AVP 0")),
    code: "sdp.too-large",
    line: 68,
  },
  {
    name: "too many lines",
    text: crlf(...START, ...Array.from({ length: 2046 }, () => "a=x")),
    code: "sdp.too-large",
    line: 2049,
  },
  { name: "too many bytes", text: crlf(...START, `a=${"x".repeat(65_536)}`), code: "sdp.too-large", line: 0 },
] as const;
for (const { name, text, code, line } of BAD) {
  test(`no session description: ${name}`, () => {
    const result = parseSdp(text);
    assert.deepEqual(result.ok ? result.value : result.error, { code, line });
  });
}

test("sdp-transform reads the same media, ports and directions", () => {
  // It does not know port counts.
  const text = AUDIO.replace(" 0/2 ", " 0 ");
  const ours = accept(text);
  const theirs = oracle.parse(text);
  assert.deepEqual(
    ours.media.map((m) => [m.kind, m.port, m.protocol, m.formats.join(" "), m.direction, m.connection?.address]),
    theirs.media.map((m) => [m.type, m.port, m.protocol, String(m.payloads), m.direction, m.connection?.ip]),
  );
  assert.deepEqual([ours.origin.username, ours.origin.address], [theirs.origin.username, theirs.origin.address]);
  assert.equal(ours.connection?.address, theirs.connection?.ip);
});
