import assert from "node:assert/strict";
import { test } from "node:test";
import { ownLine, recordingAnswer, type AnsweredLine } from "../../../../gateway/sip/siprec/recording-answer.js";
import {
  readRecordingSdp,
  type RecordedLine,
  type RecordingSdpOptions,
} from "../../../../gateway/sip/siprec/recording-sdp.js";
import { checkAnswer } from "../../../support/check-answer.js";
import { parseSdp } from "../../../../gateway/sip/sdp/parse-sdp.js";
import { sdpOf } from "../../../fixtures/siprec/dialects.js";

const SUITES = ["AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"];
const OPTIONS: RecordingSdpOptions = { maxLines: 16, knowsSuite: (suite) => SUITES.includes(suite) };
const KEY = Buffer.alloc(30, 7).toString("base64");

const head = "v=0\r\no=src 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n";
const lines = (text: string, options = OPTIONS): readonly RecordedLine[] => {
  const read = readRecordingSdp(text, options);
  assert.ok(read.ok, JSON.stringify(read));
  return read.value.lines;
};
const line = (text: string): RecordedLine => lines(head + text)[0]!;

const refusals: readonly { readonly name: string; readonly text: string; readonly refused: string | undefined }[] = [
  { name: "G.711 without rtpmap", text: "m=audio 4000 RTP/AVP 8\r\n", refused: undefined },
  { name: "Opus", text: "m=audio 4000 RTP/AVP 111\r\na=rtpmap:111 OPUS/48000/2\r\n", refused: undefined },
  { name: "feedback profile", text: "m=audio 4000 RTP/AVPF 0\r\n", refused: undefined },
  { name: "G.729 alone", text: "m=audio 4000 RTP/AVP 18\r\na=rtpmap:18 G729/8000\r\n", refused: "codec" },
  { name: "digits alone", text: "m=audio 4000 RTP/AVP 101\r\na=rtpmap:101 telephone-event/8000\r\n", refused: "codec" },
  { name: "Opus with a wrong clock", text: "m=audio 4000 RTP/AVP 111\r\na=rtpmap:111 opus/8000\r\n", refused: "codec" },
  {
    name: "a payload type that was given to something else",
    text: "m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 G729/8000\r\n",
    refused: "codec",
  },
  { name: "video", text: "m=video 4000 RTP/AVP 96\r\n", refused: "kind" },
  { name: "switched off", text: "m=audio 0 RTP/AVP 0\r\n", refused: "off" },
  { name: "DTLS", text: "m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\n", refused: "protocol" },
  { name: "SRTP without a key", text: "m=audio 4000 RTP/SAVP 0\r\n", refused: "key" },
  {
    name: "SRTP",
    text: `m=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}|2^20\r\n`,
    refused: undefined,
  },
  {
    name: "SRTP with a key identifier",
    text: `m=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}|2^20|1:4\r\n`,
    refused: undefined,
  },
  {
    name: "SRTP with a short key",
    text: "m=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA\r\n",
    refused: "key",
  },
  {
    name: "SRTP in the clear",
    text: `m=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY} UNENCRYPTED_SRTP\r\n`,
    refused: "key",
  },
  {
    name: "SRTP with an unknown suite",
    text: `m=audio 4000 RTP/SAVP 0\r\na=crypto:1 F8_128_HMAC_SHA1_80 inline:${KEY}\r\n`,
    refused: "key",
  },
];
for (const { name, text, refused } of refusals)
  test(`recording offer: ${name}`, () => assert.equal(line(text).refused, refused));

test("recording offer: of several keys the first that we can use counts", () => {
  const offered = line(
    `m=audio 4000 RTP/SAVP 0\r\na=crypto:1 AEAD_AES_256_GCM inline:${KEY}\r\na=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:${KEY}\r\n`,
  );
  const { tag, suite, keySalt } = offered.crypto!;
  assert.deepEqual({ tag, suite, keySalt }, { tag: 2, suite: "AES_CM_128_HMAC_SHA1_32", keySalt: KEY });
});

test("recording offer: formats keep their order, clocks and parameters", () => {
  const offered = line(
    "m=audio 4000 RTP/AVP 111 101 0 18 9 107\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\n" +
      "a=rtpmap:101 telephone-event/8000\r\na=rtpmap:107 telephone-event/48000\r\na=fmtp:107 0-15\r\n",
  );
  assert.deepEqual(
    offered.formats.map(({ payloadType, codec, clockRateHz, parameters }) => [
      payloadType,
      codec,
      clockRateHz,
      parameters,
    ]),
    [
      [111, "opus", 48_000, "useinbandfec=1"],
      [101, "telephone-event", 8_000, undefined],
      [0, "PCMU", 8_000, undefined],
      [9, "G722", 8_000, undefined],
      [107, "telephone-event", 48_000, "0-15"],
    ],
  );
});

for (const { name, text, inactive, peer } of [
  { name: "sendonly", text: "a=sendonly\r\n", inactive: false, peer: "192.0.2.9" },
  { name: "nothing said", text: "", inactive: false, peer: "192.0.2.9" },
  { name: "inactive", text: "a=inactive\r\n", inactive: true, peer: "192.0.2.9" },
  { name: "recvonly", text: "a=recvonly\r\n", inactive: true, peer: "192.0.2.9" },
  { name: "the old way of holding", text: "c=IN IP4 0.0.0.0\r\n", inactive: false, peer: undefined },
  { name: "a name for an address", text: "c=IN IP4 media.example.org\r\n", inactive: false, peer: undefined },
  { name: "IPv6", text: "c=IN IP6 2001:db8::9\r\n", inactive: false, peer: "2001:db8::9" },
])
  test(`recording offer: direction and address: ${name}`, () => {
    const offered = line(`m=audio 4000 RTP/AVP 0\r\n${text}`);
    assert.deepEqual([offered.inactive, offered.peer?.address], [inactive, peer]);
  });

