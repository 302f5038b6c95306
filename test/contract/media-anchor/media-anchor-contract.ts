import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { Speaker } from "../../../detection/index.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import { buildRtcp } from "../../support/build-rtcp.js";
import { parseRtpPacket } from "../../support/rtp-packet.js";
import { digitPackets } from "../../support/digit-packets.js";
import type { MediaAnchor } from "../../../gateway/ports/media-anchor.js";
import { aim, AnchoredCall, placesIn, sdpOf, textOf } from "../../support/anchored-call.js";
import { RtpPeer } from "../../support/rtp-peer.js";
import { until } from "../../support/processes.js";

/** An anchor of the kind under test, freshly started. */
export interface AnchorScene {
  readonly anchor: MediaAnchor;
  /** Datagrams that were forked so far, of that call and speaker. */
  heard(callId: string, speaker: Speaker): readonly Uint8Array[];
  close(): Promise<void>;
}

export interface AnchorCase {
  readonly name: string;
  readonly skip?: string | undefined;
  readonly make: () => Promise<AnchorScene>;
  /** IP address that media goes to, as descriptions have it. */
  readonly address: string;
  /** What this kind does not do, by the names of `only` below; each with its reason. */
  readonly lacks?: Readonly<Record<string, string>>;
}

/** What every adapter of `MediaAnchor` promises. */
export function mediaAnchorContract({ name, skip, make, address, lacks = {} }: AnchorCase): void {
  // One for all: calls do not meet.
  let shared: Promise<AnchorScene> | undefined;
  after(async () => (await shared)?.close());
  const promise = (what: string, body: (scene: AnchorScene) => Promise<void>): void => {
    const reason = skip ?? lacks[what];
    test(`${name}: ${what}`, { timeout: 120_000, ...(reason === undefined ? {} : { skip: reason }) }, async () => {
      shared ??= make();
      await body(await shared);
    });
  };

  promise("both ends are told to send to the anchor, and hear each other unchanged", async ({ anchor }) => {
    const call = await AnchoredCall.open(anchor);
    const { offered, answered } = await call.exchange("a");
    call.session.answered();
    for (const [text, peer] of [
      [offered, call.a],
      [answered, call.b],
    ] as const) {
      const { rtp } = placesIn(text);
      assert.equal(rtp.address, address);
      assert.notEqual(rtp.port, peer.port);
      assert.equal(rtp.port % 2, 0);
    }
    await Promise.all([call.a.talk(1, 21, { ssrc: 0xa }), call.b.talk(101, 121, { ssrc: 0xb })]);
    await Promise.all([call.b.has(20), call.a.has(20)]);
    const expected = Array.from({ length: 20 }, (_, i) => i);
    assert.deepEqual(
      call.b.sequences(),
      expected.map((i) => i + 1),
    );
    assert.deepEqual(
      call.a.sequences(),
      expected.map((i) => i + 101),
    );
    for (const packet of call.b.packets()) {
      assert.equal(packet.ssrc, 0xa);
      assert.deepEqual(Uint8Array.from(packet.payload), new Uint8Array(160).fill(packet.sequenceNumber));
      assert.equal(packet.timestamp, packet.sequenceNumber * 160);
    }
    // What a peer hears comes from where it was told to send: symmetric RTP.
    assert.deepEqual([...call.b.sources], [placesIn(offered).rtp.port]);
    await call.close();
  });

  promise("a late offer works as an early one", async ({ anchor }) => {
    const call = await AnchoredCall.open(anchor);
    await call.exchange("b");
    call.session.answered();
    await Promise.all([call.a.talk(1, 6), call.b.talk(1, 6)]);
    await Promise.all([call.a.has(5), call.b.has(5)]);
    await call.close();
  });

  promise(
    "both sides can be spoken to once a late offer is answered, and the caller not before",
    async ({ anchor }) => {
      const call = await AnchoredCall.open(anchor);
      const samples = Float32Array.from({ length: 1_600 }, (_, i) => 0.5 * Math.sin(i / 2));
      const play = (side: "a" | "b") => call.session.play(side, { sampleRateHz: 8_000, samples });
      const offer = { from: "b", step: "offer", sdp: sdpOf(call.b) } as const;
      const offered = textOf(await call.session.describe(offer));
      call.session.answered();
      await assert.rejects(play("a"), (error) => error instanceof GatewayError && error.code === "media.rejected");
      aim(call.a, offered);
      aim(call.b, textOf(await call.session.describe({ from: "a", step: "answer", sdp: sdpOf(call.a) })));
      assert.deepEqual(await Promise.all([play("a"), play("b")]), [true, true]);
      await Promise.all([call.a.has(8), call.b.has(8)]);
      await call.close();
    },
  );

  promise("RTCP goes the way of RTP, on the ports after", async ({ anchor }) => {
    const call = await AnchoredCall.open(anchor);
    await call.connect();
    await call.a.talk(1, 4);
    const report = buildRtcp([
      { kind: "rr", ssrc: 1, reports: [] },
      { kind: "sdes", chunks: [{ ssrc: 1, items: [{ type: 1, value: Buffer.from("x@y") }] }] },
    ]);
    await call.a.sendRtcp(report);
    await until("the report", () => call.b.receivedRtcp.length > 0);
    await call.close();
  });

  promise("a re-INVITE moves one end to another place; the other end keeps its own", async ({ anchor }) => {
    const call = await AnchoredCall.open(anchor);
    await call.connect();
    const toB = { ...call.b.to };
    const moved = await RtpPeer.open();
    const offered = textOf(await call.session.describe({ from: "a", step: "offer", sdp: sdpOf(moved) }));
    assert.deepEqual(placesIn(offered).rtp, toB);
    const answered = textOf(await call.session.describe({ from: "b", step: "answer", sdp: sdpOf(call.b) }));
    aim(moved, answered);
    await Promise.all([moved.talk(1, 6), call.b.talk(1, 6)]);
    await Promise.all([call.b.has(5), moved.has(5)]);
    assert.equal(call.a.received.length, 0);
    moved.close();
    await call.close();
  });

  promise("an offer that is refused changes nothing", async ({ anchor }) => {
    const call = await AnchoredCall.open(anchor);
    await call.connect();
    const elsewhere = await RtpPeer.open();
    await call.session.describe({ from: "a", step: "offer", sdp: sdpOf(elsewhere) });
    // 488 to that; a later exchange by the other end goes on with what was agreed before.
    await call.exchange("b");
    await call.b.talk(1, 6);
    await call.a.has(5);
    assert.equal(elsewhere.received.length, 0);
    elsewhere.close();
    await call.close();
  });

  promise("early media of several branches: the one that is answered is heard", async ({ anchor }) => {
    const call = await AnchoredCall.open(anchor);
    const other = await RtpPeer.open();
    const offered = textOf(await call.session.describe({ from: "a", step: "offer", sdp: sdpOf(call.a) }));
    for (const [peer, fork] of [
      [call.b, "fork-b"],
      [other, "fork-other"],
    ] as const) {
      const told = await call.session.describe({ from: "b", step: "preview", sdp: sdpOf(peer), fork });
      aim(call.a, textOf(told));
      aim(peer, offered);
    }
    await other.talk(1, 6, { ssrc: 2 });
    await call.a.has(5);
    await call.session.describe({ from: "b", step: "answer", sdp: sdpOf(call.b), fork: "fork-b" });
    call.session.answered("fork-b");
    await call.b.talk(1, 6, { ssrc: 3 });
    await call.a.has(10);
    await call.a.talk(1, 6);
    await call.b.has(5);
    assert.equal(other.received.length, 0);
    other.close();
    await call.close();
  });

  promise("a stranger's packets are neither passed on nor heard, and are counted", async (scene) => {
    const call = await AnchoredCall.open(scene.anchor, { listen: true });
    await call.connect();
    await call.a.talk(1, 6);
    await call.b.has(5);
    const stranger = await RtpPeer.open();
    stranger.to = call.a.to;
    await stranger.talk(500, 520, { ssrc: 0xbad });
    await call.a.talk(6, 11);
    await call.b.has(10);
    assert.deepEqual(call.b.sequences(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    await until("the fork", () => scene.heard(call.callId, "caller").length >= 10);
    const ssrcs = scene.heard(call.callId, "caller").map((packet) => {
      const parsed = parseRtpPacket(packet);
      return parsed.ok ? parsed.value.ssrc : -1;
    });
    assert.ok(!ssrcs.includes(0xbad));
    const stats = await call.session.stats();
    assert.ok(stats.a.strangers > 0, `${stats.a.strangers} strangers`);
    stranger.close();
    await call.close();
  });

  promise("both speakers are forked apart, as they were sent", async (scene) => {
    const call = await AnchoredCall.open(scene.anchor, { listen: true, calledSide: "agent" });
    await call.connect();
    await Promise.all([call.a.talk(1, 21, { ssrc: 1 }, 5), call.b.talk(1, 21, { ssrc: 2 }, 5)]);
    const packetsOf = (speaker: Speaker) =>
      scene.heard(call.callId, speaker).flatMap((packet) => {
        const parsed = parseRtpPacket(packet);
        return parsed.ok ? [parsed.value] : [];
      });
    await until("the forks", () => packetsOf("caller").length >= 19 && packetsOf("agent").length >= 19);
    for (const speaker of ["caller", "agent"] as const) {
      const [first] = packetsOf(speaker);
      for (const packet of packetsOf(speaker)) {
        assert.equal(packet.payload.length, 160);
        assert.ok(packet.payload.every((byte) => byte === packet.payload[0]));
        assert.equal(packet.ssrc, first?.ssrc);
      }
    }
    await call.close();
  });

  promise("held, neither end hears the other; afterwards both do again", async ({ anchor }) => {
    const call = await AnchoredCall.open(anchor);
    await call.connect();
    await Promise.all([call.a.talk(1, 6, { ssrc: 1 }), call.b.talk(1, 6, { ssrc: 2 })]);
    await Promise.all([call.a.has(5), call.b.has(5)]);
    const isFromA = (payload: Uint8Array): boolean => payload.every((byte) => byte === 0x33);
    const fromA = (): number => call.b.packets().filter(({ payload }) => isFromA(payload)).length;
    call.session.hold(true);
    await call.session.stats();
    await call.a.talk(6, 26, { ssrc: 1, payload: new Uint8Array(160).fill(0x33) });
    await call.session.stats();
    assert.equal(fromA(), 0);
    call.session.hold(false);
    await call.session.stats();
    await call.a.talk(26, 46, { ssrc: 1, payload: new Uint8Array(160).fill(0x33) });
    await until("A to be heard again", () => fromA() >= 18);
    await call.close();
  });

  promise("a prompt that another one replaces says that it was not played to its end", async ({ anchor }) => {
    const call = await AnchoredCall.open(anchor);
    await call.connect();
    const promptOf = (ms: number) => call.session.play("b", { sampleRateHz: 8_000, samples: new Float32Array(8 * ms) });
    const first = promptOf(2_000);
    await call.b.has(2);
    assert.deepEqual(await Promise.all([first, promptOf(100)]), [false, true]);
    await call.close();
  });
  promise("a prompt is played to one side alone, and the call goes on after it", async ({ anchor }) => {
    const call = await AnchoredCall.open(anchor);
    await call.connect();
    await Promise.all([call.a.talk(1, 6, { ssrc: 1 }), call.b.talk(1, 6, { ssrc: 2 })]);
    await Promise.all([call.a.has(5), call.b.has(5)]);
    const samples = Float32Array.from({ length: 8_000 }, (_, i) => 0.5 * Math.sin(i / 2));
    const before = performance.now();
    await call.session.play("b", { sampleRateHz: 8_000, samples });
    const tookMs = performance.now() - before;
    assert.ok(tookMs > 850, `${tookMs} ms`);
    assert.equal(call.a.received.length, 5);
    await call.b.has(5 + 45);
    const loud = call.b.packets().filter(({ payload }) => new Set(payload).size > 10);
    assert.ok(loud.length >= 40, `${loud.length} packets of sound`);
    const had = call.b.received.length;
    await call.a.talk(60, 70, { ssrc: 1 });
    await call.b.has(had + 9);
    await call.close();
  });

  promise("a digit is told once", async ({ anchor }) => {
    const call = await AnchoredCall.open(anchor, { listen: true });
    await call.connect();
    await call.a.talk(1, 6);
    let n = 6;
    for (const { payload } of digitPackets("7", { durationMs: 100, clockRateHz: 8_000 })) {
      await call.a.send({ n: n++, payloadType: 101, timestamp: 960, payload });
    }
    await until("the digit", () => call.events.some(({ kind }) => kind === "digit"));
    await call.a.talk(n, n + 5);
    assert.deepEqual(
      call.events.filter(({ kind }) => kind === "digit").map((event) => ("digit" in event ? event.digit : "")),
      ["7"],
    );
    await call.close();
  });

  promise("loss and jitter of each side are told, live and at the end", async ({ anchor }) => {
    const call = await AnchoredCall.open(anchor);
    await call.connect();
    for (let n = 1; n <= 100; n++) if (n % 4 !== 0) await call.a.send({ n });
    await call.b.talk(1, 61, {}, 1);
    await Promise.all([call.b.has(75), call.a.has(60)]);
    const live = await call.session.stats();
    assert.equal(live.a.packets, 75);
    assert.ok(live.a.lost >= 22 && live.a.lost <= 26, `${live.a.lost} lost`);
    assert.equal(live.b.packets, 60);
    assert.equal(live.b.lost, 0);
    assert.ok((live.a.mos ?? 9) < (live.b.mos ?? 0), `MOS ${live.a.mos} and ${live.b.mos}`);
    const last = await call.session.close();
    assert.equal(last?.a.packets, 75);
    assert.equal(await call.session.close(), last);
    await call.close();
  });

  promise("what cannot be carried passes untouched, and so does its answer", async ({ anchor }) => {
    const cases = [
      { why: "dtls", protocol: "UDP/TLS/RTP/SAVP", lines: ["a=fingerprint:sha-256 00:11", "a=setup:actpass"] },
      { why: "dtls", protocol: "RTP/SAVPF", lines: ["a=fingerprint:sha-256 00:11", "a=setup:actpass"] },
      { why: "ice", address: "0.0.0.0", port: 9, lines: ["a=ice-ufrag:x", "a=ice-pwd:yyyyyyyyyyyyyyyyyyyyyy"] },
    ];
    for (const { why, ...sdp } of cases) {
      const call = await AnchoredCall.open(anchor);
      const offer = await call.session.describe({ from: "a", step: "offer", sdp: sdpOf(call.a, sdp) });
      assert.deepEqual(offer, { kind: "untouched", why });
      const answer = await call.session.describe({ from: "b", step: "answer", sdp: sdpOf(call.b, sdp) });
      assert.deepEqual(answer, { kind: "untouched", why });
      await call.close();
    }
    const call = await AnchoredCall.open(anchor);
    const rubbish = await call.session.describe({ from: "a", step: "offer", sdp: Buffer.from("no description") });
    assert.deepEqual(rubbish, { kind: "untouched", why: "malformed" });
    await call.close();
  });

  promise("a prompt in a coding that cannot be made is refused with a reason", async ({ anchor }) => {
    const call = await AnchoredCall.open(anchor);
    await call.connect({ formats: "98", lines: ["a=rtpmap:98 AMR/8000"] });
    await assert.rejects(
      call.session.play("a", { sampleRateHz: 8_000, samples: new Float32Array(800) }),
      (error) => error instanceof GatewayError && error.code === "media.rejected",
    );
    await call.close();
  });

  promise(
    "after close nothing passes, descriptions are left alone, and closing again is harmless",
    async ({ anchor }) => {
      const call = await AnchoredCall.open(anchor);
      await call.connect();
      await call.a.talk(1, 4);
      await call.b.has(3);
      await call.session.close();
      await call.a.talk(4, 14);
      assert.equal(call.b.received.length, 3);
      const described = await call.session.describe({ from: "a", step: "offer", sdp: sdpOf(call.a) });
      assert.equal(described.kind, "untouched");
      await call.close();
      assert.equal(anchor.health().ok, true);
    },
  );

  promise("closed, it ends what is open, and may be closed again", async ({ anchor }) => {
    const call = await AnchoredCall.open(anchor);
    await call.connect();
    await anchor.close();
    await anchor.close();
    assert.equal(anchor.health().ok, false);
    const described = await call.session.describe({ from: "a", step: "offer", sdp: sdpOf(call.a) });
    assert.equal(described.kind, "untouched");
    const late = await AnchoredCall.open(anchor);
    const offer = await late.session.describe({ from: "a", step: "offer", sdp: sdpOf(late.a) });
    assert.deepEqual(offer, { kind: "untouched", why: "unavailable" });
    await call.close();
    await late.close();
  });
}
