import assert from "node:assert/strict";
import { test } from "node:test";
import { MediaAgreement } from "../../../../gateway/adapters/rtp-relay/media-agreement.js";
import type { LegState, StreamPlaces } from "../../../../gateway/adapters/rtp-relay/messages.js";
import { readAnchorable } from "../../../../gateway/sip/sdp/anchor-sdp.js";
import type { MediaStream } from "../../../../gateway/sip/sdp/media-streams.js";

/** What a peer says, in short: `media lines` after a common head. */
function said(host: number, ...sections: readonly string[]): readonly MediaStream[] {
  const address = host === 0 ? "0.0.0.0" : `192.0.2.${host}`;
  const text = ["v=0", `o=- 1 1 IN IP4 ${address}`, "s=-", `c=IN IP4 ${address}`, "t=0 0", ...sections, ""].join(
    "\r\n",
  );
  const read = readAnchorable(Buffer.from(text, "latin1"));
  assert.ok(read.ok);
  return read.value.streams;
}
const audio = (port: number, formats = "0 101", ...lines: readonly string[]): string =>
  [`m=audio ${port} RTP/AVP ${formats}`, "a=rtpmap:101 telephone-event/8000", ...lines].join("\r\n");

const NO_IDS = { a: 0, b: 0 };
const leg = (agreement: MediaAgreement, side: "a" | "b", index = 0): LegState => {
  const stream = agreement.state([index], NO_IDS).streams[0];
  assert.ok(stream);
  return stream[side];
};
const placeOf = (state: LegState): string => `${state.rtp?.address}:${state.rtp?.port}`;

function agreed(offer: readonly MediaStream[], answer: readonly MediaStream[], learn = false): MediaAgreement {
  const agreement = new MediaAgreement(learn);
  agreement.offer("a", offer, undefined);
  agreement.answer("b", answer, undefined);
  agreement.answered(undefined);
  return agreement;
}

test("before an answer nobody is known", () => {
  const agreement = new MediaAgreement(false);
  agreement.offer("a", said(1, audio(1_000)), undefined);
  assert.equal(leg(agreement, "a").rtp, undefined);
  assert.equal(agreement.audioIndex, undefined);
});

test("an answer settles both; a refused offer does not", () => {
  const agreement = agreed(said(1, audio(1_000)), said(2, audio(2_000)));
  assert.deepEqual([placeOf(leg(agreement, "a")), placeOf(leg(agreement, "b"))], ["192.0.2.1:1000", "192.0.2.2:2000"]);
  assert.deepEqual(leg(agreement, "a").rtcp, { address: "192.0.2.1", port: 1_001 });
  agreement.offer("a", said(3, audio(3_000)), undefined);
  assert.equal(placeOf(leg(agreement, "a")), "192.0.2.1:1000");
  // Refused; then the other end offers, and it is answered.
  agreement.offer("b", said(4, audio(4_000)), undefined);
  agreement.answer("a", said(1, audio(1_000)), undefined);
  assert.deepEqual([placeOf(leg(agreement, "a")), placeOf(leg(agreement, "b"))], ["192.0.2.1:1000", "192.0.2.4:4000"]);
});

test("early dialogs: the last one that spoke, until one is answered; then that one alone", () => {
  const agreement = new MediaAgreement(false);
  agreement.offer("a", said(1, audio(1_000)), undefined);
  agreement.answer("b", said(2, audio(2_000)), "two");
  agreement.answer("b", said(3, audio(3_000)), "three");
  assert.equal(placeOf(leg(agreement, "b")), "192.0.2.3:3000");
  const before = agreement.state([0], NO_IDS).agreement;
  agreement.answered("two");
  assert.equal(placeOf(leg(agreement, "b")), "192.0.2.2:2000");
  assert.notEqual(agreement.state([0], NO_IDS).agreement, before);
  agreement.answer("b", said(3, audio(3_333)), "three");
  agreement.offer("b", said(3, audio(3_334)), "three");
  assert.equal(placeOf(leg(agreement, "b")), "192.0.2.2:2000");
  agreement.offer("a", said(1, audio(1_111)), undefined);
  agreement.answer("b", said(2, audio(2_222)), "two");
  assert.deepEqual([placeOf(leg(agreement, "a")), placeOf(leg(agreement, "b"))], ["192.0.2.1:1111", "192.0.2.2:2222"]);
});

test("an answered dialog that has said nothing yet is waited for", () => {
  const agreement = new MediaAgreement(false);
  agreement.offer("a", said(1, audio(1_000)), undefined);
  agreement.answer("b", said(2, audio(2_000)), "early");
  agreement.answered("other");
  assert.equal(leg(agreement, "b").rtp, undefined);
  agreement.answer("b", said(3, audio(3_000)), "other");
  assert.deepEqual([placeOf(leg(agreement, "a")), placeOf(leg(agreement, "b"))], ["192.0.2.1:1000", "192.0.2.3:3000"]);
});

