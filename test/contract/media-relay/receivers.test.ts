import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../../gateway/core/errors.js";
import { AnchoredCall, placesIn, sdpOf, textOf } from "../../support/anchored-call.js";
import { until } from "../../support/processes.js";
import { freeRange, withRelay, startRelay } from "../../support/relay-scene.js";
import { RtpPeer } from "../../support/rtp-peer.js";

// The embedded relay with real sockets on loopback: ports that only hear, and what addresses peers are told.

test("a receiver hears one sender, and is told when he is silent", async () => {
  await withRelay({}, async ({ anchor, ears }) => {
    let idle = 0;
    const idleMs = 3_000;
    const port = await anchor.receive({ streamId: 5, family: 4, idleMs, onIdle: () => idle++ });
    assert.equal(port.address, "127.0.0.1");
    const [sender, stranger] = [await RtpPeer.open(), await RtpPeer.open()];
    for (const peer of [sender, stranger]) peer.to = { address: port.address, port: port.port };
    port.expect({ address: "127.0.0.1", port: sender.port });
    await stranger.talk(1, 4, { ssrc: 9 });
    await sender.talk(1, 6, { ssrc: 1 });
    await until("the packets", () => ears.under(5).length >= 5);
    assert.equal(ears.under(5).length, 5);
    await until("the silence", () => idle > 0);
    const silentAt = performance.now();
    // The address alone.
    port.expect({ address: "127.0.0.1", port: 0 });
    await stranger.talk(4, 6);
    await until("both", () => ears.under(5).length >= 7);
    // Whoever comes first.
    port.expect(undefined);
    await sender.talk(6, 8);
    await until("the sender again", () => ears.under(5).length >= 9);
    await stranger.talk(6, 8);
    await sender.talk(8, 9);
    await until("the sender alone", () => ears.under(5).length >= 10);
    assert.equal(ears.under(5).length, 10);
    // Once; again only where this machine stood still as long between two packets.
    assert.ok(idle <= 1 + Math.floor((performance.now() - silentAt) / idleMs), `told ${idle} times`);
    port.close();
    port.close();
    await sender.talk(9, 12);
    assert.equal(ears.under(5).length, 10);
    sender.close();
    stranger.close();
  });
});

test("without room for another port a receiver is refused; a family that there is none of too", async () => {
  const portRange = await freeRange(1);
  await withRelay({ portRange, addresses: [{ address: "127.0.0.1", advertised: "192.0.2.7" }] }, async ({ anchor }) => {
    const options = { streamId: 1, family: 4, idleMs: 0, onIdle: () => undefined } as const;
    const first = await anchor.receive(options);
    assert.deepEqual([first.address, first.port], ["192.0.2.7", portRange.from]);
    const code = (wanted: string) => (error: unknown) => error instanceof GatewayError && error.code === wanted;
    await assert.rejects(anchor.receive(options), code("media.full"));
    await assert.rejects(anchor.receive({ ...options, family: 6 }), code("media.unavailable"));
    first.close();
    await until("the port", () =>
      anchor.receive(options).then(
        () => true,
        () => false,
      ),
    );
  });
});

test("an address that is not ours stops the start, with its name", async () => {
  await assert.rejects(startRelay({ addresses: [{ address: "192.0.2.1" }] }), (error) => {
    return error instanceof GatewayError && error.code === "listen.failed" && error.message.includes("192.0.2.1");
  });
});

test("a wildcard is bound only where peers are told another address", async () => {
  const isInvalid = (error: unknown): boolean => error instanceof GatewayError && error.code === "config.invalid";
  await assert.rejects(startRelay({ addresses: [{ address: "0.0.0.0" }] }), isInvalid);
  await assert.rejects(startRelay({ addresses: [] }), isInvalid);
  await withRelay({ addresses: [{ address: "0.0.0.0", advertised: "127.0.0.1" }] }, async ({ anchor }) => {
    const call = await AnchoredCall.open(anchor);
    await call.connect();
    await Promise.all([call.a.talk(1, 4), call.b.talk(1, 4)]);
    await Promise.all([call.a.has(3), call.b.has(3)]);
    await call.close();
  });
});

test("peers are told the advertised address", async () => {
  await withRelay({ addresses: [{ address: "127.0.0.1", advertised: "198.51.100.9" }] }, async ({ anchor }) => {
    const call = await AnchoredCall.open(anchor);
    const text = textOf(await call.session.describe({ from: "a", step: "offer", sdp: sdpOf(call.a) }));
    assert.equal(placesIn(text).rtp.address, "198.51.100.9");
    const six = await RtpPeer.open("::1");
    const other = await AnchoredCall.open(anchor);
    const offer = await other.session.describe({ from: "a", step: "offer", sdp: sdpOf(six) });
    assert.deepEqual(offer, { kind: "untouched", why: "unavailable" });
    six.close();
    await call.close();
    await other.close();
  });
});
