import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { buildRtcp } from "../../support/build-rtcp.js";
import { parseRtcp } from "../../support/parse-rtcp.js";
import { AnchoredCall, aim, placesIn, sdpOf, textOf } from "../../support/anchored-call.js";
import { missingCapture, readCapture } from "../../support/pcap.js";
import { until } from "../../support/processes.js";
import { startRelay, type RelayScene } from "../../support/relay-scene.js";
import { RtpPeer } from "../../support/rtp-peer.js";
import { rtp } from "../../support/rtp-stream.js";
import { SeededRandom } from "../../support/seeded-random.js";

// The embedded relay with real sockets on loopback: what it does with packets. What every anchor does is in ../media-anchor.
let scene: RelayScene;
before(async () => (scene = await startRelay()));
after(() => scene.close());

const dropped = (reason: string): number => scene.metrics.value("ringfence_media_dropped_packets_total", reason);

test("a lossy, shuffled, repeating stream passes as it is", async () => {
  const call = await AnchoredCall.open(scene.anchor, { listen: true });
  await call.connect();
  const random = new SeededRandom(3);
  const sent: number[] = [];
  for (let n = 1; n <= 300; n++) {
    if (random.next() < 0.3) continue;
    sent.push(n);
    if (random.next() < 0.05) sent.push(n);
    const last = sent.length - 1;
    if (last > 0 && random.next() < 0.1) [sent[last], sent[last - 1]] = [sent[last - 1]!, sent[last]!];
  }
  await call.a.sendAll(
    sent.map((n) => rtp({ n })),
    call.b,
  );
  assert.deepEqual(call.b.sequences(), sent);
  const heard = (): readonly Uint8Array[] => scene.heard(call.callId, "caller");
  await until("the fork", () => heard().length >= sent.length);
  assert.deepEqual(
    heard().map((packet) => (packet[2]! << 8) | packet[3]!),
    sent,
  );
  const { a } = await call.session.stats();
  assert.equal(a.packets, sent.length);
  await call.close();
});

test("what is no RTP is dropped and counted, and the stream goes on", async () => {
  const call = await AnchoredCall.open(scene.anchor);
  await call.connect();
  await call.a.talk(1, 4);
  const good = rtp({ n: 50 });
  const bad: Readonly<Record<string, Uint8Array>> = {
    empty: new Uint8Array(0),
    "one byte": Uint8Array.of(0x80),
    truncated: good.subarray(0, 11),
    "wrong version": Uint8Array.from(good, (byte, i) => (i === 0 ? 0x40 : byte)),
    "more CSRCs than bytes": Uint8Array.from([0x8f, ...good.subarray(1, 20)]),
    "an extension that is longer than the packet": Uint8Array.from([0x90, ...good.subarray(1, 12), 0, 0, 0xff, 0xff]),
    "more padding than bytes": Uint8Array.from([0xa0, ...good.subarray(1, 20), 200]),
    "a STUN request": Uint8Array.from([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, ...new Uint8Array(12)]),
    "a DTLS hello": Uint8Array.from([22, 254, 253, ...new Uint8Array(20)]),
    "truncated RTCP": Uint8Array.of(0x80, 200, 0, 6),
  };
  for (const packet of Object.values(bad)) await call.a.sendRaw(packet);
  await call.a.sendRaw(new Uint8Array(9_000).fill(0x80));
  await call.a.talk(4, 7);
  await call.b.has(6);
  assert.deepEqual(call.b.sequences(), [1, 2, 3, 4, 5, 6]);
  await until("the counters", () => dropped("malformed") >= Object.keys(bad).length && dropped("oversized") >= 1);
  await call.close();
});

test("RTP with CSRCs, an extension and padding passes byte for byte; the largest that fits too", async () => {
  const call = await AnchoredCall.open(scene.anchor);
  await call.connect();
  const odd = Uint8Array.from([
    0xb2, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 1, 2, 0, 1, 9, 9, 9, 9, 7, 7, 0, 0, 3,
  ]);
  const large = rtp({ n: 2, payload: new Uint8Array(4_084).fill(5) });
  await call.a.sendRaw(odd);
  await call.a.sendRaw(large);
  await call.b.has(2);
  assert.deepEqual(Uint8Array.from(call.b.received[0]!), odd);
  assert.deepEqual(Uint8Array.from(call.b.received[1]!), large);
  await call.close();
});

