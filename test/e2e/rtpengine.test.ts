import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { nodeSrtpCrypto } from "../../gateway/adapters/rtp-relay/node-srtp-crypto.js";
import { SystemClock } from "../../gateway/adapters/system/system-clock.js";
import { DEFAULT_MEDIA_OPTIONS } from "../../gateway/call/media/call-media.js";
import { MediaAnchors } from "../../gateway/call/media/media-anchors.js";
import { silentLog } from "../../gateway/core/log.js";
import { noMetrics } from "../../gateway/core/metrics.js";
import { buildRtcp } from "../support/build-rtcp.js";
import { compactNtp, ntpOfUnixMs } from "../support/rtcp-packet.js";
import { parseRtpPacket } from "../support/rtp-packet.js";
import { srtpCipher, SrtpReceiver } from "../../gateway/media/srtp/srtp-session.js";
import { ANCHORED, SDP_TYPE } from "../support/anchored-bench.js";
import { aim, AnchoredCall, sdpOf, textOf } from "../support/anchored-call.js";
import { B2buaBench } from "../support/b2bua-bench.js";
import { bodyText } from "../support/fake-sip-endpoint.js";
import { until } from "../support/processes.js";
import { rtp } from "../support/rtp-stream.js";
import { RtpPeer } from "../support/rtp-peer.js";
import { rtpengineMissing, startRealRtpengine, type RealRtpengine } from "../support/rtpengine.js";
import { startRtpengineScene, type RtpengineScene } from "../support/rtpengine-scene.js";

const skip = rtpengineMissing();
let real: RealRtpengine;
let other: RealRtpengine;

before(async () => {
  if (skip !== undefined) return;
  [real, other] = await Promise.all([startRealRtpengine(), startRealRtpengine()]);
});
after(async () => {
  if (skip === undefined) await Promise.all([real.close(), other.close()]);
});

/** A scenario with its own client of one instance, or of both. */
function scenario(
  title: string,
  run: (scene: RtpengineScene) => Promise<void>,
  options: Parameters<typeof startRtpengineScene>[1] & { readonly both?: boolean } = {},
): void {
  test(`rtpengine: ${title}`, { timeout: 120_000, ...(skip === undefined ? {} : { skip }) }, async () => {
    const { both = false, ...rest } = options;
    // An instance on a machine that stands still for a while is not taken for one that hangs.
    const scene = await startRtpengineScene(both ? [real, other] : [real], { timeoutMs: 10_000, ...rest });
    try {
      await run(scene);
    } finally {
      await scene.close();
    }
  });
}

const ssrcsOf = (packets: readonly Uint8Array[]): Set<number> =>
  new Set(packets.map((packet) => Buffer.from(packet).readUInt32BE(8)));

scenario(
  "a call through the B2BUA: RTP both ways, both speakers heard, figures in the Cdr",
  async ({ anchor, ears }) => {
    const patient = { ...DEFAULT_MEDIA_OPTIONS, describeTimeoutMs: 10_000, statsTimeoutMs: 10_000 };
    const media = new MediaAnchors(patient, {
      anchors: { rtpengine: anchor },
      clock: new SystemClock(),
      metrics: noMetrics,
      log: silentLog,
    });
    const bench = new B2buaBench({ policy: { media: { ...ANCHORED, anchor: "rtpengine" } }, deps: { media } });
    const [a, b] = await Promise.all([RtpPeer.open(), RtpPeer.open()]);
    const invite = bench.invite(SDP_TYPE, sdpOf(a).toString("latin1"));
    await until("the INVITE to leave", () => bench.endpoint.invites.length === 1);
    aim(b, bodyText(bench.out.spec.body));
    const dialog = bench.out.answer({ tag: "bob", headers: SDP_TYPE, body: sdpOf(b).toString("latin1") });
    await until("the 200", () => invite.final !== undefined);
    aim(a, bodyText(invite.final?.body));
    invite.ack();
    await Promise.all([a.talk(1, 51, { ssrc: 0xa }), b.talk(1, 41, { ssrc: 0xb })]);
    await Promise.all([b.has(50), a.has(40)]);
    const { callId } = bench.call;
    await until(
      "both forks",
      () => ears.heard(callId, "caller").length === 50 && ears.heard(callId, "callee").length === 40,
    );
    assert.deepEqual(
      [ssrcsOf(ears.heard(callId, "caller")), ssrcsOf(ears.heard(callId, "callee"))],
      [new Set([0xa]), new Set([0xb])],
    );
    assert.notEqual(bench.call.media, undefined);
    invite.dialog()?.receive("BYE");
    dialog.last("BYE").final(200);
    await until("the Cdr", () => bench.cdrs.length === 1);
    const { media: passed } = bench.cdr;
    assert.deepEqual([passed?.anchor, passed?.a?.packets, passed?.b?.packets], ["rtpengine", 50, 40]);
    assert.deepEqual([ears.closed.length, anchor.health().ok], [2, true]);
    a.close();
    b.close();
  },
);

