import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { Worker } from "node:worker_threads";
import { test } from "node:test";
import { GatewayError } from "../../../gateway/core/errors.js";
import { PacketRing } from "../../../gateway/media/fork/packet-ring.js";
import { mediaRelayEntry } from "../../../gateway/workers/media-relay-options.js";
import { aim, AnchoredCall, placesIn, sdpOf, textOf } from "../../support/anchored-call.js";
import { until } from "../../support/processes.js";
import { freeRange, nativeMissing, TestEars, withRelay } from "../../support/relay-scene.js";
import { RtpPeer } from "../../support/rtp-peer.js";

/** Threads of this process, in the order in which they were started. */
const threads: Worker[] = [];
process.on("worker", (worker) => threads.push(worker));
function newestThread(): Worker {
  const newest = threads.at(-1);
  assert.ok(newest);
  return newest;
}

/** A call without a packet for so long is dead. One that has some is not, on a machine that stands still for a moment too. */
const IDLE_MS = 3_000;

/** The relay's thread, with a message that makes it stand still for ever. */
function hangableEntry(): URL {
  const code = `const { parentPort } = await import("node:worker_threads");
    parentPort.on("message", ({ kind }) => { while (kind === "hang"); });
    await import(${JSON.stringify(mediaRelayEntry().href)});`;
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}

// The embedded relay with real sockets on loopback: ports, idle calls, a listener that stalls, a thread that dies.