test("one-way sound: the silent side is no hindrance", async () => {
  const call = await AnchoredCall.open(scene.anchor, { listen: true });
  await call.connect();
  await call.b.talk(1, 31);
  await call.a.has(30);
  const stats = await call.session.stats();
  assert.deepEqual([stats.a.packets, stats.b.packets, stats.a.mos], [0, 30, undefined]);
  await call.close();
});

test("a codec that changes in mid-call, by payload type and by re-INVITE", async () => {
  const call = await AnchoredCall.open(scene.anchor, { listen: true });
  await call.connect({ formats: "0 8 101" });
  await call.a.talk(1, 6, { payloadType: 0 });
  await call.a.talk(6, 11, { payloadType: 8 });
  await call.b.has(10);
  const [caller] = [...scene.ears.streams].filter(
    ([, stream]) => stream.callId === call.callId && stream.speaker === "caller",
  );
  assert.deepEqual(
    caller?.[1].formats.map(({ codec }) => codec),
    ["PCMU", "PCMA", "telephone-event"],
  );
  const changesBefore = scene.ears.changes.length;
  await call.exchange("b", { formats: "9 101" });
  await call.a.talk(11, 16, { payloadType: 9 });
  await call.b.has(15);
  assert.deepEqual(
    scene.ears.changes.slice(changesBefore).map((formats) => formats.map(({ codec }) => codec)),
    [
      ["G722", "telephone-event"],
      ["G722", "telephone-event"],
    ],
  );
  await until("the fork", () => scene.heard(call.callId, "caller").length >= 15);
  await call.close();
  assert.ok(scene.ears.closed.includes(caller[0]));
});

test("RTCP on the RTP port goes where the other side wants it", async () => {
  const mux = { lines: ["a=rtcp-mux"] };
  const report = buildRtcp([{ kind: "rr", ssrc: 1, reports: [] }]);
  const isReport = (packet: Uint8Array): boolean => packet[1] === 201;

  const both = await AnchoredCall.open(scene.anchor);
  const { offered, answered } = await both.exchange("a", mux);
  both.session.answered();
  assert.equal(placesIn(offered).rtcp.port, placesIn(offered).rtp.port + 1);
  assert.match(answered, /a=rtcp-mux/);
  await both.a.sendRaw(report);
  await until("the report on the RTP port", () => both.b.received.some(isReport));
  assert.equal(both.b.receivedRtcp.length, 0);
  await both.close();

  // Offered, and not taken up: but who offered it sends so all the same.
  const one = await AnchoredCall.open(scene.anchor);
  await one.exchange("a", mux, {});
  one.session.answered();
  await one.a.sendRaw(report);
  await until("the report on the RTCP port", () => one.b.receivedRtcp.some(isReport));
  await one.b.sendRtcp(report);
  await until("the answer to it", () => one.a.receivedRtcp.some(isReport));
  await one.close();
});

test("several streams: each has its ports; one that is refused is given back, and can come again", async () => {
  const call = await AnchoredCall.open(scene.anchor);
  const video = [await RtpPeer.open(), await RtpPeer.open()];
  const [videoA, videoB] = [video[0]!, video[1]!];
  const more = (peer: RtpPeer): string[] => [`m=video ${peer.port} RTP/AVP 96`, "a=rtpmap:96 VP8/90000"];
  const { offered, answered } = await call.exchange("a", { more: more(videoA) }, { more: more(videoB) });
  call.session.answered();
  aim(videoB, offered, 1);
  aim(videoA, answered, 1);
  await Promise.all([
    videoA.talk(1, 6, { payloadType: 96 }),
    videoB.talk(1, 6, { payloadType: 96 }),
    call.a.talk(1, 6),
  ]);
  await Promise.all([videoA.has(5), videoB.has(5), call.b.has(5)]);
  // Sound only is counted.
  assert.equal((await call.session.stats()).a.packets, 5);

  const off = ["m=video 0 RTP/AVP 96"];
  const second = await call.exchange("a", { more: off }, { more: off });
  assert.match(second.offered, /m=video 0 /);
  await videoA.talk(6, 9, { payloadType: 96 });
  await call.a.talk(6, 11);
  await call.b.has(10);
  assert.equal(videoB.received.length, 5);

  const third = await call.exchange("a", { more: more(videoA) }, { more: more(videoB) });
  aim(videoA, third.answered, 1);
  await videoA.talk(9, 12, { payloadType: 96 });
  await videoB.has(8);
  video.forEach((peer) => peer.close());
  await call.close();
});