scenario("loss, jitter and quality come from the RTCP reports of the peers", async ({ anchor }) => {
  const call = await AnchoredCall.open(anchor);
  await call.connect();
  const report = (from: number, about: number, lost: number, jitterTicks: number, lastSr: number): Uint8Array => {
    const { seconds, fraction } = ntpOfUnixMs(Date.now());
    const block = {
      ssrc: about,
      fractionLost: 3,
      cumulativeLost: lost,
      extendedHighestSequence: 100,
      jitterTicks,
      lastSr,
      // A round trip of a few milliseconds.
      delaySinceLastSr: lastSr === 0 ? 0 : (compactNtp(seconds, fraction) - lastSr - 300) >>> 0,
    };
    const sr = {
      kind: "sr",
      ssrc: from,
      ntpSeconds: seconds,
      ntpFraction: fraction,
      rtpTimestamp: 0,
      packetCount: 1,
      octetCount: 1,
    } as const;
    return buildRtcp([{ ...sr, reports: [block] }]);
  };
  const heardSr = (peer: RtpPeer): number => {
    const last = peer.receivedRtcp.at(-1);
    return last === undefined || last.length < 20 ? 0 : compactNtp(last.readUInt32BE(8), last.readUInt32BE(12));
  };
  await Promise.all([call.a.talk(1, 30, { ssrc: 10 }), call.b.talk(1, 30, { ssrc: 11 })]);
  // rtpengine takes one report a second, so it is told until it has them; quality needs a round trip of each.
  let stats = await call.session.stats();
  const isTold = (): boolean => stats.a.lost === 9 && stats.a.jitterMs === 20 && stats.b.jitterMs === 1;
  await until("the figures of the reports", async () => {
    await call.a.sendRtcp(report(10, 11, 0, 8, heardSr(call.a)));
    await call.b.sendRtcp(report(11, 10, 9, 160, heardSr(call.b)));
    stats = await call.session.stats();
    return isTold() && stats.a.mos !== undefined;
  });
  assert.ok((stats.a.mos ?? 0) > 3 && (stats.a.mos ?? 9) < 4.5, `MOS ${stats.a.mos}`);
  await call.close();
});

