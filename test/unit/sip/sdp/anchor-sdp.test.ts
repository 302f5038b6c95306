import assert from "node:assert/strict";
import { test } from "node:test";
import {
  anchorSdp,
  readAnchorable,
  type AnchorableSdp,
  type AnchorPlace,
} from "../../../../gateway/sip/sdp/anchor-sdp.js";

const crlf = (...lines: string[]): string => lines.map((line) => `${line}\r\n`).join("");
const START = ["v=0", "o=- 1 2 IN IP4 192.0.2.1", "s=-"];
const PLACE: AnchorPlace = { address: "198.51.100.7", rtpPort: 30_000, rtcpPort: 30_001 };
const SECOND: AnchorPlace = { address: "198.51.100.7", rtpPort: 30_002, rtcpPort: 30_003 };

function read(text: string): AnchorableSdp {
  const result = readAnchorable(Buffer.from(text, "latin1"));
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}
const anchored = (text: string, ...places: (AnchorPlace | undefined)[]): string =>
  Buffer.from(anchorSdp(read(text), places)).toString("latin1");

/** In and out as lines; what is not named in `to` comes out as it went in. */
const REWRITES: readonly {
  name: string;
  from: readonly string[];
  places: readonly (AnchorPlace | undefined)[];
  to: readonly string[];
}[] = [
  {
    name: "session c= and the port, all else as it was",
    from: ["c=IN IP4 192.0.2.1", "t=0 0", "a=x:y  z ", "m=audio 40000 RTP/AVP 0 8 101", "a=rtpmap:101 telephone-event/8000", "b=AS:1"],
    places: [PLACE],
    to: ["c=IN IP4 198.51.100.7", "t=0 0", "a=x:y  z ", "m=audio 30000 RTP/AVP 0 8 101", "a=rtpmap:101 telephone-event/8000", "b=AS:1"],
  },
  {
    name: "media c= counts before the session's",
    from: ["c=IN IP4 192.0.2.1", "t=0 0", "m=audio 40000 RTP/AVP 0", "c=IN IP4 192.0.2.9"],
    places: [PLACE],
    to: ["c=IN IP4 192.0.2.1", "t=0 0", "m=audio 30000 RTP/AVP 0", "c=IN IP4 198.51.100.7"],
  },
  {
    name: "audio and video get a place each",
    from: ["c=IN IP4 192.0.2.1", "t=0 0", "m=audio 40000 RTP/AVP 0", "m=video 40002 RTP/AVPF 96", "a=rtcp-fb:96 nack"],
    places: [PLACE, SECOND],
    to: ["c=IN IP4 198.51.100.7", "t=0 0", "m=audio 30000 RTP/AVP 0", "m=video 30002 RTP/AVPF 96", "a=rtcp-fb:96 nack"],
  },
  {
    name: "T.38 keeps the session's address, the anchored stream gets a c= of its own after i=",
    from: ["c=IN IP4 192.0.2.1", "t=0 0", "m=audio 40000 RTP/AVP 0", "i=talk", "a=sendrecv", "m=image 41000 udptl t38", "a=T38FaxVersion:0"],
    places: [PLACE, SECOND],
    to: ["c=IN IP4 192.0.2.1", "t=0 0", "m=audio 30000 RTP/AVP 0", "i=talk", "c=IN IP4 198.51.100.7", "a=sendrecv", "m=image 41000 udptl t38", "a=T38FaxVersion:0"],
  },
  {
    name: "a rejected T.38 stream does not matter",
    from: ["c=IN IP4 192.0.2.1", "t=0 0", "m=audio 40000 RTP/AVP 0", "m=image 0 udptl t38"],
    places: [PLACE],
    to: ["c=IN IP4 198.51.100.7", "t=0 0", "m=audio 30000 RTP/AVP 0", "m=image 0 udptl t38"],
  },
  {
    name: "port 0 stays 0",
    from: ["c=IN IP4 192.0.2.1", "t=0 0", "m=audio 40000 RTP/AVP 0", "m=video 0 RTP/AVP 96"],
    places: [PLACE, SECOND],
    to: ["c=IN IP4 198.51.100.7", "t=0 0", "m=audio 30000 RTP/AVP 0", "m=video 0 RTP/AVP 96"],
  },
  {
    name: "video that gets no place passes with its address",
    from: ["t=0 0", "m=audio 40000 RTP/AVP 0", "c=IN IP4 192.0.2.1", "m=video 40002 RTP/AVP 96", "c=IN IP4 192.0.2.1"],
    places: [PLACE, undefined],
    to: ["t=0 0", "m=audio 30000 RTP/AVP 0", "c=IN IP4 198.51.100.7", "m=video 40002 RTP/AVP 96", "c=IN IP4 192.0.2.1"],
  },
  {
    name: "places of two addresses",
    from: ["c=IN IP4 192.0.2.1", "t=0 0", "m=audio 40000 RTP/AVP 0", "m=audio 40002 RTP/AVP 0"],
    places: [PLACE, { ...SECOND, address: "2001:db8::7" }],
    to: ["c=IN IP4 192.0.2.1", "t=0 0", "m=audio 30000 RTP/AVP 0", "c=IN IP4 198.51.100.7", "m=audio 30002 RTP/AVP 0", "c=IN IP6 2001:db8::7"],
  },
  {
    name: "hold by direction passes",
    from: ["c=IN IP4 192.0.2.1", "t=0 0", "m=audio 40000 RTP/AVP 0", "a=sendonly"],
    places: [PLACE],
    to: ["c=IN IP4 198.51.100.7", "t=0 0", "m=audio 30000 RTP/AVP 0", "a=sendonly"],
  },
  {
    name: "hold by an address of zero keeps it",
    from: ["c=IN IP4 0.0.0.0", "t=0 0", "m=audio 40000 RTP/AVP 0"],
    places: [PLACE],
    to: ["c=IN IP4 0.0.0.0", "t=0 0", "m=audio 30000 RTP/AVP 0"],
  },
  {
    name: "one stream held by zero, the other one not",
    from: ["c=IN IP4 192.0.2.1", "t=0 0", "m=audio 40000 RTP/AVP 0", "c=IN IP4 0.0.0.0", "m=audio 40002 RTP/AVP 0"],
    places: [PLACE, SECOND],
    to: ["c=IN IP4 198.51.100.7", "t=0 0", "m=audio 30000 RTP/AVP 0", "c=IN IP4 0.0.0.0", "m=audio 30002 RTP/AVP 0"],
  },
  {
    name: "IPv6 peer, IPv4 place",
    from: ["c=IN IP6 2001:db8::1", "t=0 0", "m=audio 40000 RTP/AVP 0"],
    places: [PLACE],
    to: ["c=IN IP4 198.51.100.7", "t=0 0", "m=audio 30000 RTP/AVP 0"],
  },
  {
    name: "a=rtcp with and without address (RFC 3605)",
    from: ["c=IN IP4 192.0.2.1", "t=0 0", "m=audio 40000 RTP/AVP 0", "a=rtcp:53020", "m=video 40002 RTP/AVP 96", "a=rtcp:53022 IN IP6 2001:db8::1"],
    places: [PLACE, SECOND],
    to: ["c=IN IP4 198.51.100.7", "t=0 0", "m=audio 30000 RTP/AVP 0", "a=rtcp:30001", "m=video 30002 RTP/AVP 96", "a=rtcp:30003 IN IP4 198.51.100.7"],
  },
  {
    name: "RTCP at an unusual port of ours is said",
    from: ["c=IN IP4 192.0.2.1", "t=0 0", "m=audio 40000 RTP/AVP 0", "a=sendrecv"],
    places: [{ ...PLACE, rtcpPort: 31_000 }],
    to: ["c=IN IP4 198.51.100.7", "t=0 0", "m=audio 30000 RTP/AVP 0", "a=sendrecv", "a=rtcp:31000"],
  },
  {
    name: "rtcp-mux passes, in an answer RTCP has the RTP port",
    from: ["c=IN IP4 192.0.2.1", "t=0 0", "m=audio 40000 RTP/AVP 0", "a=rtcp-mux", "a=rtcp:40000"],
    places: [{ ...PLACE, rtcpPort: 30_000 }],
    to: ["c=IN IP4 198.51.100.7", "t=0 0", "m=audio 30000 RTP/AVP 0", "a=rtcp-mux", "a=rtcp:30000"],
  },
  {
    name: "ICE, altc and BUNDLE would lead past us",
    from: ["c=IN IP4 192.0.2.1", "t=0 0", "a=ice-lite", "a=group:BUNDLE 0 1", "a=group:LS 0 1", "m=audio 40000 RTP/AVP 0", "a=mid:0",
      "a=ice-ufrag:abcd", "a=ice-pwd:x", "a=candidate:1 1 UDP 2130706431 192.0.2.1 40000 typ host", "a=remote-candidates:1 192.0.2.2 4",
      "a=end-of-candidates", "a=ice-options:trickle", "a=altc:1 IP6 2001:db8::1 45678", "a=icecream"],
    places: [PLACE],
    to: ["c=IN IP4 198.51.100.7", "t=0 0", "a=group:LS 0 1", "m=audio 30000 RTP/AVP 0", "a=mid:0", "a=icecream"],
  },
  {
    name: "SDES keys pass",
    from: ["c=IN IP4 192.0.2.1", "t=0 0", "m=audio 40000 RTP/SAVP 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd"],
    places: [PLACE],
    to: ["c=IN IP4 198.51.100.7", "t=0 0", "m=audio 30000 RTP/SAVP 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd"],
  },
  {
    name: "a tab belongs to the field that it is in",
    from: ["c=IN IP4 192.0.2.1", "t=0 0", "m=audio\t 40000 RTP/AVP 0"],
    places: [PLACE],
    to: ["c=IN IP4 198.51.100.7", "t=0 0", "m=audio\t 30000 RTP/AVP 0"],
  },
  {
    name: "blanks of the m= line stay",
    from: ["c=IN IP4 192.0.2.1", "t=0 0", "m=audio  40000/1 RTP/AVP  0"],
    places: [PLACE],
    to: ["c=IN IP4 198.51.100.7", "t=0 0", "m=audio  30000/1 RTP/AVP  0"],
  },
]; // prettier-ignore
for (const { name, from, places, to } of REWRITES) {
  test(`anchoring: ${name}`, () => {
    assert.equal(anchored(crlf(...START, ...from), ...places), crlf(...START, ...to));
  });
}