for (const engine of ["native", "node"] as const) {
  const skip = engine === "native" ? (nativeMissing() ?? false) : false;

  test(`${engine}: an exhausted range says full, and a call that ends makes room`, { skip }, async () => {
    const portRange = await freeRange(4);
    await withRelay({ engine, portRange }, async ({ anchor }) => {
      const calls = [await AnchoredCall.open(anchor), await AnchoredCall.open(anchor)];
      const ports = new Set<number>();
      for (const call of calls) {
        const { offered, answered } = await call.exchange("a");
        for (const text of [offered, answered]) ports.add(placesIn(text).rtp.port);
      }
      assert.equal(ports.size, 4);
      for (const port of ports) assert.ok(port >= portRange.from && port < portRange.to && port % 2 === 0);
      const third = await AnchoredCall.open(anchor);
      const offer = { from: "a", step: "offer", sdp: sdpOf(third.a) } as const;
      assert.deepEqual(await third.session.describe(offer), { kind: "untouched", why: "full" });
      assert.deepEqual(await third.session.describe({ ...offer, from: "b", step: "answer" }), {
        kind: "untouched",
        why: "full",
      });
      await until("health to say so", () => !anchor.health().ok);
      await calls[0]!.close();
      assert.equal((await third.session.describe(offer)).kind, "anchored");
      await third.close();
      await calls[1]!.close();
    });
  });

  test(`${engine}: ports that somebody else holds are skipped`, { skip }, async () => {
    const portRange = await freeRange(3);
    const holder = createSocket("udp4").unref();
    // The RTCP port of the second pair.
    await new Promise<void>((done) => holder.bind(portRange.from + 3, "127.0.0.1", done));
    await withRelay({ engine, portRange }, async ({ anchor }) => {
      const call = await AnchoredCall.open(anchor);
      const { offered, answered } = await call.exchange("a");
      const ports = [offered, answered].map((text) => placesIn(text).rtp.port).sort((x, y) => x - y);
      assert.deepEqual(ports, [portRange.from, portRange.from + 4]);
      await Promise.all([call.a.talk(1, 4), call.b.talk(1, 4)]);
      await Promise.all([call.a.has(3), call.b.has(3)]);
      await call.close();
    });
    holder.close();
  });

  test(`${engine}: ports rest before another call gets them`, { skip }, async () => {
    const portRange = await freeRange(2);
    const quarantineMs = 3_000;
    await withRelay({ engine, portRange, quarantineMs }, async ({ anchor }) => {
      const first = await AnchoredCall.open(anchor);
      await first.connect();
      const second = await AnchoredCall.open(anchor);
      const offer = { from: "a", step: "offer", sdp: sdpOf(second.a) } as const;
      const closedAt = performance.now();
      await first.close();
      const early = await second.session.describe(offer);
      // Unless this machine has stood still for so long.
      if (performance.now() - closedAt < quarantineMs) assert.deepEqual(early, { kind: "untouched", why: "full" });
      await until("the ports to have rested", async () => (await second.session.describe(offer)).kind === "anchored");
      await second.close();
    });
  });

  test(
    `${engine}: a listener that stalls delays nothing and loses only what it has no room for`,
    { skip },
    async () => {
      const ears = new TestEars(65_536);
      await withRelay(
        { engine },
        async ({ anchor }) => {
          const call = await AnchoredCall.open(anchor, { listen: true });
          await call.connect();
          // Nobody reads the ring: it holds about 330 packets.
          for (let n = 1; n <= 600; n++) {
            await call.a.send({ n });
            if (n % 50 === 0) await call.b.has(n);
          }
          await call.b.has(600);
          const stats = await call.session.stats();
          assert.equal(stats.a.packets, 600);
          assert.ok(stats.forkDropped > 100 && stats.forkDropped < 500, `${stats.forkDropped} dropped`);
          assert.equal(ears.heard(call.callId, "caller").length, 600 - stats.forkDropped);
          await call.a.talk(601, 604);
          await call.b.has(603);
          await until("the fork to go on", () => ears.heard(call.callId, "caller").length === 603 - stats.forkDropped);
          await call.close();
        },
        { ears },
      );
    },
  );

  test(
    `${engine}: the thread dies: calls go on at the same ports, prompts fail, new calls work`,
    { skip },
    async () => {
      await withRelay({ engine }, async ({ anchor, metrics, ears }) => {
        const call = await AnchoredCall.open(anchor);
        await call.connect();
        await call.a.talk(1, 4);
        await call.b.has(3);
        const client = await RtpPeer.open();
        const receiver = await anchor.receive({ streamId: 77, family: 4, idleMs: 0, onIdle: () => undefined });
        receiver.expect({ address: client.address, port: client.port });
        client.to = { address: receiver.address, port: receiver.port };
        const prompt = call.session.play("a", { sampleRateHz: 8_000, samples: new Float32Array(80_000) });
        const failed = assert.rejects(
          prompt,
          (error) => error instanceof GatewayError && error.code === "media.unavailable",
        );
        const meanwhile = await AnchoredCall.open(anchor);
        await newestThread().terminate();
        await failed;
        assert.equal(anchor.health().ok, false);
        const offer = { from: "a", step: "offer", sdp: sdpOf(meanwhile.a) } as const;
        assert.deepEqual(await meanwhile.session.describe(offer), { kind: "untouched", why: "unavailable" });
        await until("a new thread", () => anchor.health().ok);
        assert.equal(metrics.value("ringfence_media_relay_restarts_total"), 1);
        let n = 4;
        await until("the old call to go on", async () => {
          await call.a.send({ n: n++ });
          await call.b.send({ n: n++ });
          return call.b.received.length > 5 && call.a.received.length > 3;
        });
        assert.deepEqual(call.events, []);
        await meanwhile.connect();
        await meanwhile.a.talk(1, 4);
        await meanwhile.b.has(3);
        await call.exchange("b");
        await client.talk(1, 6);
        await until("the receiver to go on", () => ears.under(77).length >= 5);
        client.close();
        await meanwhile.close();
        await call.close();
      });
    },
  );
}

test("the thread dies and somebody takes a port of a call: the call is told that its media is lost", async () => {
  await withRelay({}, async ({ anchor }) => {
    const call = await AnchoredCall.open(anchor, { listen: true });
    const { offered } = await call.exchange("a");
    call.session.answered();
    await newestThread().terminate();
    const thief = createSocket("udp4").unref();
    await new Promise<void>((done) => thief.bind(placesIn(offered).rtp.port, "127.0.0.1", done));
    await until("the event", () => call.events.length > 0);
    assert.deepEqual(call.events, [{ kind: "lost" }]);
    // The next exchange gives it ports again.
    await call.exchange("a");
    await call.a.talk(1, 4);
    await call.b.has(3);
    assert.equal(call.events.length, 1);
    thief.close();
    await call.close();
  });
});