scenario("SRTP by SDES on both sides: passed on encrypted, heard in clear", async ({ anchor, ears }) => {
  const call = await AnchoredCall.open(anchor, { listen: true });
  const suite = "AES_CM_128_HMAC_SHA1_80";
  const keySalt = Buffer.alloc(30, 7).toString("base64");
  const secure = { protocol: "RTP/SAVP", lines: [`a=crypto:1 ${suite} inline:${keySalt}`] };
  const { offered } = await call.exchange("a", secure);
  call.session.answered();
  const cipher = srtpCipher(nodeSrtpCrypto, { suite, keySalt });
  const keyToB = new RegExp(`a=crypto:\\d+ ${suite} inline:([A-Za-z0-9+/=]+)`).exec(offered)?.[1];
  assert.ok(cipher !== undefined && keyToB !== undefined);
  for (let n = 1; n <= 20; n++) {
    const sealed = cipher.seal(rtp({ n, ssrc: 0xa }), n);
    assert.ok(sealed.ok);
    await call.a.sendRaw(sealed.value);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await call.b.has(20);
  const opened = srtpCipher(nodeSrtpCrypto, { suite, keySalt: keyToB });
  assert.ok(opened !== undefined);
  const receiver = new SrtpReceiver(opened);
  assert.ok(
    call.b.received.every((packet) => receiver.open(packet).ok),
    "B can read it",
  );
  await until("the fork", () => ears.heard(call.callId, "caller").length === 20);
  for (const packet of ears.heard(call.callId, "caller")) {
    const parsed = parseRtpPacket(packet);
    assert.ok(parsed.ok && parsed.value.payload.every((byte) => byte === (parsed.value.sequenceNumber & 0xff)));
  }
  await call.close();
});

scenario(
  "ICE is taken out; rtcp-mux is not offered on, but taken back to who offered it; o= stays",
  async ({ anchor }) => {
    const call = await AnchoredCall.open(anchor);
    const lines = [
      "a=ice-ufrag:abcd",
      "a=ice-pwd:abcdefghijklmnopqrstuvwx",
      `a=candidate:1 1 UDP 2130706431 127.0.0.1 ${call.a.port} typ host`,
      "a=rtcp-mux",
    ];
    const { offered, answered } = await call.exchange("a", { lines }, {});
    assert.doesNotMatch(offered, /candidate|ice-|rtcp-mux/);
    assert.match(answered, /a=rtcp-mux/);
    assert.doesNotMatch(answered, /candidate|ice-/);
    assert.match(offered, /^o=- 1 1 IN IP4 127\.0\.0\.1\r$/m);
    await Promise.all([call.a.talk(1, 6), call.b.talk(1, 6)]);
    await Promise.all([call.b.has(5), call.a.has(5)]);
    await call.close();
  },
);

scenario("a peer behind NAT, learned: media comes from and goes to another port than it said", async ({ anchor }) => {
  const call = await AnchoredCall.open(anchor, { learnSource: true });
  const mapped = await RtpPeer.open();
  await call.connect();
  mapped.to = call.a.to;
  await mapped.talk(1, 21, {}, 20);
  await call.b.has(20);
  await call.b.talk(1, 200, {}, 20);
  await mapped.has(5);
  mapped.close();
  await call.close();
});

scenario(
  "a codec change in mid-call: the fork goes on under the same number, with the new formats",
  async ({ anchor, ears }) => {
    const call = await AnchoredCall.open(anchor, { listen: true });
    await call.connect();
    await call.a.talk(1, 6);
    await until("the fork", () => ears.heard(call.callId, "caller").length === 5);
    await call.exchange("a", { formats: "8 101" });
    await call.a.talk(6, 16, { payloadType: 8 });
    await until("the fork again", () => ears.heard(call.callId, "caller").length === 15);
    assert.equal(ears.streams.size, 2, "no further numbers");
    assert.ok(ears.changes.some(([format]) => format?.codec === "PCMA"));
    await call.close();
  },
);

scenario("a change to T.38 and back: past us, then anchored and heard again", async ({ anchor, ears }) => {
  const call = await AnchoredCall.open(anchor, { listen: true });
  await call.connect();
  const fax = Buffer.from(
    sdpOf(call.a)
      .toString("latin1")
      .replace(/m=audio[\s\S]*/, "m=image 9000 udptl t38\r\n"),
  );
  assert.deepEqual(await call.session.describe({ from: "a", step: "offer", sdp: fax }), {
    kind: "untouched",
    why: "no-audio",
  });
  assert.deepEqual(await call.session.describe({ from: "b", step: "answer", sdp: fax }), {
    kind: "untouched",
    why: "no-audio",
  });
  assert.equal(ears.closed.length, 2);
  await call.exchange("a");
  await call.a.talk(1, 6);
  await call.b.has(5);
  await until("the fork", () => ears.heard(call.callId, "caller").length === 5);
  await call.close();
});

scenario(
  "hold by one side is no sign of death; silence of both without hold is, and is told once",
  async ({ anchor }) => {
    const held = await AnchoredCall.open(anchor);
    await held.connect({ lines: ["a=sendonly"] }, { lines: ["a=recvonly"] });
    const dead = await AnchoredCall.open(anchor);
    await dead.connect();
    await dead.a.talk(1, 4);
    await until("the idle event", () => dead.events.length > 0, 40_000);
    // As long again as it takes to find another one dead.
    const later = await AnchoredCall.open(anchor);
    await later.connect();
    await later.a.talk(1, 4);
    await until("the next idle event", () => later.events.length > 0, 40_000);
    assert.deepEqual([dead.events, held.events], [[{ kind: "idle" }], []]);
    await Promise.all([held.close(), dead.close(), later.close()]);
  },
  { idleMs: 3_000 },
);

scenario(
  "a re-INVITE after the instance has died: both ends are told places at another one, and hear each other there",
  async ({ anchor, ears }) => {
    const call = await AnchoredCall.open(anchor, { listen: true });
    await call.connect();
    await call.a.talk(1, 4);
    await call.b.has(3);
    const isOn = (instance: RealRtpengine): boolean => instance.log().includes(call.callId);
    await until("its instance to say so", () => isOn(real) || isOn(other));
    const [gone, left] = isOn(real) ? [real, other] : [other, real];
    await gone.kill();
    try {
      await call.exchange("a");
      await Promise.all([call.a.talk(4, 14), call.b.talk(1, 11)]);
      await Promise.all([call.b.has(13), call.a.has(10)]);
      await until("the other one to have it", () => isOn(left));
      await until("the forks there", () => ears.heard(call.callId, "callee").length >= 10);
      await until("health to say so", () => anchor.health().detail === "1 of 2 instances up");
    } finally {
      await gone.restart();
    }
    await until("it to be back", () => anchor.health().detail === "2 of 2 instances up");
    await call.close();
  },
  { both: true, pingMs: 100 },
);

scenario(
  "an instance that was started anew has forgotten its calls: they are told to be lost",
  async ({ anchor }) => {
    const call = await AnchoredCall.open(anchor);
    await call.connect();
    await real.restart();
    await until("it to be lost", () => call.events.some(({ kind }) => kind === "lost"), 40_000);
    assert.equal(await call.session.close(), undefined);
    await call.close();
  },
  { idleMs: 4_000, pingMs: 100 },
);

scenario(
  "an instance that hangs: new calls go to the other one within one time-out",
  async ({ anchor, metrics }) => {
    other.pause();
    try {
      for (let i = 0; i < 4; i++) {
        const call = await AnchoredCall.open(anchor);
        textOf(await call.session.describe({ from: "a", step: "offer", sdp: sdpOf(call.a) }));
        await call.close();
      }
      const timedOut = metrics.value("ringfence_rtpengine_commands_total", "offer", "silent");
      assert.ok(timedOut <= 1, `${timedOut} offers were waited for`);
    } finally {
      other.resume();
    }
  },
  { both: true, pingMs: 60_000, timeoutMs: 3_000 },
);
