import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { test } from "node:test";
import type { CallState, FromRelay, LegState, StreamPlaces } from "../../gateway/adapters/rtp-relay/messages.js";
import { RelayEngine } from "../../gateway/adapters/rtp-relay/relay-engine.js";
import { PacketRing } from "../../gateway/media/fork/packet-ring.js";
import { AnchoredCall, sdpOf } from "../support/anchored-call.js";
import { FakeClock } from "../support/fake-clock.js";
import { FakeDatagramIo } from "../support/fake-datagram-io.js";
import { startRelay } from "../support/relay-scene.js";
import { EVENT, G722, OPUS, PCMA, PCMU, rtp } from "../support/rtp-stream.js";
import { SeededRandom } from "../support/seeded-random.js";

const FUZZ_MS = 5_000;
const SEED = Number(process.env["FUZZ_SEED"] ?? 3550);

const pick = <T>(random: SeededRandom, all: readonly T[]): T => all[random.below(all.length)]!;
const bytes = (random: SeededRandom, most: number): Uint8Array =>
  Uint8Array.from({ length: random.below(most) }, () => random.below(256));

/** Something between a good packet and noise. */
function datagram(random: SeededRandom, n: number): Uint8Array {
  const kind = random.below(10);
  if (kind === 0) return bytes(random, 80);
  if (kind === 1) return bytes(random, 5_000);
  const payloadType = pick(random, [0, 8, 9, 101, 111, 77]);
  const payload =
    payloadType === 101 ? Uint8Array.of(random.below(20), random.below(256), 0, random.below(256)) : bytes(random, 200);
  const packet = rtp({ n: n & 0xffff, ssrc: random.below(3), payloadType, payload });
  if (kind === 2)
    return Uint8Array.from([
      0x80 | random.below(32),
      200 + random.below(8),
      0,
      random.below(12),
      ...packet.subarray(0, 60),
    ]);
  if (kind === 3) packet[random.below(packet.length)] = random.below(256);
  if (kind === 4) return packet.subarray(0, random.below(packet.length));
  return packet;
}

test("whatever comes, and whatever is asked: nothing breaks, ports and calls stay in step", async () => {
  const random = new SeededRandom(SEED);
  const clock = new FakeClock();
  const ring = PacketRing.allocate(65_536);
  const said: FromRelay[] = [];
  let io = new FakeDatagramIo();
  const engine = new RelayEngine(
    {
      addresses: ["198.51.100.1", "2001:db8::1"],
      portRange: { from: 10_000, to: 10_199 },
      quarantineMs: 100,
      idleMs: 1_000,
    },
    {
      clock,
      ring,
      random: () => random.next(),
      makeIo: (onBatch) => (io = new FakeDatagramIo(onBatch)),
      post: (message) => void said.push(message),
    },
  );
  const key = { suite: "AES_CM_128_HMAC_SHA1_80", keySalt: Buffer.alloc(30, 3).toString("base64") };
  const leg = (): LegState => {
    const address = pick(random, ["192.0.2.1", "192.0.2.2", "2001:db8::9", "nonsense"]);
    const formats = pick(random, [[PCMU, EVENT], [PCMA], [G722, EVENT], [OPUS], []]);
    return {
      rtp: random.below(4) === 0 ? undefined : { address, port: pick(random, [4_000, 4_002, 0]) },
      rtcp: random.below(4) === 0 ? undefined : { address, port: 4_001 },
      rtcpMux: random.below(2) === 0,
      learn: random.below(3) === 0,
      formats,
      takes: formats,
      streamId: random.below(3),
      key: pick(random, [undefined, undefined, key, "unreadable"] as const),
    };
  };
  const state = (): CallState => ({
    streams: [0, 1].map((index) => ({ index, isAudio: index === 0, a: leg(), b: leg() })),
    agreement: random.below(5),
    maySilent: random.below(2) === 0,
  });
  const open = new Set<number>();
  const until = performance.now() + FUZZ_MS;
  let steps = 0;
  for (let n = 0; performance.now() < until; n++, steps++) {
    const call = 1 + random.below(12);
    switch (random.below(14)) {
      case 0: {
        const family = pick(random, [4, 6] as const);
        const streams = [0, 1].map((index) => ({ index, isAudio: index === 0, families: { a: family, b: family } }));
        engine.onMessage({ kind: "request", id: n, name: "allocate", args: { call, streams } });
        open.add(call);
        break;
      }
      case 1:
        engine.onMessage({ kind: "state", call, state: state() });
        break;
      case 2:
        engine.onMessage({ kind: "hold", call, held: random.below(2) === 0 });
        break;
      case 3: {
        const args = {
          call,
          to: pick(random, ["a", "b"] as const),
          sampleRateHz: pick(random, [8_000, 16_000, 44_100, 7]),
          samples: new Float32Array(random.below(4_000)),
        };
        engine.onMessage({ kind: "request", id: n, name: "play", args });
        break;
      }
      case 4:
        engine.onMessage({ kind: "release", call, indexes: [random.below(3)] });
        break;
      case 5:
        engine.onMessage({ kind: "request", id: n, name: pick(random, ["stats", "close"] as const), args: { call } });
        break;
      case 6:
        engine.onMessage({ kind: "answered", call });
        break;
      case 7:
        clock.advance(random.below(300));
        break;
      case 8:
        ring.read(1_000, () => undefined);
        break;
      case 9:
        await new Promise((resolve) => setImmediate(resolve));
        break;
      default: {
        const { ports } = io;
        const batch = Array.from({ length: 1 + random.below(20) }, (_, i) => ({
          port: ports[random.below(Math.max(1, ports.length))] ?? 1,
          from: pick(random, ["192.0.2.1", "192.0.2.2", "2001:db8::9", "203.0.113.77"]),
          fromPort: pick(random, [4_000, 4_001, 4_002]),
          packet: datagram(random, n + i),
        }));
        io.deliver(...batch);
        io.sent.length = 0;
      }
    }
    if (said.length > 10_000) said.length = 0;
  }
  for (const call of open) engine.onMessage({ kind: "request", id: -call, name: "close", args: { call } });
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(io.ports, [], "every port is given back");
  // A fresh call works after all that.
  said.length = 0;
  clock.advance(10_000);
  const streams = [{ index: 0, isAudio: true, families: { a: 4, b: 4 } }] as const;
  engine.onMessage({ kind: "request", id: 1, name: "allocate", args: { call: 99, streams } });
  await new Promise((resolve) => setImmediate(resolve));
  const answer = said.find((message) => message.kind === "answer");
  assert.equal((answer?.value as StreamPlaces[]).length, 1);
  engine.close();
  console.log(`${steps} steps, seed ${SEED}`);
});