test("a thread that hangs is ended and started again", async () => {
  await withRelay(
    {},
    async ({ anchor, metrics }) => {
      const call = await AnchoredCall.open(anchor);
      await call.connect();
      newestThread().postMessage({ kind: "hang" });
      await until("a new thread", () => metrics.value("ringfence_media_relay_restarts_total") >= 1, 60_000);
      await until("health", () => anchor.health().ok, 60_000);
      let n = 1;
      await until("the call to go on", async () => {
        await call.a.send({ n: n++ });
        return call.b.received.length > 0;
      });
      await call.close();
    },
    { silentMs: 2_000, entry: hangableEntry() },
  );
});

test("an answered call without a packet is dead; one that rings, is held, or has RTCP is not", async () => {
  await withRelay({ idleMs: IDLE_MS }, async ({ anchor }) => {
    const open = async (): Promise<AnchoredCall> => {
      const call = await AnchoredCall.open(anchor);
      await call.exchange("a");
      return call;
    };
    const [dead, rings, held, reports] = [await open(), await open(), await open(), await open()];
    for (const call of [dead, held, reports]) call.session.answered();
    await held.exchange("a", { lines: ["a=sendonly"] }, { lines: ["a=recvonly"] });
    const report = Buffer.from("80c9000100000001", "hex");
    let [sentAt, longestGapMs] = [performance.now(), 0];
    const timer = setInterval(() => {
      longestGapMs = Math.max(longestGapMs, performance.now() - sentAt);
      sentAt = performance.now();
      void reports.b.sendRtcp(report);
    }, 50);
    await until("the dead one", () => dead.events.length > 0);
    // Another look of the relay finds another one dead: what is told is told once, and to nobody else.
    const later = await open();
    later.session.answered();
    await until("the next dead one", () => later.events.length > 0);
    clearInterval(timer);
    assert.deepEqual(dead.events, [{ kind: "idle" }]);
    for (const call of [rings, held]) assert.deepEqual(call.events, []);
    // Where this machine stood still for as long, no report went out either.
    if (longestGapMs < IDLE_MS / 2) assert.deepEqual(reports.events, []);
    await until("the one without reports", () => reports.events.length > 0);
    for (const call of [dead, rings, held, reports, later]) await call.close();
  });
});

test("an early dialog that answers late does not take the call from the one that was answered", async () => {
  await withRelay({}, async ({ anchor }) => {
    const call = await AnchoredCall.open(anchor);
    const late = await RtpPeer.open();
    const offered = textOf(await call.session.describe({ from: "a", step: "offer", sdp: sdpOf(call.a) }));
    aim(late, offered);
    aim(call.b, offered);
    const answer = await call.session.describe({ from: "b", step: "answer", sdp: sdpOf(call.b), fork: "one" });
    call.session.answered("one");
    aim(call.a, textOf(answer));
    await call.session.describe({ from: "b", step: "answer", sdp: sdpOf(late), fork: "two" });
    await Promise.all([late.talk(50, 53), call.b.talk(1, 4), call.a.talk(1, 4)]);
    await Promise.all([call.a.has(3), call.b.has(3)]);
    assert.deepEqual(call.a.sequences(), [1, 2, 3]);
    assert.equal(late.received.length, 0);
    late.close();
    await call.close();
  });
});

test("a ring that another thread reads gets every packet once", async () => {
  await withRelay({}, async ({ anchor, ears }) => {
    const reader = new Worker(
      `const { workerData, parentPort } = require("node:worker_threads");
       const head = new Int32Array(workerData, 0, 48);
       parentPort.on("message", () => parentPort.postMessage(Atomics.load(head, 0)));`,
      { eval: true, workerData: ears.ring.buffer },
    );
    const call = await AnchoredCall.open(anchor, { listen: true });
    await call.connect();
    await call.a.talk(1, 11);
    await call.b.has(10);
    const written = await new Promise<number>((resolve) => {
      reader.once("message", resolve);
      reader.postMessage("look");
    });
    assert.ok(written >= 10 * Math.ceil((172 + 16) / 8));
    assert.equal(new PacketRing(ears.ring.buffer).waitingBytes, written * 8);
    assert.equal(ears.heard(call.callId, "caller").length, 10);
    await reader.terminate();
    await call.close();
  });
});