test("recording offer: what is beyond the limit of lines is refused, in its place", () => {
  const text = sdpOf(Array.from({ length: 200 }, (_, i) => String(i)));
  const read = lines(text);
  assert.equal(read.length, 200);
  assert.equal(read.filter(({ refused }) => refused === undefined).length, 16);
  assert.deepEqual([read[15]!.refused, read[16]!.refused, read[199]!.refused], [undefined, "limit", "limit"]);
});

test("recording offer: lines that are none, stray blanks and a missing origin are mended", () => {
  const text = `  v=0\r\ns=-\r\nthis is no line\r\nc=IN IP4\r\n\r\n   m=audio 4000 RTP/AVP 0\r\n  a=label: 7 \r\n  a=sendonly\r\n`;
  const read = readRecordingSdp(text, OPTIONS);
  assert.ok(read.ok);
  assert.equal(read.value.mended, true);
  assert.deepEqual([read.value.lines[0]!.label, read.value.lines[0]!.refused], ["7", undefined]);
});

for (const { name, text } of [
  { name: "an m= line that is none", text: `${head}m=audio\r\n` },
  { name: "a port that does not exist", text: `${head}m=audio 70000 RTP/AVP 0\r\n` },
  { name: "300 lines", text: sdpOf(Array.from({ length: 300 }, () => "")) },
  { name: "a megabyte", text: head + "a=x\r\n".repeat(200_000) },
])
  test(`recording offer: cannot be mended: ${name}`, () => assert.equal(readRecordingSdp(text, OPTIONS).ok, false));

test("recording offer: nothing at all is a description without lines", () => {
  const read = readRecordingSdp("", OPTIONS);
  assert.ok(read.ok);
  assert.equal(read.value.lines.length, 0);
});

const answer = (offer: string, hear: (line: RecordedLine, index: number) => AnsweredLine["at"]): string =>
  recordingAnswer(
    lines(offer).map((each, i) => ({
      line: each,
      at: each.refused === undefined ? hear(each, i) : undefined,
      ownKey: KEY,
    })),
    { sessionId: "42", version: 3 },
  );
const AT = { address: "192.0.2.1", port: 50_000 };

test("recording answer: fits every offer, has its labels and hears only", () => {
  const offers = [
    sdpOf(["1", "2"]),
    sdpOf(["a_leg", "b_leg"], ["a=inactive"]),
    `${head}a=sendonly\r\nm=video 4 RTP/AVP 96\r\na=label:v\r\nm=audio 4000 RTP/AVP 18 0\r\na=label:x\r\nm=audio 0 RTP/AVP 0\r\n`,
    `${head}m=audio 4000 RTP/SAVP 0\r\na=crypto:9 AES_CM_128_HMAC_SHA1_80 inline:${KEY}\r\na=sendonly\r\n`,
    sdpOf(Array.from({ length: 40 }, (_, i) => `l${i}`)),
  ];
  for (const offer of offers) {
    const text = answer(offer, (_line, i) => ({ address: "192.0.2.1", port: 50_000 + 2 * i }));
    const offered = parseSdp(offer);
    const answered = parseSdp(text);
    assert.ok(offered.ok && answered.ok);
    assert.equal(checkAnswer(offered.value, answered.value), undefined);
    const labels = (session: string): string[] =>
      [...session.matchAll(/^a=label:(.*?)\r$/gm)].map(([, label = ""]) => label);
    assert.deepEqual(labels(text), labels(offer));
    assert.ok(!/a=(?:sendrecv|sendonly)/.test(text));
  }
});

test("recording answer: a line is recvonly, inactive, or off", () => {
  const offer = `${sdpOf(["1"])}m=audio 5000 RTP/AVP 0\r\na=inactive\r\nm=audio 5002 RTP/AVP 18\r\n`;
  const text = answer(offer, () => AT);
  assert.match(text, /m=audio 50000 RTP\/AVP 0 101\r\n(?:[ac]=.*\r\n)*a=recvonly\r\n/);
  assert.match(text, /m=audio 50000 RTP\/AVP 0\r\n(?:[ac]=.*\r\n)*a=inactive\r\n/);
  assert.match(text, /m=audio 0 RTP\/AVP 18\r\n/);
  assert.match(text, /^v=0\r\no=- 42 3 IN IP4 192\.0\.2\.1\r\n/);
});

test("recording answer: an SRTP line is answered with the tag and suite of the key that is used", () => {
  const offer = `${head}m=audio 4000 RTP/SAVP 0\r\na=crypto:5 AES_CM_128_HMAC_SHA1_32 inline:${KEY}\r\n`;
  assert.match(
    answer(offer, () => AT),
    /a=crypto:5 AES_CM_128_HMAC_SHA1_32 inline:[A-Za-z0-9+/=]+\r\n/,
  );
});

test("recording answer: IPv6 is written as such", () => {
  assert.match(
    answer(sdpOf(["1"]), () => ({ address: "2001:db8::1", port: 4 })),
    /c=IN IP6 2001:db8::1\r\n/,
  );
});

test("our own offer: lines that can be answered, with the labels we were told", () => {
  const own = ["", "7"].map((label) => ({ line: ownLine(label), at: AT }));
  const text = recordingAnswer(own, { sessionId: "1", version: 1 });
  const read = lines(text);
  assert.deepEqual(
    read.map(({ label, refused, formats }) => [label, refused, formats.map(({ codec }) => codec)]),
    ["", "7"].map((label) => [label, undefined, ["PCMU", "PCMA", "G722", "telephone-event"]]),
  );
  assert.match(text, /a=recvonly\r\n$/);
});