test("anchoring: line ends stay what they are, a last line without one too", () => {
  const text = crlf(...START, "c=IN IP4 192.0.2.1", "t=0 0", "m=audio 40000 RTP/AVP 0", "i=\xe9 \xc3\xa9");
  const expected = text.replace("c=IN IP4 192.0.2.1", "c=IN IP4 198.51.100.7").replace("40000", "30000");
  assert.equal(anchored(text, PLACE), expected);
  assert.equal(anchored(text.slice(0, -2), PLACE), expected.slice(0, -2));
  const bare = text.replaceAll("\r\n", "\n").slice(0, -1);
  assert.equal(
    anchored(bare, { ...PLACE, rtcpPort: 9000 }),
    `${expected.replaceAll("\r\n", "\n")}a=rtcp:9000\n`,
    "an added line ends as the others do",
  );
});

const UNTOUCHED: readonly { name: string; lines: readonly string[]; why: string }[] = [
  { name: "DTLS-SRTP", why: "dtls", lines: ["c=IN IP4 192.0.2.1", "m=audio 40000 UDP/TLS/RTP/SAVPF 111", "a=fingerprint:sha-256 AB:CD"] },
  { name: "DTLS-SRTP, fingerprint at session level", why: "dtls", lines: ["c=IN IP4 192.0.2.1", "a=fingerprint:sha-256 AB", "m=audio 4000 RTP/SAVPF 0"] },
  { name: "DTLS offered beside RTP/AVP (RFC 8643)", why: "dtls", lines: ["c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0", "a=fingerprint:sha-256 AB"] },
  { name: "ICE without a default candidate", why: "ice", lines: ["c=IN IP4 0.0.0.0", "a=ice-ufrag:x", "m=audio 9 RTP/AVP 0"] },
  { name: "T.38 alone", why: "no-audio", lines: ["c=IN IP4 192.0.2.1", "m=image 40000 udptl t38"] },
  { name: "audio rejected", why: "no-audio", lines: ["c=IN IP4 192.0.2.1", "m=audio 0 RTP/AVP 0", "m=image 4 udptl t38"] },
  { name: "audio over TCP", why: "no-audio", lines: ["c=IN IP4 192.0.2.1", "m=audio 40000 TCP/RTP/AVP 0"] },
  { name: "no m-line", why: "no-audio", lines: ["c=IN IP4 192.0.2.1"] },
  { name: "no c=", why: "malformed", lines: ["m=audio 40000 RTP/AVP 0"] },
  { name: "a name in c=", why: "malformed", lines: ["c=IN IP4 pbx.example.com", "m=audio 40000 RTP/AVP 0"] },
  { name: "another network", why: "malformed", lines: ["c=TN RFC2543 +12025550100", "m=audio 40000 RTP/AVP 0"] },
  { name: "multicast", why: "malformed", lines: ["c=IN IP4 233.252.0.1/127", "m=audio 40000 RTP/AVP 0"] },
  { name: "multicast, IPv6", why: "malformed", lines: ["c=IN IP6 ff15::101", "m=audio 40000 RTP/AVP 0"] },
  { name: "several ports", why: "malformed", lines: ["c=IN IP4 192.0.2.1", "m=audio 40000/2 RTP/AVP 0"] },
]; // prettier-ignore
for (const { name, lines, why } of UNTOUCHED) {
  test(`anchoring: ${name} is left alone`, () => {
    assert.equal(read(crlf(...START, ...lines)).untouched, why);
  });
}

test("anchoring: what is no description is refused", () => {
  const result = readAnchorable(Buffer.from("v=0\r\nnonsense"));
  assert.deepEqual(result, { ok: false, error: { code: "sdp.line", line: 2 } });
});