test("a live relay's ports take random datagrams from everywhere, and calls go on", async () => {
  const random = new SeededRandom(SEED + 1);
  const scene = await startRelay();
  const socket = createSocket("udp4");
  try {
    const calls = [
      await AnchoredCall.open(scene.anchor, { listen: true }),
      await AnchoredCall.open(scene.anchor, { listen: true, learnSource: true }),
    ];
    for (const call of calls) await call.connect();
    // Whoever learns has learned.
    for (const call of calls) await Promise.all([call.a.talk(1, 3), call.b.talk(1, 3)]);
    for (const call of calls) await Promise.all([call.a.has(2), call.b.has(2)]);
    const until = performance.now() + FUZZ_MS / 2;
    let sent = 0;
    for (; performance.now() < until; sent++) {
      const call = pick(random, calls);
      const to = pick(random, [call.a.to, call.b.to, call.a.toRtcp, call.b.toRtcp]);
      const packet = datagram(random, sent);
      socket.send(packet, to.port, to.address);
      if (random.below(3) === 0) await call.a.sendRaw(packet, to);
      if (sent % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    for (const call of calls) {
      const n = 40_000;
      await call.a.send({ n, payload: Uint8Array.of(1, 2, 3) });
      const isIt = (packet: Uint8Array): boolean => packet.length === 15 && packet[12] === 1 && packet[14] === 3;
      const deadline = performance.now() + 20_000;
      while (!call.b.received.some(isIt)) {
        assert.ok(performance.now() < deadline, "the call goes on");
        await call.a.send({ n, payload: Uint8Array.of(1, 2, 3) });
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    assert.equal(scene.anchor.health().ok, true);
    assert.equal(scene.metrics.value("ringfence_media_relay_restarts_total"), 0);
    for (const call of calls) await call.close();
    console.log(`${sent} datagrams, seed ${SEED + 1}`);
  } finally {
    socket.close();
    await scene.close();
  }
});

test("descriptions that were bent anyhow are answered, one way or the other", async () => {
  const random = new SeededRandom(SEED + 2);
  const scene = await startRelay();
  try {
    const until = performance.now() + FUZZ_MS / 2;
    let described = 0;
    while (performance.now() < until) {
      const call = await AnchoredCall.open(scene.anchor, { listen: true });
      for (let i = 0; i < 12; i++, described++) {
        const sdp = Buffer.from(
          sdpOf(pick(random, [call.a, call.b]), { more: ["m=video 5000 RTP/AVP 96", "a=rtcp-mux"] }),
        );
        for (let bend = random.below(6); bend > 0; bend--) sdp[random.below(sdp.length)] = random.below(256);
        const from = pick(random, ["a", "b"] as const);
        const step = pick(random, ["offer", "answer", "preview"] as const);
        const fork = pick(random, [undefined, "x", "y"]);
        const answer = await call.session.describe({ from, step, sdp, ...(fork === undefined ? {} : { fork }) });
        assert.ok(["anchored", "untouched"].includes(answer.kind));
        if (random.below(6) === 0) call.session.answered(fork);
        if (random.below(6) === 0) call.session.hold(random.below(2) === 0);
      }
      await call.close();
    }
    assert.equal(scene.metrics.value("ringfence_media_relay_restarts_total"), 0);
    console.log(`${described} descriptions, seed ${SEED + 2}`);
  } finally {
    await scene.close();
  }
});