test("a thousand early dialogs take no more room than sixty-four", () => {
  const agreement = new MediaAgreement(false);
  agreement.offer("a", said(1, audio(1_000)), undefined);
  for (let i = 0; i < 1_000; i++) agreement.answer("b", said(2, audio(2_000 + i)), `fork-${i}`);
  assert.equal(placeOf(leg(agreement, "b")), "192.0.2.2:2999");
  agreement.answered("fork-0");
  assert.equal(leg(agreement, "b").rtp, undefined);
});

test("port 0, an address of zero, another RTCP port, multiplexing", () => {
  const cases = [
    { name: "rejected", answer: said(2, audio(0)), rtp: undefined, rtcp: undefined },
    { name: "held by zero", answer: said(0, audio(2_000)), rtp: undefined, rtcp: undefined },
    {
      name: "a=rtcp",
      answer: said(2, audio(2_000, "0", "a=rtcp:5555")),
      rtp: { address: "192.0.2.2", port: 2_000 },
      rtcp: { address: "192.0.2.2", port: 5_555 },
    },
    {
      name: "a=rtcp elsewhere",
      answer: said(2, audio(2_000, "0", "a=rtcp:5555 IN IP4 192.0.2.9")),
      rtp: { address: "192.0.2.2", port: 2_000 },
      rtcp: { address: "192.0.2.9", port: 5_555 },
    },
    {
      name: "the last port has no RTCP after it",
      answer: said(2, audio(65_535)),
      rtp: { address: "192.0.2.2", port: 65_535 },
      rtcp: undefined,
    },
  ];
  for (const { name, answer, rtp, rtcp } of cases) {
    const state = leg(agreed(said(1, audio(1_000)), answer), "b");
    assert.deepEqual([state.rtp, state.rtcp], [rtp, rtcp], name);
  }
  const mux = "a=rtcp-mux";
  assert.equal(leg(agreed(said(1, audio(1, "0", mux)), said(2, audio(2, "0", mux))), "a").rtcpMux, true);
  assert.equal(leg(agreed(said(1, audio(1, "0", mux)), said(2, audio(2, "0"))), "a").rtcpMux, false);
});

test("what a side sends has the payload types of the other's description, and of its own where the other has none", () => {
  const agreement = agreed(
    said(1, audio(1_000, "0 8 101")),
    said(2, ["m=audio 2000 RTP/AVP 8 96", "a=rtpmap:96 telephone-event/8000"].join("\r\n")),
  );
  const types = (state: LegState): string[] => state.formats.map(({ payloadType, codec }) => `${payloadType} ${codec}`);
  assert.deepEqual(types(leg(agreement, "a")), ["8 PCMA", "96 telephone-event", "0 PCMU", "101 telephone-event"]);
  assert.deepEqual(types(leg(agreement, "b")), ["0 PCMU", "8 PCMA", "101 telephone-event", "96 telephone-event"]);
  assert.deepEqual(
    leg(agreement, "a").takes.map(({ payloadType }) => payloadType),
    [8, 101],
  );
});

test("the first audio stream that both have is heard, and no other", () => {
  const video = "m=video 4000 RTP/AVP 96";
  const agreement = agreed(
    said(1, video, audio(0), audio(1_002), audio(1_004)),
    said(2, video, audio(0), audio(2_002), audio(2_004)),
  );
  assert.equal(agreement.audioIndex, 2);
  const ids = agreement
    .state([0, 2, 3], { a: 7, b: 8 })
    .streams.map(({ index, a, b }) => [index, a.streamId, b.streamId]);
  assert.deepEqual(ids, [
    [0, 0, 0],
    [2, 7, 8],
    [3, 0, 0],
  ]);
});

const silences = [
  { name: "nobody holds", offer: audio(1), answer: audio(2), silent: false },
  { name: "A holds", offer: audio(1, "0", "a=sendonly"), answer: audio(2, "0", "a=recvonly"), silent: true },
  { name: "both hold", offer: audio(1, "0", "a=inactive"), answer: audio(2, "0", "a=inactive"), silent: true },
  { name: "B holds", offer: audio(1), answer: audio(2, "0", "a=inactive"), silent: true },
  { name: "nothing is left", offer: audio(1), answer: audio(0), silent: true },
];
for (const { name, offer, answer, silent } of silences) {
  test(`silence is ${silent ? "no wonder" : "a sign of death"} when ${name}`, () => {
    assert.equal(agreed(said(1, offer), said(2, answer)).state([0], NO_IDS).maySilent, silent);
  });
}