test("IPv6", async () => {
  const call = await AnchoredCall.open(scene.anchor, {}, "::1");
  const { offered } = await call.exchange("a");
  call.session.answered();
  assert.match(offered, /c=IN IP6 ::1/);
  await Promise.all([call.a.talk(1, 6), call.b.talk(1, 6)]);
  await Promise.all([call.a.has(5), call.b.has(5)]);
  const stranger = await RtpPeer.open("::1");
  stranger.to = call.a.to;
  await stranger.talk(70, 72);
  await call.a.talk(6, 8);
  await call.b.has(7);
  assert.deepEqual(call.b.sequences(), [1, 2, 3, 4, 5, 6, 7]);
  stranger.close();
  await call.close();
});

test("learned sources: the first packet tells the peer, then nobody else; a re-INVITE asks anew", async () => {
  const call = await AnchoredCall.open(scene.anchor, { learnSource: true });
  // Behind NAT: what it says of itself is not where its packets come from.
  await call.connect({ address: "127.0.0.1", port: 9 }, {});
  await call.a.talk(1, 4);
  await call.b.talk(1, 4);
  await Promise.all([call.b.has(3), call.a.has(3)]);
  const stranger = await RtpPeer.open();
  stranger.to = call.a.to;
  await stranger.talk(100, 103);
  await call.a.talk(4, 6);
  await call.b.has(5);
  assert.deepEqual(call.b.sequences(), [1, 2, 3, 4, 5]);
  // Its NAT gives it another port, and it says so by a re-INVITE.
  await call.exchange("a", { address: "127.0.0.1", port: 9 }, {});
  await stranger.talk(200, 203);
  await call.b.has(8);
  await call.b.talk(4, 7);
  await stranger.has(3);
  stranger.close();
  await call.close();
});

test("held by an address of zero nothing is sent there; the other way goes on", async () => {
  const call = await AnchoredCall.open(scene.anchor);
  await call.connect();
  await call.exchange("a", { address: "0.0.0.0" }, { lines: ["a=recvonly"] });
  await call.b.talk(1, 6);
  assert.equal(call.a.received.length, 0);
  await call.exchange("a");
  await call.b.talk(6, 11);
  await call.a.has(5);
  await call.close();
});

test("before an answer nobody's packets are taken, and they are not strangers", async () => {
  const call = await AnchoredCall.open(scene.anchor);
  const offered = textOf(await call.session.describe({ from: "a", step: "offer", sdp: sdpOf(call.a) }));
  const before = dropped("early");
  call.b.to = placesIn(offered).rtp;
  await call.b.talk(1, 4);
  await until("the counter", () => dropped("early") >= before + 3);
  assert.equal((await call.session.stats()).b.strangers, 0);
  await call.close();
});

const DIGITS = "sipp/dtmf_2833_5.pcap";
test(
  "a recorded stream passes byte for byte, and its digit is told",
  { skip: missingCapture(DIGITS) ?? false },
  async () => {
    const packets = readCapture(DIGITS).map(({ payload }) => payload);
    assert.ok(packets.length > 5);
    const payloadType = packets[0]![1]! & 0x7f;
    const call = await AnchoredCall.open(scene.anchor);
    await call.connect({ formats: `0 ${payloadType}`, lines: [`a=rtpmap:${payloadType} telephone-event/8000`] });
    await call.a.sendAll(packets, call.b);
    const hex = (all: readonly Uint8Array[]): string[] => all.map((packet) => Buffer.from(packet).toString("hex"));
    assert.deepEqual(hex(call.b.received), hex(packets));
    await until("the digit", () => call.events.length > 0);
    assert.deepEqual(
      call.events.map((event) => (event.kind === "digit" ? event.digit : event.kind)),
      ["5"],
    );
    await call.close();
  },
);

const SPEECH = "sipnab/sip-rtp-g722.pcap";
test("a recorded stream in G.722 passes and is forked", { skip: missingCapture(SPEECH) ?? false }, async () => {
  const packets = readCapture(SPEECH)
    .map(({ payload }) => payload)
    .filter((payload) => payload.length > 12 && payload[0]! >> 6 === 2 && (payload[1]! & 0x7f) === 9);
  assert.ok(packets.length > 50);
  const call = await AnchoredCall.open(scene.anchor, { listen: true });
  await call.connect({ formats: "9 101" });
  await call.a.sendAll(packets, call.b);
  await until("the fork", () => scene.heard(call.callId, "caller").length >= packets.length);
  assert.deepEqual(scene.heard(call.callId, "caller"), packets);
  await call.close();
});

test("reports of a call whose packets a prompt has shifted tell each end its own numbers", async () => {
  const call = await AnchoredCall.open(scene.anchor);
  await call.connect();
  const startedAt = performance.now();
  await call.a.talk(1_000, 1_010, { ssrc: 1 });
  await call.b.has(10);
  await call.session.play("b", { sampleRateHz: 8_000, samples: new Float32Array(3_200).fill(0.1) });
  await call.a.talk(1_010, 1_013, { ssrc: 1 });
  await until("A after the prompt", () => call.b.packets().some(({ payload }) => payload[0] === (1_012 & 0xff)));
  const before = call.b.packets().findLast(({ payload }) => payload[0] === (1_012 & 0xff))!;
  // One stream without a gap, of one source.
  const sequences = call.b.sequences();
  assert.deepEqual(
    sequences,
    Array.from({ length: sequences.length }, (_, i) => 1_000 + i),
  );
  assert.deepEqual([...new Set(call.b.packets().map(({ ssrc }) => ssrc))], [1]);
  const steps = call.b.packets().map(({ timestamp }, i, all) => (i === 0 ? 160 : timestamp - all[i - 1]!.timestamp));
  // Pauses are told as they were: none is longer than all of it took.
  const mostTicks = 8 * (performance.now() - startedAt);
  assert.ok(
    steps.every((step) => step >= 160 && step < mostTicks),
    `${steps.join(" ")}; at most ${mostTicks}`,
  );

  const sender = { ssrc: 1, ntpSeconds: 1, ntpFraction: 2, packetCount: 13, octetCount: 2_080, reports: [] };
  await call.a.sendRtcp(buildRtcp([{ kind: "sr", ...sender, rtpTimestamp: 1_012 * 160 }]));
  await until("the sender report", () => call.b.receivedRtcp.length === 1);
  const shifted = parseRtcp(call.b.receivedRtcp[0]!);
  assert.ok(shifted.ok && shifted.value[0]?.kind === "sr");
  assert.equal(shifted.value[0].rtpTimestamp, before.timestamp);

  const block = { ssrc: 1, fractionLost: 0, cumulativeLost: 0, jitterTicks: 0, lastSr: 0, delaySinceLastSr: 0 };
  const report = { ...block, extendedHighestSequence: 0x10000 + before.sequenceNumber };
  await call.b.sendRtcp(buildRtcp([{ kind: "rr", ssrc: 9, reports: [report] }]));
  await until("the receiver report", () => call.a.receivedRtcp.length === 1);
  const told = parseRtcp(call.a.receivedRtcp[0]!);
  assert.ok(told.ok && told.value[0]?.kind === "rr");
  assert.equal(told.value[0].reports[0]?.extendedHighestSequence, 0x10000 + 1_012);
  await call.close();
});