test("streams that an end has let go are unused, once the call is answered and no offer is open", () => {
  const agreement = new MediaAgreement(false);
  const both = said(1, audio(1_000), audio(1_002));
  agreement.offer("a", both, undefined);
  agreement.answer("b", said(2, audio(2_000), audio(0)), "x");
  assert.deepEqual(agreement.unused([0, 1]), []);
  agreement.answered("x");
  assert.deepEqual(agreement.unused([0, 1]), [1]);
  agreement.offer("a", both, undefined);
  assert.deepEqual(agreement.unused([0, 1]), []);
});

test("places: RTCP's own port in an offer, the shared one in an answer to who multiplexes", () => {
  const places = new Map<number, StreamPlaces>([
    [
      0,
      {
        index: 0,
        a: { address: "198.51.100.1", rtpPort: 6_000, rtcpPort: 6_001 },
        b: { address: "198.51.100.1", rtpPort: 6_002, rtcpPort: 6_003 },
      },
    ],
  ]);
  const mux = "a=rtcp-mux";
  const agreement = new MediaAgreement(false);
  const offer = said(1, audio(1_000, "0", mux), "m=video 4000 RTP/AVP 96");
  agreement.offer("a", offer, undefined);
  const ports = (to: "a" | "b", streams: readonly MediaStream[], isOffer: boolean) =>
    agreement.placesFor(to, streams, isOffer, places).map((place) => place && [place.rtpPort, place.rtcpPort]);
  assert.deepEqual(ports("b", offer, true), [[6_002, 6_003], undefined]);
  assert.deepEqual(ports("a", said(2, audio(2_000, "0", mux)), false), [[6_000, 6_000]]);
  assert.deepEqual(ports("a", said(2, audio(2_000, "0")), false), [[6_000, 6_001]]);
});

const KEY = Buffer.alloc(30, 1).toString("base64");
const OTHER_KEY = Buffer.alloc(30, 2).toString("base64");
const SUITE = "AES_CM_128_HMAC_SHA1_80";
const secure = (port: number, ...crypto: readonly string[]): string =>
  [`m=audio ${port} RTP/SAVP 0`, ...crypto.map((value) => `a=crypto:${value}`)].join("\r\n");
const keys = [
  {
    name: "the offered line with the answer's tag",
    offer: secure(1, `1 AES_CM_128_HMAC_SHA1_32 inline:${OTHER_KEY}`, `2 ${SUITE} inline:${KEY}`),
    answer: secure(2, `2 ${SUITE} inline:${OTHER_KEY}`),
    a: { suite: SUITE, keySalt: KEY },
    b: { suite: SUITE, keySalt: OTHER_KEY },
  },
  {
    name: "a key with an identifier and a lifetime",
    offer: secure(1, `1 ${SUITE} inline:${KEY}|2^20|1:4`),
    answer: secure(2, `1 ${SUITE} inline:${OTHER_KEY}|2^20`),
    a: { suite: SUITE, keySalt: KEY, mkiBytes: 4 },
    b: { suite: SUITE, keySalt: OTHER_KEY },
  },
  {
    name: "a window hint changes nothing",
    offer: secure(1, `1 ${SUITE} inline:${KEY} WSH=128`),
    answer: secure(2, `1 ${SUITE} inline:${OTHER_KEY}`),
    a: { suite: SUITE, keySalt: KEY },
    b: { suite: SUITE, keySalt: OTHER_KEY },
  },
  {
    name: "a tag that was not offered",
    offer: secure(1, `1 ${SUITE} inline:${KEY}`),
    answer: secure(2, `5 ${SUITE} inline:${OTHER_KEY}`),
    a: "unreadable",
    b: { suite: SUITE, keySalt: OTHER_KEY },
  },
  {
    name: "two keys in one line",
    offer: secure(1, `1 ${SUITE} inline:${KEY}|1:4;inline:${OTHER_KEY}|2:4`),
    answer: secure(2, `1 ${SUITE} inline:${OTHER_KEY}`),
    a: "unreadable",
    b: { suite: SUITE, keySalt: OTHER_KEY },
  },
  { name: "no keys at all", offer: secure(1), answer: secure(2), a: "unreadable", b: "unreadable" },
  { name: "plain", offer: audio(1), answer: audio(2), a: undefined, b: undefined },
];
for (const { name, offer, answer, a, b } of keys) {
  test(`keys: ${name}`, () => {
    const agreement = agreed(said(1, offer), said(2, answer));
    assert.deepEqual([leg(agreement, "a").key, leg(agreement, "b").key], [a, b]);
    // The same when B offers.
    const late = new MediaAgreement(false);
    late.offer("b", said(1, offer), undefined);
    late.answer("a", said(2, answer), undefined);
    assert.deepEqual([leg(late, "b").key, leg(late, "a").key], [a, b]);
  });
}
